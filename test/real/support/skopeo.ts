import { requireComponent, type Component } from '../../support/component.ts';
import { startProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { writeOciLayout } from './layer-source.ts';

/** Bytes of the blob that a program was given to push, and how it ended. */
export interface ClientPush {
  readonly blobBytes: number;
  readonly exitCode: number | string;
  readonly output: string;
}

export interface PushOptions {
  /** Where to, without a scheme: `127.0.0.1:PORT/NAME:TAG`. */
  readonly destination: string;
  readonly layerBytes: number;
  readonly credentials?: string | undefined;
}

/** `skopeo copy` of an image with one layer of known size from an OCI layout to a registry without TLS. */
export function skopeoCopy({ destination, layerBytes, credentials }: PushOptions): Promise<ClientPush> {
  const creds = credentials === undefined ? '' : `--dest-creds ${credentials}`;
  return pushWith('skopeo', layerBytes, [
    `"$0" --insecure-policy copy --dest-tls-verify=false ${creds} oci:layout:latest docker://${destination}`,
  ]);
}

/** `podman push` of an image from its own storage, which it compresses on the way. */
export function podmanPush({ destination, layerBytes, credentials }: PushOptions): Promise<ClientPush> {
  const creds = credentials === undefined ? '' : `--creds ${credentials}`;
  const podman = '"$0" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none';
  return pushWith('podman', layerBytes, [
    `id=$(${podman} pull --quiet oci:layout:latest)`,
    `${podman} push --tls-verify=false ${creds} "$id" docker://${destination}`,
  ]);
}

/** `buildah push`, likewise. */
export function buildahPush({ destination, layerBytes, credentials }: PushOptions): Promise<ClientPush> {
  const creds = credentials === undefined ? '' : `--creds ${credentials}`;
  const buildah = '"$0" --storage-driver vfs';
  return pushWith('buildah', layerBytes, [
    `id=$(${buildah} pull --quiet oci:layout:latest)`,
    `${buildah} push --tls-verify=false ${creds} "$id" docker://${destination}`,
  ]);
}

/** `ctr images push` from a containerd of its own, which is ended before the script is. */
export function containerdPush({ destination, layerBytes, credentials }: PushOptions): Promise<ClientPush> {
  const user = credentials === undefined ? '' : `--user ${credentials}`;
  return pushWith('containerd', layerBytes, [
    'tar -cf layout.tar -C layout .',
    '"$0" --address "$PWD/sock" --root "$PWD/root" --state "$PWD/state" --config /dev/null 2>log &',
    'trap "kill $! && wait $!" EXIT',
    'for attempt in $(seq 100); do [ -S sock ] && break; sleep 0.1; done',
    `ctr --address "$PWD/sock" images import --no-unpack --base-name ${destination.replace(/:[^:]*$/, '')} layout.tar`,
    `ctr --address "$PWD/sock" images push --plain-http ${user} ${destination}`,
  ]);
}

/**
 * Runs a shell script with the program as $0 where what it keeps under /run, /opt and /var/lib is gone when it ends: a namespace of
 * its own for root; for others, whose programs keep to their home folder, a home folder of its own.
 */
async function pushWith(program: Component, layerBytes: number, script: readonly string[]): Promise<ClientPush> {
  const directory = temporaryDirectory(program);
  try {
    const blobBytes = writeOciLayout(`${directory.path}/layout`, layerBytes);
    const shell = ['/bin/sh', '-c'];
    const isolated = process.getuid?.() === 0;
    const mounts = isolated ? ['/run', '/opt', '/var/lib'].map((folder) => `mount -t tmpfs none ${folder}`) : [];
    const [command = '', ...args] = isolated
      ? [requireComponent('unshare'), '--mount', '--propagation', 'private', ...shell]
      : shell;
    const child = await startProcess(
      command,
      [...args, ['set -e', ...mounts, ...script].join('\n'), requireComponent(program)],
      {
        cwd: directory.path,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory.path, TMPDIR: directory.path },
      },
    );
    const exitCode = await child.exited;
    return { blobBytes, exitCode, output: child.output() };
  } finally {
    directory.remove();
  }
}

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

/**
 * Runs a shell script with the program as $0 where what it keeps under /var/lib and /run is gone when it ends: a namespace of
 * its own for root; for others, whose programs keep to their home folder, a home folder of its own.
 */
async function pushWith(program: Component, layerBytes: number, script: readonly string[]): Promise<ClientPush> {
  const directory = temporaryDirectory(program);
  try {
    const blobBytes = writeOciLayout(`${directory.path}/layout`, layerBytes);
    const shell = ['/bin/sh', '-c'];
    const isolated = process.getuid?.() === 0;
    const mounts = isolated ? ['mount -t tmpfs none /run', 'mount -t tmpfs none /var/lib'] : [];
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

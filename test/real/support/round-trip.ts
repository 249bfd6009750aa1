import { mkdirSync, writeFileSync } from 'node:fs';
import { requireComponent } from '../../support/component.ts';
import { writeOciLayout } from './layer-source.ts';
import { startProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface RoundTripOptions {
  /** Where to, without a scheme: `127.0.0.1:PORT/NAME:TAG`. */
  readonly destination: string;
  readonly layerBytes: number;
  /** `USER:PASSWORD`. */
  readonly credentials?: string | undefined;
  /** PEM text of the CA to trust; absent: no TLS. */
  readonly ca?: string | undefined;
}

export interface RoundTrip {
  readonly exitCode: number | string;
  readonly output: string;
}

const programs = {
  podman: '"$0" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none',
  buildah: '"$0" --storage-driver vfs',
} as const;

/**
 * `push` of an image with one new layer from the program's own storage, which is then removed, and `pull` of it. What the
 * program keeps under /var/lib and /run goes with a namespace of its own. Needs root.
 */
export async function roundTrip(program: keyof typeof programs, options: RoundTripOptions): Promise<RoundTrip> {
  const { destination, layerBytes, credentials, ca } = options;
  const directory = temporaryDirectory(program);
  try {
    writeOciLayout(`${directory.path}/layout`, layerBytes);
    mkdirSync(`${directory.path}/trust`);
    if (ca !== undefined) writeFileSync(`${directory.path}/trust/ca.crt`, ca);
    const creds = credentials === undefined ? '' : `--creds ${credentials}`;
    const trust = ca === undefined ? '--tls-verify=false' : '--cert-dir trust';
    const script = [
      'set -e',
      'mount -t tmpfs none /run && mount -t tmpfs none /var/lib',
      `id=$(${programs[program]} pull --quiet oci:layout:latest)`,
      `${programs[program]} push ${trust} ${creds} "$id" docker://${destination}`,
      `${programs[program]} rmi --force "$id"`,
      `${programs[program]} pull ${trust} ${creds} docker://${destination}`,
    ];
    const child = await startProcess(
      requireComponent('unshare'),
      ['--mount', '--propagation', 'private', '/bin/sh', '-c', script.join('\n'), requireComponent(program)],
      {
        cwd: directory.path,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory.path, TMPDIR: directory.path },
      },
    );
    const exitCode = await child.exited;
    return { exitCode, output: child.output() };
  } finally {
    directory.remove();
  }
}

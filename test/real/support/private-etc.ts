import { requireComponent } from '../../support/component.ts';
import { type RunningProcess, startProcess } from './process.ts';

export interface PrivateEtc {
  /** Host name → address. */
  readonly hosts: Readonly<Record<string, string>>;
  /** What stands where below /etc, as a container runtime would mount it. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
}

/**
 * Starts a program that sees an /etc of its own: the given host names, and files at the places where containers have them. So the
 * configuration of a container runs unchanged without one. Needs root. Names resolve from the hosts file only.
 */
export function startWithEtc(etc: PrivateEtc, command: readonly string[]): Promise<RunningProcess> {
  const hosts = Object.entries(etc.hosts).map(([name, address]) => `${address} ${name}`);
  const outside = etc.mounts.filter(({ target }) => !target.startsWith('/etc/'));
  if (outside.length > 0) throw new Error(`mounted outside of /etc: ${outside.map(({ target }) => target).join(', ')}`);
  const script = [
    'set -e',
    'mount -t tmpfs private-etc /etc',
    'printf "%s\\n" "$1" >/etc/hosts',
    'printf "hosts: files\\n" >/etc/nsswitch.conf',
    'printf "root:x:0:0::/:/bin/sh\\n" >/etc/passwd',
    'printf "root:x:0:\\n" >/etc/group',
    'shift',
    'while [ "$1" != -- ]; do mkdir -p "$(dirname "$2")"; if [ -d "$1" ]; then mkdir -p "$2"; else : >"$2"; fi; mount --bind "$1" "$2"; shift 2; done',
    'shift',
    'exec "$@"',
  ].join('\n');
  const pairs = etc.mounts.flatMap(({ source, target }) => [source, target]);
  return startProcess(requireComponent('unshare'), [
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    hosts.join('\n'),
    ...pairs,
    '--',
    ...command,
  ]);
}

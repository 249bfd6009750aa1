import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';

/**
 * The kernel's list of connections has as many places as its table, a quarter of a million on a usual machine, and /proc/net/tcp walks
 * through all of them: milliseconds for each look. A network namespace made inside of one that asks for a small table has a small
 * one (Linux 6.1, net.ipv4.tcp_child_ehash_entries), and nothing of the machine is changed.
 */
const places = 64;
const upThen = (command: string): string => `ip link set lo up && ${command}`;
const inner = upThen('exec "$@"');
const outer = upThen(
  `sysctl -q -w net.ipv4.tcp_child_ehash_entries=${places} && exec unshare -n sh -c '${inner}' sh "$@"`,
);
const prefix = ['-n', 'sh', '-c', outer, 'sh'];

/** Runs a compiled file of the bench with a loopback device of its own, whose connections can be looked at quickly; in this one where that is not allowed. */
export function forkWithQuickLooks(file: string, args: readonly string[]): ChildProcess {
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  try {
    execFileSync('unshare', [...prefix, 'true'], { stdio: 'ignore' });
  } catch {
    return fork(file, args, { stdio: [...stdio] });
  }
  return spawn('unshare', [...prefix, process.execPath, file, ...args], { stdio: [...stdio] });
}

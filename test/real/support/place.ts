import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { startProcess, waitFor } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Where programs are started: here, or in a network of their own. */
export interface Place {
  readonly start: typeof startProcess;
  /** Whether somebody listens on this TCP port of `address`, by default 127.0.0.1. */
  readonly listensOn: (port: number, address?: string) => Promise<boolean>;
}

export interface PrivateNetwork extends Place {
  /** Runs a command there to its end. Throws, with what it wrote, when it fails. */
  readonly run: (command: readonly [string, ...string[]]) => Promise<string>;
  readonly close: () => Promise<void>;
}

export const everywhere: Place = {
  start: startProcess,
  listensOn: (port, address = '127.0.0.1') =>
    new Promise((resolve) => {
      const socket = connect({ port, host: address });
      const end = (listens: boolean) => (): void => {
        socket.destroy();
        resolve(listens);
      };
      socket.once('connect', end(true));
      socket.once('error', end(false));
    }),
};

/**
 * A network namespace with nothing but a loopback device, and a mount namespace where /etc/hosts has these names. Its own packet filter,
 * its own sizes. Needs root.
 */
export async function openPrivateNetwork(
  hosts: readonly (readonly [address: string, name: string])[],
): Promise<PrivateNetwork> {
  const directory = temporaryDirectory('network');
  const hostsFile = join(directory.path, 'hosts');
  mkdirSync(directory.path, { recursive: true });
  writeFileSync(hostsFile, ['127.0.0.1 localhost', ...hosts.map((pair) => pair.join(' '))].join('\n').concat('\n'));
  const script = 'ip link set lo up && mount --bind "$1" /etc/hosts && echo ready && exec sleep 3600';
  const keeper = await startProcess(requireComponent('unshare'), [
    '--net',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    hostsFile,
  ]);
  await waitFor('a network', () => keeper.output().includes('ready'), { timeoutMs: 30_000, details: keeper.output });
  const entered = (command: string, args: readonly string[]): string[] => [
    '--net',
    '--mount',
    `--target=${keeper.pid}`,
    '--',
    command,
    ...args,
  ];
  const start: Place['start'] = (command, args, options) => startProcess('nsenter', entered(command, args), options);
  const run = async (command: readonly [string, ...string[]]): Promise<string> => {
    const [name, ...args] = command;
    const child = await start(name, args);
    const code = await child.exited;
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${child.output()}`);
    return child.output();
  };
  return {
    start,
    run,
    listensOn: async (port, address = '127.0.0.1') => {
      const probe = await start('bash', ['-c', `exec 3<>/dev/tcp/${address}/${port}`]);
      return (await probe.exited) === 0;
    },
    close: async () => {
      await keeper.stop('SIGKILL');
      directory.remove();
    },
  };
}

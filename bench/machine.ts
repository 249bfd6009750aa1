import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { repositoryFolder } from './repository.ts';

/** Where and with what something was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Peer → its version; `not installed` where it is not there. */
  readonly peers: Readonly<Record<string, string>>;
}

/** How each peer is asked for its version, and the part of the answer that is one. */
const peerVersions: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['curl', 'curl', '--version'],
  ['skopeo', 'skopeo', '--version'],
  ['docker', '/usr/bin/docker', '--version'],
  ['docker-registry', 'docker-registry', '--version'],
  ['blackbox_exporter', 'prometheus-blackbox-exporter', '--version'],
];

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    peers: Object.fromEntries(peerVersions.map(([name, command, ...args]) => [name, versionOf(command, args)])),
  };
}

function versionOf(command: string, args: readonly string[]): string {
  try {
    const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return /\d+\.\d+(?:\.\d+)?/.exec(output)?.[0] ?? 'unknown';
  } catch {
    return 'not installed';
  }
}

/** Commit of the working tree, with `+` when files differ from it; `unknown` outside of one. */
export function currentCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repositoryFolder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const changes = git('status', '--porcelain', '--', ':!bench/results', ':!docs');
    return `${git('rev-parse', '--short=10', 'HEAD').trim()}${changes === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

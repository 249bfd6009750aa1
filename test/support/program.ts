import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { childAtLast } from './ending.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The compiled program, beside its package.json, so that no test runs yesterday's dist/. The first caller of a test run compiles it, all
 * others get the same. Types are `npm run check`'s matter. Throws when there is nothing to run afterwards. What runs without vitest has
 * compiled it, and says where it is: BLOBPROBE_PROGRAM.
 */
export function builtProgram(): string {
  const compiled = process.env['BLOBPROBE_PROGRAM'];
  if (compiled !== undefined) return compiled;
  const folder = join(inject('builtFolder'), 'package');
  const main = join(folder, 'dist/main.js');
  if (existsSync(main)) return main;
  const own = mkdtempSync(join(inject('builtFolder'), 'compiling-'));
  cpSync(join(root, 'package.json'), join(own, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(own, 'node_modules'), 'dir');
  const compiler = join(root, 'node_modules/.bin/tsc');
  const project = join(root, 'tsconfig.build.json');
  const result = spawnSync(compiler, ['-p', project, '--noCheck', '--outDir', join(own, 'dist')]);
  if (!existsSync(join(own, 'dist/main.js')))
    throw new Error(`not built: ${result.error?.message ?? `${result.stdout.toString()}${result.stderr.toString()}`}`);
  try {
    renameSync(own, folder);
  } catch (error) {
    // Another worker was faster; its program is the same.
    if (!existsSync(main)) throw error;
  }
  return main;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the program under test. */
export interface Program {
  readonly pid: number;
  readonly stderr: () => string;
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it if it still runs. */
  kill(): Promise<void>;
}

/**
 * Starts the compiled program with these flags and no environment but PATH and `env`; it is killed at last with the test that started it.
 * Throws when it cannot be spawned.
 */
export function startProgram(main: string, args: readonly string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [main, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  if (child.pid === undefined) {
    // The event comes later, with the same to say.
    child.once('error', () => undefined);
    throw new Error(`cannot be spawned: ${process.execPath} ${main}`);
  }
  childAtLast(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    pid: child.pid,
    stderr: () => stderr,
    stdout: () => stdout,
    ended,
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Polls until `look` gives something; the error tells what was waited for and what there was. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  details: () => string,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`no ${what} within ${timeoutMs} ms:\n${details()}`);
    await sleep(50);
  }
}

/** Samples of a scrape: `name{a="b"}` with labels in order of name → value. */
export function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const match = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name, labels = '', value] = match;
    const sorted = [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)].map(([one]) => one).sort();
    found.set(`${name}{${sorted.join(',')}}`, Number(value));
  }
  return found;
}

/** The sum over all samples of `name` that have these labels; undefined when there is none. */
export function sum(text: string, name: string, labels: Readonly<Record<string, string>>): number | undefined {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const values = [...samples(text)]
    .filter(([series]) => series.startsWith(`${name}{`) && wanted.every((one) => series.includes(one)))
    .map(([, value]) => value);
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}

/** Where a program listens, once its log says so. */
export function listeningUrl(program: Program): Promise<string> {
  return eventually(
    'listening line',
    () => {
      const address = /msg=listening address=(\S+)/.exec(program.stderr())?.[1];
      return address === undefined ? undefined : `http://${address}`;
    },
    program.stderr,
  );
}

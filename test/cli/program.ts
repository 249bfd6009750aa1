import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The product as it is packed: compiled, beside its package.json. */
export interface BuiltProgram {
  readonly main: string;
  remove(): void;
}

/** Compiles src/ into a directory of its own, so that the test never runs yesterday's dist/. Types are `npm run check`'s matter. */
export function buildProgram(): BuiltProgram {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-built-'));
  cpSync(join(root, 'package.json'), join(directory, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'dir');
  const main = join(directory, 'dist/main.js');
  const compiler = join(root, 'node_modules/.bin/tsc');
  const result = spawnSync(compiler, ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(directory, 'dist')]);
  if (!existsSync(main)) {
    throw new Error(`not built: ${result.stdout.toString()}${result.stderr.toString()}`);
  }
  return { main, remove: () => rmSync(directory, { recursive: true }) };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the program under test. */
export interface Program {
  readonly pid: number | undefined;
  readonly stderr: () => string;
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it if it still runs. */
  kill(): Promise<void>;
}

export function startProgram(main: string, args: readonly string[], env: Record<string, string> = {}): Program {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
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
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (performance.now() > deadline) {
      throw new Error(`no ${what} within ${timeoutMs} ms:\n${details()}`);
    }
    await sleep(50);
  }
}

/** Samples of a scrape: `name{a="b"}` with labels in order of name → value. */
export function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const match = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) {
      throw new Error(`not a sample: ${line}`);
    }
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

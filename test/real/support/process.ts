import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { childAtLast } from '../../support/ending.ts';

/** A program under test, its output so far, and a way to end it. */
export interface RunningProcess {
  readonly pid: number;
  /** Everything written to stdout and stderr so far, in order of arrival. */
  readonly output: () => string;
  readonly isRunning: () => boolean;
  /** Exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Sends the signal and waits for the end; SIGKILL follows after half a minute. Does nothing when it has ended. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | string>;
}

const running = new Set<ChildProcess>();

/** Starts a program without a shell, which is killed at last with the test that started it. Throws when it cannot be started. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<RunningProcess> {
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  childAtLast(child);
  running.add(child);
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  await once(child, 'spawn');
  return {
    pid: child.pid!,
    output: () => output,
    isRunning: () => running.has(child),
    exited,
    stop: (signal = 'SIGTERM') => stop(child, exited, signal),
  };
}

async function stop(child: ChildProcess, exited: Promise<number | string>, signal: NodeJS.Signals) {
  if (!running.has(child)) return exited;
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), 30_000);
  try {
    return await exited;
  } finally {
    clearTimeout(impatience);
  }
}

const given = new Set<number>();
/** Workers that run side by side have ports of their own: none takes what another has just found free. Projects that do count their workers each. */
const workers = 4;
const worker = (Number(process.env['BLOBPROBE_PORT_LANE'] ?? 0) + Number(process.env['VITEST_POOL_ID'] ?? 0)) % workers;

/**
 * A TCP port of 127.0.0.1 on which nobody listens. For programs that cannot choose one themselves. From below those that the kernel gives to
 * connections (`ip_local_port_range` begins at 32768), so that none of them has taken it when the program wants it.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(10_000 / workers, 32_768 / workers) * workers + worker;
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (isFree) await new Promise((resolve) => server.close(resolve));
  if (!isFree || given.has(port)) return freePort();
  given.add(port);
  return port;
}

/** Waits until a connection to the port succeeds. Throws, with the program's output, when it ends first or half a minute passes. */
export async function waitUntilListening(port: number, program: RunningProcess): Promise<void> {
  await waitFor(
    `port ${port} to listen`,
    () => {
      if (!program.isRunning()) throw new Error(`ended before it listened:\n${program.output()}`);
      return accepts(port);
    },
    { timeoutMs: 30_000, details: program.output },
  );
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Asks every few milliseconds until the answer is neither undefined nor false. `details` goes into the error at the time limit. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly timeoutMs: number; readonly everyMs?: number; readonly details?: () => string },
): Promise<T> {
  const endMs = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs)
      throw new Error(`waited ${options.timeoutMs} ms in vain for ${what}\n${options.details?.() ?? ''}`);
    await sleep(options.everyMs ?? 20);
  }
}

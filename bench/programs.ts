import { spawn, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A server of the bench in a process of its own. */
export interface Helper {
  readonly origin: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Starts the sink on an address of this host; it ends with this process. */
export async function startSink(address = '127.0.0.1'): Promise<Helper> {
  const child = fork(fileURLToPath(new URL('sink.js', import.meta.url)), [address], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  if (child.stdout === null) throw new Error('no output of the sink');
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { origin: `http://${address}:${port.toString().trim()}`, pid: child.pid ?? 0, stop: () => stop(child) };
}

/** Ends a child and waits for it; SIGKILL after ten seconds. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(impatience);
}

/** Largest resident memory of a process in its life so far, in bytes (Linux: VmHWM). */
export function peakResidentBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/** Processor time that a process has used so far, all its threads and both modes, in seconds (Linux; steps of 10 ms). */
export function cpuSeconds(pid: number): number {
  // The name of the program, in parentheses, may hold blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** What a program used from its start to its end. */
export interface ProgramCost {
  readonly output: string;
  readonly wallSeconds: number;
  /** As last seen, at most 10 ms before the end. */
  readonly cpuSeconds: number;
  readonly peakResidentBytes: number;
}

/** Runs a program to its end; undefined when it is not installed. Throws when it fails. */
export async function measureProgram(command: string, args: readonly string[]): Promise<ProgramCost | undefined> {
  const startMs = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  let [peak, cpu] = [0, 0];
  const look = (): void => {
    try {
      // A process that has just ended is still listed, without memory.
      peak = Math.max(peak, peakResidentBytes(child.pid ?? 0) || 0);
      cpu = Math.max(cpu, cpuSeconds(child.pid ?? 0));
    } catch {
      // It ended between the question and the answer: what was seen last stands.
    }
  };
  const watch = setInterval(look, 10);
  try {
    const [code] = (await once(child, 'close')) as [number];
    const wallSeconds = (performance.now() - startMs) / 1000;
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`);
    return { output, wallSeconds, cpuSeconds: cpu, peakResidentBytes: peak };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    clearInterval(watch);
  }
}

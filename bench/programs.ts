import { spawn, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { builtProgram } from './repository.ts';

/** Starts the sink; it ends with this process. */
export async function startSink(): Promise<{ readonly origin: string; readonly process: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('sink.js', import.meta.url)), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  if (child.stdout === null) throw new Error('no output of the sink');
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { origin: `http://127.0.0.1:${port.toString().trim()}`, process: child };
}

export interface Daemon {
  readonly origin: string;
  readonly process: ChildProcess;
  readonly log: () => string;
}

/** Starts the built daemon with a configuration file; it is not ready yet. */
export async function startDaemon(configFile: string): Promise<Daemon> {
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [`--config.file=${configFile}`, `--web.listen-address=${address}`];
  // As the installed program, the image and `npm start` run it: with the flags of its first line.
  const nodeFlags = readFileSync(builtProgram, 'utf8').split('\n')[0]?.split(' ').slice(3) ?? [];
  const child = spawn(process.execPath, [...nodeFlags, builtProgram, 'serve', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return { origin: `http://${address}`, process: child, log: () => log };
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

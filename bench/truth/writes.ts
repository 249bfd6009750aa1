import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stop } from '../programs.ts';

/** One call by which a process gave bytes to the kernel. */
export interface Write {
  /** When the call returned: milliseconds since 1970, to the microsecond, by the clock that packets are stamped with. */
  readonly atMs: number;
  readonly descriptor: number;
  /** What the kernel took of it. */
  readonly bytes: number;
  /** The first write of a PATCH. */
  readonly opensPatch: boolean;
}

/** A line of `strace -ttt -T`; undefined for calls that took nothing, and for whatever else it says. */
export function readWrite(line: string): Write | undefined {
  const [, seconds, descriptor, bytes, duration] =
    /^(\d+\.\d+) (?:write|writev|sendto|sendmsg)\((\d+),.* = (\d+) <([\d.]+)>$/.exec(line) ?? [];
  if (seconds === undefined) return undefined;
  return {
    atMs: (Number(seconds) + Number(duration)) * 1000,
    descriptor: Number(descriptor),
    bytes: Number(bytes),
    opensPatch: line.includes('"PATCH /'),
  };
}

/**
 * When the kernel had taken so many bytes of a PATCH, its head included; undefined when it was not seen. Of several it is the one that began
 * closest to `beganAtMs`.
 */
export function takenAtMs(writes: readonly Write[], bytes: number, beganAtMs: number): number | undefined {
  const distances = writes.map(({ opensPatch, atMs }) =>
    opensPatch ? Math.abs(atMs - beganAtMs) : Number.POSITIVE_INFINITY,
  );
  const first = distances.indexOf(distances.reduce((least, ms) => Math.min(least, ms), Number.MAX_VALUE));
  const own = writes.slice(Math.max(0, first)).filter(({ descriptor }) => descriptor === writes[first]?.descriptor);
  let taken = 0;
  return own.find((write) => (taken += write.bytes) >= bytes)?.atMs;
}

/** Watches what a process writes until stopped. */
export interface WriteWatch {
  readonly writes: readonly Write[];
  readonly forget: () => void;
  readonly stop: () => Promise<void>;
}

/**
 * Attaches strace to the main thread of a process, which slows each of its calls by some tens of microseconds; undefined where strace is not
 * installed or may not attach.
 */
export async function watchWrites(pid: number): Promise<WriteWatch | undefined> {
  const calls = 'trace=write,writev,sendto,sendmsg';
  const child = spawn('strace', ['-ttt', '-T', '-s', '8', '-e', calls, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let writes: Write[] = [];
  let rest = '';
  const attached = new Promise<boolean>((resolve) => {
    child.stderr.on('data', (text: Buffer) => {
      const lines = (rest + text.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      writes.push(...lines.map(readWrite).filter((write) => write !== undefined));
      if (lines.some((line) => line.endsWith(' attached'))) resolve(true);
    });
  });
  const ended = once(child, 'exit').then(
    () => false,
    () => false,
  );
  if (!(await Promise.race([attached, ended, sleep(5_000, false)]))) return undefined;
  return {
    get writes() {
      return writes;
    },
    forget: () => void (writes = []),
    stop: () => stop(child),
  };
}

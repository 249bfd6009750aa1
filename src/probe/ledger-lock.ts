import { closeSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';

/** Another process has the ledger. */
export class LedgerInUse extends Error {
  override readonly name = 'LedgerInUse';
}

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Start time of the process in clock ticks, '' where the system does not tell. */
  readonly started: string;
}

/** How often a holder shows that it lives, for processes on other hosts (or in other containers) that cannot see it. */
const beatMs = 20_000;
const deadAfterMs = 3 * beatMs;

/**
 * One process at a time writes a ledger: `blobprobe cleanup` beside a running daemon would otherwise cancel the sessions of
 * pushes under way. A lock whose holder is gone (SIGKILL leaves it behind) is taken over: at once where the holder's absence
 * can be seen, else a minute after its last beat. Throws LedgerInUse, or what the file system throws.
 */
export function takeLock(file: string): { release(): void } {
  if (isHeld(file)) throw new LedgerInUse(`the ledger is in use by another process (${file})`);
  rmSync(file, { force: true });
  const fd = openSync(file, 'wx', 0o600);
  try {
    writeSync(
      fd,
      JSON.stringify({ host: hostname(), pid: process.pid, started: startOf(process.pid) ?? '' } satisfies Holder),
    );
  } finally {
    closeSync(fd);
  }
  const beat = setInterval(() => touch(file), beatMs).unref();
  return {
    release() {
      clearInterval(beat);
      rmSync(file, { force: true });
    },
  };
}

function isHeld(file: string): boolean {
  const holder = readHolder(file);
  if (holder === 'none') return false;
  if (holder === 'unreadable' || holder.host !== hostname()) {
    const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    return holder !== 'unreadable' && Math.abs(age) < deadAfterMs;
  }
  const started = startOf(holder.pid);
  if (started === undefined) return false;
  // A number is given again sooner or later, in a container at once (1): only with the same start it is the same process.
  return started === '' || holder.started === '' ? holder.pid !== process.pid : holder.started === started;
}

function readHolder(file: string): Holder | 'none' | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return 'none';
  }
  try {
    const { host, pid, started } = JSON.parse(text) as Record<string, unknown>;
    const known = typeof host === 'string' && typeof pid === 'number' && typeof started === 'string';
    return known && Number.isSafeInteger(pid) && pid > 0 ? { host, pid, started } : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** When a process of this host started: Linux' `/proc`, field 22; '' when it lives and that cannot be told; undefined: no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return isAlive(pid) ? '' : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Gone with its directory; the next write of the ledger will say so.
  }
}

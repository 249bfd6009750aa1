import { errorCode } from '../../network/errors.ts';
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
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
  /** Of this lock; absent in those of earlier versions. */
  readonly id?: unknown;
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
  const id = randomUUID();
  const holder: Holder = { host: hostname(), pid: process.pid, started: startOf(process.pid) ?? '', id };
  // The lock appears under its name with all its text, or not at all.
  const own = `${file}.${id}`;
  writeFileSync(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  try {
    if (!isLinked(own, file)) takeOver(own, file);
  } finally {
    rmSync(own, { force: true });
  }
  const beat = setInterval(() => touch(file), beatMs).unref();
  return {
    release() {
      clearInterval(beat);
      const now = readHolder(file);
      if (now?.id === id) rmSync(file, { force: true });
    },
  };
}

/** Puts `own` in the place of a lock that nobody holds any more. Of several processes that find it so, one does. */
function takeOver(own: string, file: string): void {
  const inUse = new LedgerInUse(`the ledger is in use by another process (${file})`);
  const taking = `${file}.taking`;
  if (!isLinked(own, taking)) {
    // Left by a process that died within these lines: the next try, seconds from now, finds it gone.
    if (!isHeld(taking)) rmSync(taking, { force: true });
    throw inUse;
  }
  try {
    // Looked at by one at a time: none takes over what another one has just taken over.
    if (isHeld(file)) throw inUse;
    renameSync(own, file);
  } finally {
    rmSync(taking, { force: true });
  }
}

/** Gives a file a second name, which nobody else can do at the same time. false: the name is taken. */
function isLinked(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isHeld(file: string): boolean {
  const holder = readHolder(file);
  if (holder === undefined) return false;
  if (holder.host !== hostname()) {
    const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    return Math.abs(age) < deadAfterMs;
  }
  const started = startOf(holder.pid);
  if (started === undefined) return false;
  // A number is given again sooner or later, in a container at once (1): only with the same start it is the same process.
  return started === '' || holder.started === '' ? holder.pid !== process.pid : holder.started === started;
}

/** undefined: there is no lock, or it names nobody. */
function readHolder(file: string): Holder | undefined {
  try {
    const { host, pid, started, id } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const known = typeof host === 'string' && typeof pid === 'number' && typeof started === 'string';
    return known && Number.isSafeInteger(pid) && pid > 0 ? { host, pid, started, id } : undefined;
  } catch {
    return undefined;
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
    return errorCode(error) === 'EPERM';
  }
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Gone with its directory; the next write of the ledger will say so.
  }
}

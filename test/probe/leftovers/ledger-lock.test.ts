import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LedgerInUse, takeLock } from '../../../src/probe/leftovers/ledger-lock.ts';

const atMs = 1_700_000_000_000;
let directory = '';
let taken: { release(): void }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-lock-'));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: atMs });
});
afterEach(() => {
  for (const lock of taken.splice(0)) lock.release();
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

const file = (): string => join(directory, 'lock');
const taking = (): string => `${file()}.taking`;
function take(): { release(): void } {
  const lock = takeLock(file());
  taken.push(lock);
  return lock;
}
const read = (): Record<string, unknown> => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;
const startOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]!;

/** Somebody else's lock; the changes are to one of the process that has started this one. Its last sign came `ageMs` ago. */
function other(changes: object, ageMs = 0, name = file()): void {
  const parent = { host: hostname(), pid: process.ppid, started: startOf(process.ppid), id: 'other' };
  writeFileSync(name, JSON.stringify({ ...parent, ...changes }));
  utimesSync(name, new Date(atMs - ageMs), new Date(atMs - ageMs));
}
/** What it throws. */
function problemOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof LedgerInUse ? error.message : String(error);
  }
}
/** Larger than any process number that Linux gives. */
const nobody = 2 ** 22 + 1;

describe.runIf(process.platform === 'linux')('a lock that is free', () => {
  test('is taken with the name of its holder, for nobody else to read, and goes when it is released', () => {
    const lock = take();
    expect(read()).toEqual({
      host: hostname(),
      pid: process.pid,
      started: startOf(process.pid),
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(directory)).toEqual(['lock']);
    expect(() => takeLock(file())).toThrow(LedgerInUse);
    expect(readdirSync(directory)).toEqual(['lock']);
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('in a directory that is not there is told of by the file system', () => {
    expect(() => takeLock(join(directory, 'missing', 'lock'))).toThrow(/ENOENT/);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('shows every 20 s that its holder lives, as long as it is there', () => {
    take();
    utimesSync(file(), new Date(0), new Date(0));
    vi.advanceTimersByTime(19_999);
    expect(statSync(file()).mtimeMs).toBe(0);
    vi.advanceTimersByTime(1);
    expect([statSync(file()).mtimeMs, statSync(file()).atimeMs]).toEqual([atMs + 20_000, atMs + 20_000]);
    rmSync(file());
    expect(() => vi.advanceTimersByTime(20_000)).not.toThrow();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('a lock that somebody has', () => {
  const elsewhere = 'another-host.example';
  test.each<readonly [what: string, changes: object, ageMs: number, isHeld: boolean]>([
    ['a living process of this host', {}, 0, true],
    ['one that fell silent, and lives', {}, 3_600_000, true],
    ['one without an id, as earlier versions wrote it', { id: undefined }, 0, true],
    ['a process that is gone', { pid: nobody }, 0, false],
    ['a process that is gone, and whose start nobody knew', { pid: nobody, started: '' }, 0, false],
    ['one whose number another one has by now', { started: '1' }, 0, false],
    ['one that lives, and whose start nobody knows', { started: '' }, 0, true],
    ['this process itself in an earlier life, whose start nobody knows', { pid: process.pid, started: '' }, 0, false],
    ['another host, 59.999 s ago', { host: elsewhere, pid: nobody }, 59_999, true],
    ['another host, 60 s ago', { host: elsewhere, pid: nobody }, 60_000, false],
    ['another host, 59.999 s ahead of our clock', { host: elsewhere }, -59_999, true],
    ['another host, 60 s ahead of our clock', { host: elsewhere }, -60_000, false],
  ])('%s', (_what, changes, ageMs, isHeld) => {
    other(changes, ageMs);
    const before = readFileSync(file(), 'utf8');
    const inUse = `the ledger is in use by another process (${file()})`;
    expect(problemOf(take)).toBe(isHeld ? inUse : undefined);
    expect(readFileSync(file(), 'utf8') === before).toBe(isHeld);
    expect(readdirSync(directory)).toEqual(['lock']);
  });

  test.each([
    ['no host', { host: 7 }],
    ['no number of a process', { pid: '1' }],
    ['number 0', { pid: 0 }],
    ['a negative number', { pid: -process.ppid }],
    ['a fraction', { pid: process.ppid + 0.5 }],
    ['no start', { started: undefined }],
  ])('with %s is nobody’s', (_what, changes) => {
    other(changes);
    take();
    expect(read()['pid']).toBe(process.pid);
  });

  test.each(['', 'null', '{"host"', '[]'])('with %j in it is nobody’s', (text) => {
    writeFileSync(file(), text);
    take();
    expect(read()['pid']).toBe(process.pid);
  });

  test('is an error with a name of its own', () => {
    expect(new LedgerInUse('in use').name).toBe('LedgerInUse');
  });
});

describe.runIf(process.platform === 'linux')('of several that find a lock of nobody', () => {
  beforeEach(() => other({ pid: nobody }));

  test('those who are not the first leave it to the one who takes it', () => {
    other({}, 0, taking());
    expect(take).toThrow(LedgerInUse);
    expect(readdirSync(directory)).toEqual(['lock', 'lock.taking']);
    expect(read()['pid']).toBe(nobody);
  });

  test('one that died on the way keeps others from it once', () => {
    other({ pid: nobody }, 0, taking());
    expect(take).toThrow(LedgerInUse);
    expect(readdirSync(directory)).toEqual(['lock']);
    take();
    expect(read()['pid']).toBe(process.pid);
  });
});

describe.runIf(process.platform === 'linux')('a lock that is released', () => {
  test.each<readonly [what: string, make: () => void]>([
    ['of another one, who has taken it over', () => other({})],
    ['that names nobody', () => writeFileSync(file(), 'null')],
  ])('%s, stays', (_what, make) => {
    const lock = take();
    make();
    lock.release();
    expect(readdirSync(directory)).toEqual(['lock']);
  });

  test('and is gone, stays so', () => {
    const lock = take();
    rmSync(file());
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
  });
});

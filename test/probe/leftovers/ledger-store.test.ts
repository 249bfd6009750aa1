import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeRecord, type LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { LedgerFile } from '../../../src/probe/leftovers/ledger-file.ts';
import { LedgerStore } from '../../../src/probe/leftovers/ledger-store.ts';
import { blob } from '../../support/ledger-entries.ts';

let directory = '';
let problems: (string | undefined)[] = [];
let nowMs = 0;
const stores: LedgerStore[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-store-'));
  problems = [];
  nowMs = 1_000_000;
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const file = (): string => join(directory, 'ledger.jsonl');
/** A file cannot be rewritten while a directory has the name of the new one. */
const blockRewriting = (): void => mkdirSync(`${file()}.tmp`);
const allowRewriting = (): void => rmdirSync(`${file()}.tmp`);
const text = (): string => readFileSync(file(), 'utf8');
const lineOf = (...entries: readonly LedgerEntry[]): string => entries.map((entry) => encodeRecord({ entry })).join('');

function inMemory(): LedgerStore {
  const store = new LedgerStore(() => nowMs);
  stores.push(store);
  return store;
}
function opened(store = inMemory()): LedgerStore {
  store.openFile(file(), (problem) => problems.push(problem));
  return store;
}
/** A file of so many lines, of which so many are of entries that are there still. */
function fileOf(lines: number, entries: number): void {
  const past = encodeRecord({ removed: 'gone' }).repeat(lines - entries);
  writeFileSync(file(), past + lineOf(...Array.from({ length: entries }, (_, n) => blob(n))));
}
const linesOnDisk = (): number => text().split('\n').length - 1;

describe('without a file', () => {
  test('all is in memory, and nothing is wrong', async () => {
    const store = inMemory();
    store.put(blob(1));
    store.put(blob(2));
    store.remove('blob-1');
    store.compactIfWorthIt();
    await store.close();
    expect([...store.entries.keys()]).toEqual(['blob-2']);
    expect(store.status).toEqual({
      file: undefined,
      problem: undefined,
      inUse: false,
      failedWrites: 0,
      skippedLines: 0,
      droppedEntries: 0,
    });
  });
});

describe('the moment at which an entry was made', () => {
  let ms = 5;
  const stamped = (): LedgerStore =>
    new LedgerStore(
      () => nowMs,
      () => ({ boot: 'two', ms: (ms += 1) }),
    );

  test('is noted when it has none, and kept when it changes', () => {
    ms = 5;
    const store = stamped();
    store.put(blob(1, { madeAt: undefined }));
    store.put(blob(1, { madeAt: { boot: 'other', ms: 1 } }));
    store.put(blob(2));
    expect([...store.entries.values()].map(({ madeAt }) => madeAt)).toEqual([
      { boot: 'two', ms: 6 },
      { boot: 'one', ms: 1_000 },
    ]);
  });

  test('gives its age since this start of the machine', () => {
    ms = 99;
    const store = stamped();
    expect(store.ageMs(blob(1, { madeAt: { boot: 'two', ms: 30 } }))).toBe(70);
    expect(store.ageMs(blob(1, { madeAt: { boot: 'one', ms: 30 } }))).toBeUndefined();
    expect(store.ageMs(blob(1, { madeAt: undefined }))).toBeUndefined();
  });
});

describe('the file', () => {
  test('has a line for each change, no line more, and is left as it is when it is opened again', async () => {
    const store = opened();
    store.put(blob(1));
    store.put(blob(2));
    store.remove('blob-1');
    store.remove('blob-1');
    const lines = lineOf(blob(1), blob(2)) + encodeRecord({ removed: 'blob-1' });
    expect(text()).toBe(lines);
    await store.close();
    const again = opened();
    await again.close();
    expect([text(), [...again.entries.values()], problems]).toEqual([lines, [blob(2)], []]);
  });

  test('gets what was in memory before, which is newer than what it holds', async () => {
    writeFileSync(file(), lineOf(blob(1), blob(2)));
    const store = inMemory();
    store.put(blob(1, { state: 'undeletable' }));
    await opened(store).close();
    expect(text()).toBe(lineOf(blob(1, { state: 'undeletable' }), blob(2)));
    expect(problems).toEqual([]);
  });

  test.each([
    [500, 0, 500],
    [501, 0, 0],
    [504, 126, 504],
    [505, 126, 126],
  ])('of %d lines and %d entries has %d lines when it has been opened', async (lines, entries, left) => {
    fileOf(lines, entries);
    await opened().close();
    expect(linesOnDisk()).toBe(left);
  });

  test.each([
    [500, 500],
    [502, 0],
  ])('of %d lines has %d when somebody thinks that it may be worth it', async (lines, left) => {
    const store = opened();
    for (let line = 0; line < lines; line += 2) {
      store.put(blob(1));
      store.remove('blob-1');
    }
    store.compactIfWorthIt();
    await store.close();
    expect(linesOnDisk()).toBe(left);
  });

  test('has in it what is written while it is rewritten, and after that, each time that it is', async () => {
    fileOf(501, 1);
    const store = opened();
    store.put(blob(1));
    store.compactIfWorthIt();
    await vi.waitFor(() => expect(text()).toBe(lineOf(blob(0), blob(1))), { timeout: 10_000 });
    store.put(blob(2));
    expect(text()).toBe(lineOf(blob(0), blob(1), blob(2)));
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600');
    for (let n = 0; n < 251; n += 1) {
      store.put(blob(3));
      store.remove('blob-3');
    }
    store.compactIfWorthIt();
    await vi.waitFor(() => expect(text()).toBe(lineOf(blob(0), blob(1), blob(2))), { timeout: 5_000 });
    expect([problems, store.status.failedWrites]).toEqual([[], 0]);
  });

  test('is brought to the disk within a second of what was written, once for all of it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const store = opened();
      const waits = (): number => vi.getTimerCount();
      expect(waits()).toBe(0);
      store.put(blob(1));
      vi.advanceTimersByTime(999);
      store.put(blob(2));
      expect(waits()).toBe(1);
      vi.advanceTimersByTime(1);
      expect(waits()).toBe(0);
      store.put(blob(3));
      expect(waits()).toBe(1);
      await store.close();
      expect(waits()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('of several pieces is read whole, whatever character a piece ends in', () => {
    const entries = Array.from({ length: 3_000 }, (_, n) => blob(n, { registry: 'ü'.repeat(200) }));
    let bytes = Buffer.from(lineOf(...entries));
    const pieceBytes = 1024 * 1024;
    // The second byte of a character.
    while ((bytes[pieceBytes]! & 0xc0) !== 0x80) bytes = Buffer.concat([Buffer.from(' '), bytes]);
    writeFileSync(file(), bytes);
    const store = opened();
    expect(bytes.length).toBeGreaterThan(pieceBytes);
    expect([...store.entries.values()]).toEqual(entries);
    expect(store.status.skippedLines).toBe(0);
  });

  test('is not touched once the store is closed', async () => {
    const store = opened();
    store.put(blob(1));
    await store.close();
    store.put(blob(2));
    await store.close();
    expect([text(), existsSync(`${file()}.lock`), store.status.failedWrites]).toEqual([lineOf(blob(1)), false, 0]);
    expect([...store.entries.keys()]).toEqual(['blob-1', 'blob-2']);
  });
});

describe('a file that cannot be rewritten', () => {
  const problemOf = (code: string): string =>
    `the ledger cannot be written (${code}); what runs leave behind is remembered until this process ends`;
  const problem = problemOf('ERR_FS_EISDIR');

  test('is as long as it was, gets what comes, and is rewritten when there is a next time', async () => {
    fileOf(501, 1);
    blockRewriting();
    const store = opened();
    await vi.waitFor(() => expect(problems).toEqual([problem]), { timeout: 10_000 });
    expect(store.status).toMatchObject({ problem, failedWrites: 1, inUse: false });
    store.put(blob(1));
    expect([linesOnDisk(), store.status.failedWrites]).toEqual([502, 1]);
    allowRewriting();
    store.compactIfWorthIt();
    await vi.waitFor(() => expect(problems).toEqual([problem, undefined]), { timeout: 10_000 });
    expect([text(), store.status.problem]).toEqual([lineOf(blob(0), blob(1)), undefined]);
  });

  test('though it lacks something, is told of once, and gets all of it 5 s later', async () => {
    const store = inMemory();
    store.put(blob(1));
    blockRewriting();
    opened(store);
    await vi.waitFor(() => expect(problems).toEqual([problem]), { timeout: 10_000 });
    store.put(blob(2));
    nowMs += 4_999;
    store.put(blob(3));
    expect([text(), store.status.failedWrites]).toEqual(['', 3]);
    nowMs += 1;
    store.put(blob(4));
    await vi.waitFor(() => expect(store.status.failedWrites).toBe(5), { timeout: 10_000 });
    allowRewriting();
    // A clock that was set back does not put it off.
    nowMs -= 5_000;
    store.put(blob(5));
    await vi.waitFor(() => expect(problems).toEqual([problem, undefined]), { timeout: 10_000 });
    expect(text()).toBe(lineOf(...[1, 2, 3, 4, 5].map((n) => blob(n))));
    store.put(blob(6));
    expect(text()).toBe(lineOf(...[1, 2, 3, 4, 5, 6].map((n) => blob(n))));
  });

  test.each([
    ['gets what it lacks when the store is closed', allowRewriting, lineOf(blob(1))],
    ['does not keep the store from being closed', () => {}, ''],
  ])('%s', async (_what, before, left) => {
    const store = inMemory();
    store.put(blob(1));
    blockRewriting();
    opened(store);
    await vi.waitFor(() => expect(problems).toEqual([problem]), { timeout: 10_000 });
    before();
    await store.close();
    expect([text(), existsSync(`${file()}.lock`), problems]).toEqual([left, false, [problem]]);
  });

  test('for a pipe that has the name of the new one is rewritten: nothing waits for who reads it', async () => {
    fileOf(501, 1);
    execFileSync('mkfifo', [`${file()}.tmp`]);
    await opened().close();
    expect([text(), problems]).toEqual([lineOf(blob(0)), []]);
  });

  test('into its place leaves nothing beside it', async () => {
    fileOf(501, 1);
    const store = opened();
    // The old file is open still, but something else has its name.
    rmSync(file());
    mkdirSync(file());
    await vi.waitFor(() => expect(problems).toEqual([problemOf('EISDIR')]), { timeout: 10_000 });
    expect(existsSync(`${file()}.tmp`)).toBe(false);
    expect([...store.entries.keys()]).toEqual(['blob-0']);
  });
});

describe('a line that the disk has no room for', () => {
  const problem = 'the ledger cannot be written (ENOSPC); what runs leave behind is remembered until this process ends';
  /** The next line is not written. */
  const fillDisk = (): void =>
    void vi.spyOn(LedgerFile.prototype, 'append').mockImplementationOnce(() => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });

  test('is told of, and all is written anew 5 s later', async () => {
    const store = opened();
    store.put(blob(1));
    fillDisk();
    store.put(blob(2));
    expect([problems, text(), store.status.failedWrites]).toEqual([[problem], lineOf(blob(1)), 1]);
    nowMs += 5_000;
    store.put(blob(3));
    await vi.waitFor(() => expect(problems).toEqual([problem, undefined]), { timeout: 10_000 });
    expect(text()).toBe(lineOf(blob(1), blob(2), blob(3)));
  });

  test('while the file is rewritten is missing still when that is done', async () => {
    fileOf(501, 1);
    const store = opened();
    fillDisk();
    store.put(blob(1));
    await vi.waitFor(() => expect(text()).toBe(lineOf(blob(0))), { timeout: 10_000 });
    await store.close();
    expect([problems, text()]).toEqual([[problem], lineOf(blob(0), blob(1))]);
  });
});

test('a file that another process has used is used when that one is gone', async () => {
  const first = opened();
  first.put(blob(1));
  const second = opened();
  second.put(blob(2));
  const problem = `the ledger is in use by another process (${file()}.lock)`;
  expect([problems, second.status.inUse, second.status.problem]).toEqual([[problem], true, problem]);
  await first.close();
  nowMs += 5_000;
  second.put(blob(3));
  await vi.waitFor(() => expect(problems).toEqual([problem, undefined]), { timeout: 10_000 });
  expect([second.status.inUse, second.status.problem]).toEqual([false, undefined]);
  expect(text()).toBe(lineOf(blob(2), blob(3), blob(1)));
});

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  type LedgerEntry,
  ledgerStates,
} from '../../../src/probe/leftovers/ledger-entry.ts';
import { LedgerFile } from '../../../src/probe/leftovers/ledger-file.ts';
import { LedgerStore } from '../../../src/probe/leftovers/ledger-store.ts';
import { blob, digest } from '../../support/ledger-entries.ts';

let directory = '';
const stores: LedgerStore[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-ledger-'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const file = (): string => join(directory, 'ledger.jsonl');
let problems: (string | undefined)[] = [];
function storeOf(now: () => number = Date.now, name = file()): LedgerStore {
  problems = [];
  const store = new LedgerStore(now);
  store.openFile(name, (problem) => problems.push(problem));
  stores.push(store);
  return store;
}
/** What another process would read: the file as it is, without closing the store that writes it. */
function onDisk(): string[] {
  return readFileSync(file(), 'utf8').split('\n').filter(Boolean);
}
/** The process of all open stores is gone: what it held is given up without being told. */
function crash(): void {
  rmSync(`${file()}.lock`, { force: true });
}

describe('the file', () => {
  test('holds each record at once, and gives back what was not removed', () => {
    const store = storeOf();
    store.put(blob(1));
    store.put(blob(2));
    store.put(blob(2, { state: 'undeletable' }));
    store.remove('blob-1');
    expect(onDisk()).toHaveLength(4);
    crash();
    expect([...storeOf().entries.values()]).toEqual([blob(2, { state: 'undeletable' })]);
  });

  test('is readable by its owner only, also when it was there before', async () => {
    writeFileSync(file(), '', { mode: 0o644 });
    const store = storeOf();
    store.put(blob(1));
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600');
    await store.close();
    rmSync(file());
    storeOf().put(blob(1));
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600');
  });

  test('a torn last line costs that record and no other, before and after', () => {
    const lines = [blob(1), blob(2), blob(3)].map((entry) => encodeRecord({ entry })).join('');
    writeFileSync(file(), lines.slice(0, -40));
    const store = storeOf();
    expect([...store.entries.keys()]).toEqual(['blob-1', 'blob-2']);
    expect(store.status).toMatchObject({ skippedLines: 1, problem: undefined });
    store.put(blob(4));
    crash();
    const after = storeOf();
    expect([...after.entries.keys()]).toEqual(['blob-1', 'blob-2', 'blob-4']);
  });

  test('corrupt lines are skipped, counted and rewritten away', async () => {
    const good = encodeRecord({ entry: blob(1) });
    const bad = ['{"removed":7}', 'null', '[]', '\u0000\u0000\u0000', '{"id":"x"}', good.replace('stored', 'gone')];
    writeFileSync(file(), `${bad.join('\n')}\n${good}${'x'.repeat(100_000)}\n`);
    const store = storeOf();
    expect([...store.entries.values()]).toEqual([blob(1)]);
    expect(store.status.skippedLines).toBe(bad.length + 1);
    await store.close();
    expect(onDisk()).toEqual([good.trim()]);
  });

  test('a file that is nothing but noise is no reason to stop', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (noise) => {
        writeFileSync(file(), noise);
        const store = storeOf();
        store.put(blob(9));
        crash();
        const again = storeOf();
        expect(again.entries.get('blob-9')).toEqual(blob(9));
        crash();
      }),
      { numRuns: 50 },
    );
  });

  test('is rewritten when most of it is of the past, and loses nothing that is written meanwhile', async () => {
    const store = storeOf();
    for (let n = 0; n < 400; n += 1) {
      store.put(blob(n));
      if (n > 3) store.remove(`blob-${n}`);
    }
    const before = onDisk().length;
    store.compactIfWorthIt();
    store.put(blob(1_000));
    store.remove('blob-0');
    await store.close();
    expect(before).toBe(796);
    expect(onDisk().length).toBeLessThan(10);
    expect(existsSync(`${file()}.tmp`)).toBe(false);
    expect([...storeOf().entries.keys()]).toEqual(['blob-1', 'blob-2', 'blob-3', 'blob-1000']);
  });

  test('counts the lines that come while it is rewritten', async () => {
    const one = new LedgerFile(file());
    const rewritten = one.compact([blob(1), blob(2)]);
    one.append({ entry: blob(3) });
    await rewritten;
    expect([one.lines, onDisk().length]).toEqual([3, 3]);
    await one.close();
  });

  test('is bounded: unknown sessions make room first, then the oldest entry', () => {
    const store = storeOf(Date.now, join(directory, 'none', 'ledger'));
    const { digest: _, ...session } = blob(7, { id: 'unknown', kind: 'session', state: 'opening' });
    store.put(blob(0));
    store.put(session);
    for (let n = 1; n < 10_001; n += 1) store.put(blob(n));
    expect(store.entries.size).toBe(10_000);
    expect(store.status.droppedEntries).toBe(2);
    expect([...store.entries.keys()].slice(0, 1)).toEqual(['blob-1']);
  });
});

describe('a file that cannot be written', () => {
  test('is reported once, counted each time, and caught up with when it can', async () => {
    let nowMs = 0;
    const folder = join(directory, 'later');
    const name = join(folder, 'ledger.jsonl');
    const store = storeOf(() => nowMs, name);
    store.put(blob(1));
    store.put(blob(2));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('ENOENT');
    expect(store.status).toMatchObject({ failedWrites: 3, file: name });
    expect([...store.entries.keys()]).toEqual(['blob-1', 'blob-2']);
    mkdirSync(folder);
    writeFileSync(name, encodeRecord({ entry: blob(5) }));
    store.put(blob(3));
    expect(problems).toHaveLength(1);
    nowMs = 5_001;
    store.remove('blob-1');
    await store.close();
    expect(problems.at(-1)).toBeUndefined();
    expect(store.status.problem).toBeUndefined();
    const read = readFileSync(name, 'utf8').trim().split('\n').map(decodeRecord);
    expect(read.map((record) => record && 'entry' in record && record.entry.id)).toEqual([
      'blob-2',
      'blob-3',
      'blob-5',
    ]);
  });
});

describe('what is no ledger', () => {
  test.runIf(process.platform === 'linux').each([
    ['a pipe', () => execFileSync('mkfifo', [file()])],
    ['a device that gives zeros for ever and takes nothing', () => symlinkSync('/dev/full', file())],
    ['a directory', () => mkdirSync(file())],
  ])('%s is reported, and nothing waits for it', (_name, make) => {
    make();
    const store = storeOf();
    store.put(blob(1));
    expect(store.status.problem).toMatch(/NOT_A_FILE|EISDIR/);
    expect([...store.entries.keys()]).toEqual(['blob-1']);
    expect(existsSync(`${file()}.lock`)).toBe(false);
  });

  test('of a file that is far too long the end is read, and the rest goes', async () => {
    const noise = Buffer.alloc(1024 * 1024, 'x');
    const fd = openSync(file(), 'w');
    writeSync(fd, encodeRecord({ entry: blob(1) }));
    for (let mebibytes = 0; mebibytes < 70; mebibytes += 1) writeSync(fd, noise);
    writeSync(fd, `\n${encodeRecord({ entry: blob(2) })}`);
    closeSync(fd);
    const store = storeOf();
    expect([...store.entries.keys()]).toEqual(['blob-2']);
    expect(store.status.skippedLines).toBeGreaterThan(0);
    await store.close();
    expect(statSync(file()).size).toBeLessThan(10_000);
  });
});

test('a file that could not be opened is tried once more at the end, however short ago that was', async () => {
  const folder = join(directory, 'later');
  const store = storeOf(() => 0, join(folder, 'ledger.jsonl'));
  store.put(blob(1));
  mkdirSync(folder);
  await store.close();
  expect(decodeRecord(readFileSync(join(folder, 'ledger.jsonl'), 'utf8').trim())).toEqual({ entry: blob(1) });
  expect(existsSync(join(folder, 'ledger.jsonl.lock'))).toBe(false);
});

describe('one process at a time', () => {
  test('a second one is told so and keeps its records in memory', () => {
    const first = storeOf();
    first.put(blob(1));
    const second = storeOf();
    expect(second.status).toMatchObject({ inUse: true });
    expect(problems[0]).toContain('in use');
    second.put(blob(2));
    expect([...second.entries.keys()]).toEqual(['blob-2']);
    expect(onDisk()).toHaveLength(1);
  });

  const lockOf = (changes: object): void => {
    const own = JSON.parse(readFileSync(`${file()}.lock`, 'utf8')) as object;
    writeFileSync(`${file()}.lock`, JSON.stringify({ ...own, ...changes }));
  };
  /** Larger than any process number that Linux gives. */
  const nobody = 2 ** 22 + 1;

  test.each([
    ['of a process that is gone', { pid: nobody }, 0, false],
    ['of a process whose number another one has now', { started: '1' }, 0, false],
    ['of another host that wrote a moment ago', { host: 'elsewhere' }, 0, true],
    ['of another host that fell silent', { host: 'elsewhere' }, 120, false],
    [
      'of another host whose last sign lies hours ahead, as a clock that was set back leaves it',
      { host: 'elsewhere' },
      -7_200,
      false,
    ],
    ['that says nothing', { pid: 'one' }, 0, false],
  ])('a lock %s', (_, changes, ageSeconds, inUse) => {
    storeOf().put(blob(1));
    lockOf(changes);
    const then = Date.now() / 1_000 - ageSeconds;
    utimesSync(`${file()}.lock`, then, then);
    const next = storeOf();
    expect(next.status.inUse).toBe(inUse);
    expect(next.entries.size).toBe(inUse ? 0 : 1);
  });

  test('the lock goes with the one who closes', async () => {
    await storeOf().close();
    expect(existsSync(`${file()}.lock`)).toBe(false);
    expect(storeOf().status.problem).toBeUndefined();
  });
});

describe('a line', () => {
  const name = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/[\n\r\u2028\u2029]/.test(text));
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const entry = fc
    .record({
      id: fc.uuid(),
      registry: name,
      repository: fc.constantFrom('probe/blobs', 'a', 'a/b-c/d__e'),
      path: name,
      origin: fc.constantFrom('http://127.0.0.1:1', 'https://registry.example.org'),
      createdAt: count,
      tries: count,
      nextTryAt: count,
      state: fc.constantFrom(...ledgerStates),
      object: fc.constantFrom('blob' as const, 'manifest' as const),
      query: fc.webQueryParameters(),
    })
    .map(({ object, query, ...rest }): LedgerEntry => {
      if (rest.state === 'opening') return { ...rest, kind: 'session' };
      const location = new URL(`https://registry.example.org/v2/a/blobs/uploads/1?${query}`).href;
      return rest.state === 'open' || rest.state === 'disowned'
        ? { ...rest, kind: 'session', location }
        : { ...rest, kind: object, digest: digest(1) };
    });

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(decodeRecord(encodeRecord({ entry: one }).trimEnd())).toEqual({ entry: one });
      }),
    );
  });

  test('cut anywhere is no record', () => {
    fc.assert(
      fc.property(entry, fc.nat(), (one, at) => {
        const line = encodeRecord({ entry: one }).trimEnd();
        expect(decodeRecord(line.slice(0, at % line.length))).toBeUndefined();
      }),
    );
  });

  test('of anything never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decodeRecord(text)).not.toThrow();
      }),
    );
  });

  test.each([
    ['a repository that leaves /v2/', { repository: '../../_catalog' }],
    ['a digest that is a path', { digest: 'sha256:../../manifests/latest' }],
    ['a state of another kind', { state: 'open' }],
    ['a session without Location', { kind: 'session', state: 'open' }],
    ['credentials in a Location', { kind: 'session', state: 'open', location: 'http://u:p@127.0.0.1/x' }],
    ['a Location that is no http URL', { kind: 'session', state: 'open', location: 'file:///etc/passwd' }],
    ['an origin with a path', { origin: 'http://127.0.0.1:1/x' }],
    ['a time that is no number', { nextTryAt: '1' }],
  ] as const)('with %s is no record', (_, changes) => {
    const line = JSON.stringify({ ...blob(1), ...changes });
    expect(decodeRecord(JSON.stringify(blob(1)))).toEqual({ entry: blob(1) });
    expect(decodeRecord(line)).toBeUndefined();
  });

  test('appended to by another hand does not join ours', () => {
    const store = storeOf();
    store.put(blob(1));
    appendFileSync(file(), '{"removed":"blob-1"');
    crash();
    const next = storeOf();
    next.put(blob(2));
    crash();
    expect([...storeOf().entries.keys()]).toEqual(['blob-1', 'blob-2']);
  });
});

test('beyond ten thousand entries the unknown go first, then the oldest', async () => {
  const store = new LedgerStore(() => 0);
  const { digest: _, ...session } = blob(5_000, { id: 'unknown', kind: 'session', state: 'opening' });
  for (let n = 0; n < 10_000; n += 1) store.put(n === 5_000 ? session : blob(n));
  expect([store.entries.size, store.status.droppedEntries]).toEqual([10_000, 0]);
  store.put(blob(10_000));
  expect([store.entries.has('unknown'), store.entries.has('blob-0'), store.status.droppedEntries]).toEqual([
    false,
    true,
    1,
  ]);
  store.put(blob(10_001));
  expect([store.entries.has('blob-0'), store.entries.has('blob-1'), store.status.droppedEntries]).toEqual([
    false,
    true,
    2,
  ]);
  expect(store.entries.size).toBe(10_000);
});

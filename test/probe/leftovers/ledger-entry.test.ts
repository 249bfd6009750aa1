import { describe, expect, test } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  type LedgerEntry,
  sessionLeftOpen,
} from '../../../src/probe/leftovers/ledger-entry.ts';
import { blob } from '../../support/ledger-entries.ts';

const session = (location: string | undefined, state: LedgerEntry['state'] = 'open'): LedgerEntry =>
  blob(1, { kind: 'session', digest: undefined, state, location });

test.each<readonly [what: string, entries: readonly LedgerEntry[], href: string | undefined]>([
  ['nothing', [], undefined],
  ['a blob, wherever it is', [blob(1, { state: 'open', location: 'http://a.test/1' })], undefined],
  ['a session', [session('http://a.test/1')], 'http://a.test/1'],
  ['the last of two', [session('http://a.test/1'), session('http://a.test/2')], 'http://a.test/2'],
  [
    'one that is open, before one that is not',
    [session('http://a.test/1'), session('http://a.test/2', 'disowned')],
    'http://a.test/1',
  ],
  ['one whose place is not known', [session(undefined)], undefined],
  ['a place that is no URL', [session('//')], undefined],
])('the session left open: %s', (_what, entries, href) => {
  expect(sessionLeftOpen(entries)?.href).toBe(href);
});

const decoded = (changes: Readonly<Record<string, unknown>>): unknown =>
  decodeRecord(JSON.stringify({ ...blob(1), ...changes }));
const hex = (length: number): string => 'a'.repeat(length);

describe('a line', () => {
  test.each<readonly [field: string, good: readonly unknown[], bad: readonly unknown[]]>([
    ['id', ['a', 'a_B-9', hex(64)], ['', 'a b', 'a/b', hex(65), 7, undefined]],
    ['kind', ['blob', 'manifest'], ['tag', 7, undefined]],
    ['state', ['committing', 'stored', 'undeletable'], ['opening', 'open', 'disowned', 'gone', undefined]],
    ['registry', ['x', hex(256)], ['', hex(257), 'a\nb', 7, undefined]],
    ['path', ['x', hex(256)], ['', hex(257), 'a\nb', 7, undefined]],
    ['repository', ['a/b'], ['', '../a', 'A', undefined]],
    [
      'origin',
      ['http://a', 'https://a:1'],
      ['ftp://a', 'http://', 'http://a/', 'http://a?b', 'http://a#b', 'http://u@a', ' http://a', undefined],
    ],
    [
      'digest',
      [`sha256:${hex(64)}`, `sha512:${hex(128)}`],
      [
        `sha256:${hex(63)}`,
        `sha256:${hex(65)}`,
        `sha512:${hex(127)}`,
        `sha512:${hex(129)}`,
        `md5:${hex(64)}`,
        undefined,
      ],
    ],
    ['createdAt', [0, Number.MAX_SAFE_INTEGER], [-1, 1.5, '1', null, 2 ** 53, undefined]],
    ['tries', [0, 3], [-1, 1.5, '1', undefined]],
    ['nextTryAt', [0, 3], [-1, 1.5, '1', undefined]],
  ])('with a field %s that no line of ours has is no record', (field, good, bad) => {
    for (const value of good) expect(decoded({ [field]: value })).toEqual({ entry: { ...blob(1), [field]: value } });
    for (const value of bad) expect([value, decoded({ [field]: value })]).toEqual([value, undefined]);
  });

  test.each<readonly [field: string, good: readonly unknown[], bad: readonly unknown[]]>([
    ['doubts', [0, 2], [-1, '1', null]],
    [
      'madeAt',
      [{ boot: 'b', ms: 0 }],
      [{ boot: 'b' }, { ms: 1 }, { boot: 'b', ms: -1 }, { boot: 'a b', ms: 1 }, { boot: hex(65), ms: 1 }, 'b', null],
    ],
    ['location', ['http://a/1'], ['ftp://a', ' http://a', 7]],
  ])('without a field %s that can be read is read without it', (field, good, bad) => {
    for (const value of good) expect(decoded({ [field]: value })).toEqual({ entry: { ...blob(1), [field]: value } });
    for (const value of bad) expect(decoded({ [field]: value })).toEqual({ entry: { ...blob(1), [field]: undefined } });
  });

  const session = { kind: 'session', digest: undefined };
  test.each<readonly [what: string, changes: Readonly<Record<string, unknown>>, isRecord: boolean]>([
    ['a session that opens, without a place', { state: 'opening' }, true],
    ['an open session with its place', { state: 'open', location: 'https://a/1' }, true],
    ['a disowned one with its place', { state: 'disowned', location: 'https://a/1' }, true],
    ['a disowned one without', { state: 'disowned' }, false],
    ['a stored session', { state: 'stored', location: 'https://a/1' }, false],
    ['a place with a user', { state: 'open', location: 'https://u@a/1' }, false],
    ['a place with a password', { state: 'open', location: 'https://:p@a/1' }, false],
    ['a place that is no URL', { state: 'open', location: 'https://' }, false],
  ])('%s: a record %s', (_what, changes, isRecord) => {
    expect(decoded({ ...session, ...changes }) !== undefined).toBe(isRecord);
  });

  test('says that an entry is gone, whatever else it says', () => {
    expect(decodeRecord('{"removed":"a-1"}')).toEqual({ removed: 'a-1' });
    expect(decodeRecord(encodeRecord({ removed: 'a-1' }).trim())).toEqual({ removed: 'a-1' });
    expect(decoded({ removed: 'a-1' })).toEqual({ removed: 'a-1' });
    expect(decodeRecord('{"removed":"a b"}')).toBeUndefined();
  });

  test('of more than 32 KiB is none of ours', () => {
    const line = JSON.stringify(blob(1));
    expect(decodeRecord(line.padEnd(32 * 1024))).toEqual({ entry: blob(1) });
    expect(decodeRecord(line.padEnd(32 * 1024 + 1))).toBeUndefined();
  });

  test('has a place with our credentials in it left out: such a session cannot be named later', () => {
    const open = blob(1, { kind: 'session', digest: undefined, state: 'open', location: 'https://a/1?token=canary' });
    expect(encodeRecord({ entry: open })).toBe(`${JSON.stringify(open)}\n`);
    const written = encodeRecord({ entry: { ...open, repeatsSecrets: true } });
    expect(written).not.toContain('canary');
    expect(decodeRecord(written.trim())).toEqual({ entry: { ...open, state: 'opening', location: undefined } });
  });
});

test.each(['', '{', 'null', '7', '[]'])('%j is no record', (line) => {
  expect(decodeRecord(line)).toBeUndefined();
});

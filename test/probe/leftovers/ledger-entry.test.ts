import { expect, test } from 'vitest';
import { type LedgerEntry, sessionLeftOpen } from '../../../src/probe/leftovers/ledger-entry.ts';
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

import { expect, test } from 'vitest';
import { collectionWords, leftoverWords } from '../../src/cli/leftover-words.ts';
import type { LedgerEntry } from '../../src/probe/leftovers/ledger-entry.ts';

const session: LedgerEntry = {
  id: 'a',
  kind: 'session',
  state: 'disowned',
  registry: 'git.example.org',
  repository: 'team/app',
  path: 'url',
  origin: 'https://git.example.org',
  createdAt: 0,
  location: 'https://git.example.org/v2/team/app/blobs/uploads/1?_state=secret',
  tries: 1,
  nextTryAt: 0,
};

test('an upload that the registry refuses to cancel: where it is, and when it goes', () => {
  const words = leftoverWords([session, { ...session, id: 'b' }]);
  expect(words).toMatch(
    /^left in https:\/\/git\.example\.org\/team\/app: 2 unfinished uploads; the registry refuses to cancel .* \(docker-registry: after 7 d, .*\)\n$/,
  );
  expect(words).not.toContain('secret');
});

test('nothing left, nothing said; blobs that cannot be deleted have an end, too', () => {
  expect(leftoverWords([])).toBe('');
  const blob = { ...session, kind: 'blob', state: 'undeletable', digest: `sha256:${'0'.repeat(64)}` } as const;
  expect(leftoverWords([blob])).toContain('1 blob; the registry has deletion switched off');
});

test('what was removed is not freed at once, and sessions hold nothing', () => {
  expect(collectionWords(['session', 'blob'])).toMatch(
    /^what was removed takes space .*`cron\.cleanup_packages`, when older than 24h.*\n$/,
  );
  expect(collectionWords(['manifest'])).not.toBe('');
  expect(collectionWords(['session'])).toBe('');
  expect(collectionWords([])).toBe('');
});

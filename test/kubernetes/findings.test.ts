import { expect, test } from 'vitest';
import type { FoundPath, HopLimit } from '../../src/kubernetes/found-path.ts';
import { plainPath } from '../../src/kubernetes/found-path.ts';
import { findings } from '../../src/kubernetes/findings.ts';

const limit = (value: number | undefined, isDefault = false): HopLimit => ({
  kind: 'body',
  value,
  written: '8m',
  source: 'annotation a of Ingress x/y',
  isDefault,
  remedy: 'set it to 0',
});
const path = (limits: readonly HopLimit[], notes: readonly string[] = []): FoundPath => ({
  path: plainPath('ingress', 'ingress', { isTls: true, host: 'git.example.org', port: 443 }),
  source: 'Ingress x/y',
  why: [],
  limits,
  notes,
});
const severities = (paths: readonly FoundPath[], sizeBytes = 10_000_000) =>
  findings({ objects: [], unread: [] }, { paths, leftOut: [] }, sizeBytes).map(({ severity }) => severity);

test.each<[string, HopLimit, string[]]>([
  ['a limit below', limit(8 * 1024 ** 2), ['fault']],
  ['a limit of just the size', limit(10_000_000), []],
  ['no limit', limit(Infinity), []],
  ['a default below: the hop may be set otherwise', limit(1024, true), ['doubt']],
  ['what the hop would not understand', limit(undefined), ['fault']],
  ['a limit on time, which no size exceeds', { ...limit(1000), kind: 'request' }, []],
])('%s', (_name, one, expected) => {
  expect(severities([path([one])])).toEqual(expected);
});

test('faults come first, and name path, place and remedy', () => {
  const unread = [{ kind: 'Gateway' as const, why: 'forbidden' }];
  const leftOut = [{ source: 'Ingress x/z', why: 'it has no address' }];
  const all = findings(
    { objects: [], unread },
    { paths: [path([limit(1024)], ['it does nothing here'])], leftOut },
    2048,
  );
  expect(all.map(({ severity, path: name }) => [severity, name])).toEqual([
    ['fault', 'ingress'],
    ['doubt', undefined],
    ['note', 'ingress'],
    ['note', undefined],
  ]);
  expect(all[0]).toEqual({
    severity: 'fault',
    path: 'ingress',
    text: 'a body of 2 KiB is refused: annotation a of Ingress x/y is 8m, 1 KiB',
    remedy: 'set it to 0',
  });
});

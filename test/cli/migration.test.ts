import { expect, test } from 'vitest';
import { type Move, moveRows, movesOf } from '../../src/cli/migration.ts';
import { type FoundPath, type HopLimit, plainPath } from '../../src/kubernetes/found-path.ts';
import type { LimitKind } from '../../src/kubernetes/limit-kind.ts';

const way = (name: string, source: string, limits: readonly HopLimit[] = [], host = 'git.example.org'): FoundPath => ({
  path: plainPath(name, 'ingress', { isTls: true, host, port: 443 }),
  source,
  why: [],
  limits,
  notes: [],
});
const limit = (kind: LimitKind, value: number | undefined): HopLimit => ({
  kind,
  value,
  written: 'x',
  source: 's',
  isDefault: false,
});
const move = (old: readonly HopLimit[], now: readonly HopLimit[]): Move => ({
  old: way('ingress', 'Ingress a/b', old),
  now: way('route', 'HTTPRoute a/b', now),
});

test.each<[LimitKind, number | undefined, number | undefined, string]>([
  ['body', 100, 50, 'narrower'],
  ['body', 100, Infinity, 'wider'],
  ['body', 100, 100, 'same'],
  ['body', undefined, 100, 'not known'],
  ['answer', 900_000, 60_000, 'narrower'],
  ['collects', 0, 1, 'narrower'],
  ['collects', 1, 0, 'wider'],
])('%s from %s to %s: %s', (kind, before, after, change) => {
  const row = moveRows(move([limit(kind, before)], [limit(kind, after)]), []).at(-1);
  expect(row?.change).toBe(change);
});

test('a limit of one side alone is not known of the other', () => {
  expect(moveRows(move([], [limit('body', 1024)]), []).at(-1)).toEqual({
    what: 'Largest body',
    old: 'not known',
    now: '1 KiB',
    change: 'not known',
  });
});

test('an Ingress is held beside the HTTPRoutes of its host alone', () => {
  const all = [
    way('service', 'Service a/b'),
    way('ingress', 'Ingress a/b'),
    way('other', 'Ingress a/c', [], 'other.example.org'),
    way('traefik', 'IngressRoute a/b'),
    way('route', 'HTTPRoute a/b'),
  ];
  expect(movesOf(all, all).map(({ old, now }) => [old.path.name, now.path.name])).toEqual([
    ['ingress', 'route'],
    ['traefik', 'route'],
  ]);
});

test('what a daemon has measured of both stands beside', () => {
  const known = [
    {
      registry: 'gitea',
      path: 'ingress',
      client: 'docker',
      tried: [],
      limits: [
        {
          path: 'ingress',
          client: 'docker',
          unit: 'bytes' as const,
          conclusion: 'found' as const,
          largestAccepted: 1024,
          smallestRejected: 2048,
        },
      ],
      bytesPerSecond: 4096,
    },
  ];
  expect(moveRows(move([], []), known).slice(-3)).toEqual([
    { what: 'Largest that got through', old: '1 KiB', now: 'not measured', change: '' },
    { what: 'Smallest that was refused', old: '2 KiB', now: 'not measured', change: '' },
    { what: 'Rate of pushes', old: '4 KiB/s', now: 'not measured', change: '' },
  ]);
});

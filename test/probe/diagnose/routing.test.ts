import { expect, test } from 'vitest';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { adviseRoutes } from '../../../src/probe/diagnose/routing.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun, tooLarge } from '../../support/fake-run.ts';
import { foundLimit } from '../../support/limits.ts';

/** A push of one blob. */
function runOf(path: string, client: ClientName, sizeBytes: number, failure?: Failure): Run {
  const check = fakeCheck('main', path, client, 'large');
  return fakeRun({ ...check, workload: { ...check.workload, layerBytes: [sizeBytes] } }, failure);
}

const bad = fakeFailure('registry_error');
const runs = [
  runOf('cloudflare', 'docker', 1_000),
  runOf('cloudflare', 'docker', 50_000, bad),
  runOf('internal', 'docker', 1_000),
  runOf('internal', 'docker', 50_000),
];

test('small over any path, large over those that take them', () => {
  expect(adviseRoutes(runs)).toEqual([
    {
      clients: ['docker'],
      bands: [
        { upToBytes: 1_000, paths: ['cloudflare', 'internal'], failedBytes: 50_000, isSearched: false },
        { upToBytes: undefined, paths: ['internal'], failedBytes: undefined, isSearched: false },
      ],
      neverPaths: [],
      unsteadyPaths: [],
      triedUpToBytes: 50_000,
    },
  ]);
});

test('a limit that was searched for is the border', () => {
  const limits = [
    foundLimit({ path: 'cloudflare', client: 'docker', largestAccepted: 40_000, smallestRejected: 41_000 }),
  ];
  const paths = ['cloudflare', 'internal'];
  const border = { upToBytes: 40_000, paths, failedBytes: 41_000, isSearched: true };
  expect(adviseRoutes(runs, limits)[0]?.bands[0]).toEqual(border);
});

test('a limit that lies above a push that failed is no border', () => {
  const limits = [
    foundLimit({ path: 'cloudflare', client: 'docker', largestAccepted: 60_000, smallestRejected: 61_000 }),
  ];
  const paths = ['cloudflare', 'internal'];
  const border = { upToBytes: 1_000, paths, failedBytes: 50_000, isSearched: false };
  expect(adviseRoutes(runs, limits)[0]?.bands[0]).toEqual(border);
});

test('a limit above all that was pushed is the border, too', () => {
  const limits = [
    foundLimit({ path: 'cloudflare', client: 'docker', largestAccepted: 90_000, smallestRejected: 91_000 }),
  ];
  const advice = adviseRoutes([runOf('cloudflare', 'docker', 1_000)], limits);
  expect(advice[0]?.bands).toEqual([
    { upToBytes: 90_000, paths: ['cloudflare'], failedBytes: 91_000, isSearched: true },
  ]);
});

test('what another client found holds for one that is refused for size as well, and for no other', () => {
  const limits = [
    foundLimit({ path: 'cloudflare', client: 'crane', largestAccepted: 40_000, smallestRejected: 41_000 }),
  ];
  const refused = [runOf('cloudflare', 'docker', 1_000), runOf('cloudflare', 'docker', 50_000, tooLarge)];
  expect(adviseRoutes(refused, limits)[0]?.bands[0]).toMatchObject({ upToBytes: 40_000, isSearched: true });
  expect(adviseRoutes(runs, limits)[0]?.bands[0]).toMatchObject({ upToBytes: 1_000, isSearched: false });
});

test('a path over which pushes of one size end in both ways is not called closed', () => {
  const mixed = [runOf('lb', 'docker', 1_000), runOf('lb', 'docker', 1_000, bad), runOf('down', 'docker', 1_000, bad)];
  expect(adviseRoutes(mixed)).toMatchObject([{ bands: [], neverPaths: ['down'], unsteadyPaths: ['lb'] }]);
});

test('clients with the same rule share it; a path over which nothing works is named', () => {
  const more = [
    ...runs,
    runOf('down', 'docker', 1_000, bad),
    runOf('cloudflare', 'crane', 50_000),
    runOf('internal', 'crane', 50_000),
    runOf('internal', 'oras', 50_000),
    runOf('cloudflare', 'oras', 50_000),
  ];
  const advice = adviseRoutes(more);
  expect(advice.map(({ clients, bands, neverPaths }) => [clients, bands.length, neverPaths])).toEqual([
    [['docker'], 2, ['down']],
    [['crane', 'oras'], 1, []],
  ]);
});

test('a limit of pulls says nothing of pushes', () => {
  const bounds = { path: 'cloudflare', client: 'docker', largestAccepted: 40_000, smallestRejected: 41_000 } as const;
  expect(adviseRoutes(runs, [foundLimit({ ...bounds, direction: 'pull' })])).toEqual(adviseRoutes(runs));
});

test('where several paths end at the same size, the smallest that failed is said, and that one was searched for', () => {
  const two = [
    runOf('a', 'docker', 1_000),
    runOf('a', 'docker', 9_000, bad),
    runOf('b', 'docker', 1_000),
    runOf('b', 'docker', 5_000, bad),
  ];
  const limit = foundLimit({ path: 'b', client: 'docker', largestAccepted: 1_000, smallestRejected: 2_000 });
  expect(adviseRoutes(two)[0]?.bands).toEqual([
    { upToBytes: 1_000, paths: ['a', 'b'], failedBytes: 5_000, isSearched: false },
  ]);
  expect(adviseRoutes(two, [limit])[0]?.bands).toEqual([
    { upToBytes: 1_000, paths: ['a', 'b'], failedBytes: 2_000, isSearched: true },
  ]);
});

test('bands ascend by size, whatever their order was', () => {
  const steps = [
    runOf('a', 'docker', 9_000),
    runOf('a', 'docker', 10_000, bad),
    runOf('b', 'docker', 200),
    runOf('b', 'docker', 300, bad),
  ];
  expect(adviseRoutes(steps)[0]?.bands.map(({ upToBytes, paths }) => [upToBytes, paths])).toEqual([
    [200, ['a', 'b']],
    [9_000, ['a']],
  ]);
});

test('clients whose rules differ in one thing alone do not share it', () => {
  const of = (...more: readonly Run[]) =>
    adviseRoutes([runOf('a', 'docker', 1_000), ...more]).map(({ clients }) => clients);
  expect(of(runOf('a', 'crane', 1_000))).toEqual([['docker', 'crane']]);
  expect(of(runOf('a', 'crane', 2_000))).toEqual([['docker'], ['crane']]);
  expect(of(runOf('a', 'crane', 1_000), runOf('b', 'crane', 1_000, bad))).toEqual([['docker'], ['crane']]);
  const unsteady = [runOf('b', 'crane', 1_000), runOf('b', 'crane', 1_000, bad)];
  expect(of(runOf('a', 'crane', 1_000), ...unsteady)).toEqual([['docker'], ['crane']]);
});

test('nothing was pushed: nothing is advised', () => {
  expect(adviseRoutes([])).toEqual([]);
});

test('of a path over which a client was not tried nothing is said', () => {
  const others = [runOf('cloudflare', 'docker', 1_000), runOf('internal', 'oras', 1_000)];
  expect(adviseRoutes(others).map(({ clients, bands, neverPaths }) => [clients, bands[0]?.paths, neverPaths])).toEqual([
    [['docker'], ['cloudflare'], []],
    [['oras'], ['internal'], []],
  ]);
});

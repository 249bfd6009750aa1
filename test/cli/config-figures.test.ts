import { expect, test } from 'vitest';
import { formatFigures } from '../../src/cli/config-figures.ts';

test('the figures stand in columns', () => {
  const small = { checks: 2, runsPerDay: 2880, bytesPerDay: 2880 * 2 ** 20, worstCaseBytesPerDay: 5 * 2880 * 2 ** 20 };
  const large = { checks: 4, runsPerDay: 1.5, bytesPerDay: 1000, worstCaseBytesPerDay: 1000 };
  const text = formatFigures('config.yaml', {
    registries: 1,
    paths: 2,
    checks: 6,
    runsPerDay: 2881.5,
    bytesPerDay: 2880 * 2 ** 20,
    worstCaseBytesPerDay: 5 * 2880 * 2 ** 20,
    workloads: [
      { workload: 'small', ...small },
      { workload: 'large', ...large },
    ],
  });
  expect(text.split('\n').slice(0, 5)).toEqual([
    'config.yaml is valid: 1 registry, 2 paths, 6 checks',
    'workload  checks  runs/day  bytes/day  at worst',
    'small          2      2880    2.8 GiB  14.1 GiB',
    'large          4       1.5     1000 B    1000 B',
    'total          6    2881.5    2.8 GiB  14.1 GiB',
  ]);
});

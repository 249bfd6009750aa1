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
    'small          2      2880   2.81 GiB  14.1 GiB',
    'large          4       1.5     1000 B    1000 B',
    'total          6    2881.5   2.81 GiB  14.1 GiB',
  ]);
});

test('the budget is set against what is planned, what could be at worst and what one run may need', () => {
  const figures = {
    registries: 1,
    paths: 1,
    checks: 1,
    runsPerDay: 1,
    bytesPerDay: 2 ** 30,
    worstCaseBytesPerDay: 5 * 2 ** 30,
    workloads: [],
  };
  const lines = (extra: object): string[] => formatFigures('c', figures, extra).split('\n').slice(-4);
  expect(lines({ series: 592, bytesPerDay: 2 * 2 ** 30, largestRunBytes: 3 * 2 ** 20 })).toEqual([
    'bytes/day: every run succeeds at the first attempt; at worst: every run needs all attempts of its client',
    'budget: 2 GiB a day, 50 % of it planned, which the worst case exceeds: runs would then be skipped; the largest run may need 3 MiB on the wire',
    'series: 592 on /metrics from the start, and some hundred of the process',
    '',
  ]);
  expect(lines({ bytesPerDay: 10 * 2 ** 30 })[2]).toBe(
    'budget: 10 GiB a day, 10 % of it planned; the largest run may need 0 B on the wire',
  );
  expect(lines({})[2]).toBe('budget: none; the largest run may need 0 B on the wire');
});

import { expect, test } from 'vitest';
import { manyChecks } from '../../bench/many-checks-config.ts';

test.each([1, 20, 100, 1_000])('a configuration of %i checks and a huge one is valid', (count) => {
  const { checks, huge } = manyChecks(count, 'http://127.0.0.1:5000');
  expect(
    new Set(checks.map(({ registry, path, workload }) => [registry.name, path.name, workload.name].join())),
  ).toHaveProperty('size', count);
  expect(huge.workload.name).toBe('huge');
});

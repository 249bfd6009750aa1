import { expect, test } from 'vitest';
import { durationCheck } from '../../../src/probe/limits/duration-trial.ts';
import { checkOf } from '../../support/checks.ts';

test.each([
  ['as long as the check may take, and the body', 15_000, 50_000],
  ['a minute and the body, at most', 3_600_000, 95_000],
])('a slow try has %s', (_name, timeoutMs, expected) => {
  const check = checkOf('http://127.0.0.1:1', { check: { timeoutMs } });
  expect(durationCheck(check, 65_536, 35_000).timeoutMs).toBe(expected);
});

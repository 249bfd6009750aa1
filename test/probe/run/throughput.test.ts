import { expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { pullThroughput, pushThroughput } from '../../../src/probe/run/throughput.ts';
import { attempt, failure, requestRecord } from '../../support/run-fixtures.ts';

const sent = (changes: Partial<RequestRecord>) => attempt({ requests: [requestRecord(changes)] });
const pulled = (changes: Partial<RequestRecord>, round: 'cold' | 'warm' = 'cold') =>
  attempt({
    pull: round,
    requests: [requestRecord({ phase: 'pull', status: 200, responseBytes: 1_000, sentBytes: 0, ...changes })],
  });

test('a push counts from its first body byte to its answer, without the opening of its connection', () => {
  const opened = sent({ startMs: 1_000, dnsMs: 100, connectMs: 200, tlsMs: 300, durationMs: 2_600, sentBytes: 4_000 });
  expect(pushThroughput([opened])).toBe(2_000);
});

test('bodies side by side are one time, and their bytes a sum', () => {
  const first = sent({ startMs: 0, durationMs: 3_000, sentBytes: 4_000 });
  const second = sent({ startMs: 1_000, durationMs: 3_000, sentBytes: 8_000 });
  expect(pushThroughput([first, second])).toBe(3_000);
});

test.each([
  ['no attempt', []],
  ['a failed attempt', [attempt({ failure: failure() })]],
  ['requests of other phases', [sent({ phase: 'commit', sentBytes: 9 })]],
  ['bodies without a byte', [sent({ sentBytes: 0 })]],
  ['a body that took no time', [sent({ durationMs: 0 })]],
])('%s: nothing is known', (_what, attempts) => {
  expect(pushThroughput(attempts)).toBeUndefined();
});

test('what failed counts neither in time nor in bytes', () => {
  const good = sent({ startMs: 0, durationMs: 1_000, sentBytes: 5_000 });
  expect(pushThroughput([good, attempt({ failure: failure() })])).toBe(5_000);
});

test('a pull counts what came with an answer that has a body, of one round', () => {
  const whole = pulled({ startMs: 0, durationMs: 1_000 });
  const part = pulled({ startMs: 1_000, durationMs: 1_000, status: 206, responseBytes: 3_000 });
  const refusal = pulled({ startMs: 2_000, durationMs: 8_000, status: 404 });
  const later = pulled({ startMs: 9_000, durationMs: 1_000, responseBytes: 50 }, 'warm');
  const all = [whole, part, refusal, later];
  expect([pullThroughput(all), pullThroughput(all, 'cold'), pullThroughput(all, 'warm')]).toEqual([2_000, 2_000, 50]);
  expect(pullThroughput([sent({})])).toBeUndefined();
});

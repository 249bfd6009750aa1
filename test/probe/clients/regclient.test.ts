import { expect, test } from 'vitest';
import { hostBackoff } from '../../../src/probe/clients/regclient.ts';
import type { HostMemory, RequestEnd } from '../../../src/registry/resend.ts';

const end: RequestEnd = {
  sending: 1,
  status: 502,
  statusBefore: undefined,
  code: undefined,
  hasBody: true,
  retryAfterMs: undefined,
  durationMs: 10,
};

/** Waits of one request and its repetitions, as `sendWithResends` asks for them. */
function waitsOf(host: HostMemory, ends: Partial<RequestEnd>): number[] {
  const waits: number[] = [];
  for (let sending = 1; ; sending += 1) {
    waits.push(host.waitMs());
    if (host.resend({ ...end, ...ends, sending }) === undefined) return waits;
  }
}

test('five sendings, and then each request of the host waits and is sent once', () => {
  const host = hostBackoff();
  expect(waitsOf(host, { durationMs: 0 })).toEqual([0, 200, 400, 800, 1_600]);
  expect(waitsOf(host, { status: 202 })).toEqual([3_200]);
  expect(waitsOf(host, { durationMs: 0 })).toEqual([3_190]);
});

test('successes take a failure back: six of them', () => {
  const host = hostBackoff();
  waitsOf(host, { status: 503 });
  for (let success = 0; success < 6; success += 1) expect(waitsOf(host, { status: 202, durationMs: 0 })).toEqual([200]);
  expect(waitsOf(host, { status: 202 })).toEqual([0]);
});

test('once the last failure is taken back, the next one counts from its own time', () => {
  const host = hostBackoff();
  waitsOf(host, { status: 503 });
  // Two side by side: the wait of neither lies between their ends.
  for (let success = 0; success < 6; success += 1) host.resend({ ...end, status: 202, durationMs: 1_000 });
  host.resend({ ...end, status: 503, durationMs: 0 });
  expect(host.waitMs()).toBe(200);
});

test('Retry-After is waited for, six sendings, and counts no failure', () => {
  const host = hostBackoff();
  const asked = { status: 429, retryAfterMs: 1_000, durationMs: 0 };
  expect(waitsOf(host, asked)).toEqual([0, 1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(waitsOf(host, { status: 202 })).toEqual([1_000]);
  expect(waitsOf(host, { status: 202 })).toEqual([0]);
});

test('a refused chunk is a success, too, once it is the last word', () => {
  const host = hostBackoff();
  const chunk = { status: 503, durationMs: 0, forgives: true };
  expect([1, 2, 3, 4, 5].flatMap(() => waitsOf(host, chunk))).toEqual([0, 200, 400, 800, 1_600]);
  // The sixth failure is above the limit, and its own success takes it back.
  expect(waitsOf(host, chunk)).toEqual([3_200]);
  expect(waitsOf(host, { status: 204, durationMs: 0 })).toEqual([3_200]);
});

test('successes before any failure take none back', () => {
  const host = hostBackoff();
  for (let success = 0; success < 9; success += 1) expect(waitsOf(host, { status: 202 })).toEqual([0]);
  expect(waitsOf(host, { durationMs: 0 })).toEqual([0, 200, 400, 800, 1_600]);
});

test.each([
  ['is taken back by its own answer', 503, [3_200]],
  ['stays where none came', undefined, [6_400]],
])('a refused chunk above the limit %s', (_what, status, waits) => {
  const host = hostBackoff();
  waitsOf(host, { durationMs: 0 });
  expect(waitsOf(host, { status, code: 'ENOTFOUND', durationMs: 0, forgives: true })).toEqual([3_200]);
  expect(waitsOf(host, { status: 204, durationMs: 0 })).toEqual(waits);
});

test.each([
  ['ECONNRESET', [0, 200, 400, 800, 1_600]],
  ['ENOTFOUND', [0]],
])('a connection that ends with %s is waited for %j', (code, waits) => {
  expect(waitsOf(hostBackoff(), { status: undefined, code, durationMs: 0 })).toEqual(waits);
});

test.each([401, 404, 416])('%i says nothing about the host', (status) => {
  const host = hostBackoff();
  expect(waitsOf(host, { status })).toEqual([0]);
  expect(waitsOf(host, { status: 202 })).toEqual([0]);
});

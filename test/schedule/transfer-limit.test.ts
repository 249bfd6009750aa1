import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { grantedOrAborted, TransferLimit } from '../../src/schedule/transfer-limit.ts';
import { settle } from '../support/fake-clock.ts';

/** Whether one more would get a transfer at once; it gives it back. */
async function hasRoom(limit: TransferLimit): Promise<boolean> {
  let granted = false;
  const place = limit.take();
  void place.granted.then(() => (granted = true));
  await settle();
  place.leave();
  return granted;
}

test('a place in the queue that is given back is no transfer', async () => {
  const limit = new TransferLimit(1);
  const first = limit.take();
  let nextRuns = false;
  const next = limit.take();
  void next.granted.then(() => (nextRuns = true));
  limit.take().leave();
  expect(await hasRoom(limit)).toBe(false);
  expect(nextRuns).toBe(false);
  first.leave();
  expect(await hasRoom(limit)).toBe(false);
  next.leave();
  expect(await hasRoom(limit)).toBe(true);
});

describe('a transfer or an abort', () => {
  const waiting = () => {
    const limit = new TransferLimit(1);
    const first = limit.take();
    return { first, place: limit.take() };
  };
  /** Whether it has resolved, and how many still listen to the signal. */
  const seen = async (resolved: Promise<void>, signal: AbortSignal): Promise<[boolean, number]> => {
    let done = false;
    void resolved.then(() => (done = true));
    await settle();
    return [done, getEventListeners(signal, 'abort').length];
  };

  test('waits for the transfer', async () => {
    const { first, place } = waiting();
    const { signal } = new AbortController();
    const resolved = grantedOrAborted(place, signal);
    expect(await seen(resolved, signal)).toEqual([false, 1]);
    first.leave();
    expect(await seen(resolved, signal)).toEqual([true, 0]);
  });

  test('ends when the signal aborts', async () => {
    const { place } = waiting();
    const abort = new AbortController();
    const resolved = grantedOrAborted(place, abort.signal);
    abort.abort();
    expect(await seen(resolved, abort.signal)).toEqual([true, 0]);
  });

  test('ends at once when it had aborted', async () => {
    const { place } = waiting();
    const signal = AbortSignal.abort();
    expect(await seen(grantedOrAborted(place, signal), signal)).toEqual([true, 0]);
  });
});

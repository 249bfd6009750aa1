import { getEventListeners } from 'node:events';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { NetworkError } from '../../src/network/exchange.ts';
import { openingStep, type OpeningTimes, type StepLimits } from '../../src/network/opening-step.ts';

afterEach(() => vi.useRealTimers());

const never = new Promise<never>(() => {});

/** Runs a step that begins at 10 and, when it is asked next, is at 14.2; what came of it, and what is known then. */
async function step(
  work: Parameters<typeof openingStep<unknown>>[2],
  changes: Partial<StepLimits> = {},
  times: OpeningTimes = {},
) {
  let ms = 10;
  const now = (): number => {
    const at = ms;
    ms = 14.25;
    return at;
  };
  const limits: StepLimits = {
    stage: 'connect',
    timeoutMs: 60_000,
    now,
    signal: new AbortController().signal,
    ...changes,
  };
  const outcome = await openingStep(limits, times, work).catch((error: unknown) => error as NetworkError);
  return { outcome, times };
}

describe('a step', () => {
  test('gives what it made, and its time is added to what was there', async () => {
    const signals: AbortSignal[] = [];
    const work = async (_track: unknown, ended: AbortSignal): Promise<string> => {
      signals.push(ended);
      expect(ended.aborted).toBe(false);
      return 'made';
    };
    const { outcome, times } = await step(work, { now: () => 5 }, { connectMs: 3, dnsMs: 2 });
    expect([outcome, times]).toEqual(['made', { connectMs: 3, dnsMs: 2 }]);
    expect(signals[0]?.aborted).toBe(true);
    const timed = await step(work);
    expect(timed.times.connectMs).toBeCloseTo(4.25);
  });

  test('that fails says after how long, with the code of the system', async () => {
    const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const { outcome, times } = await step(() => Promise.reject(cause));
    expect(outcome).toBeInstanceOf(NetworkError);
    expect(outcome).toMatchObject({
      stage: 'connect',
      code: 'ECONNREFUSED',
      timer: undefined,
      message: 'connect failed after 4.3 ms: ECONNREFUSED',
      cause,
    });
    expect(times.connectMs).toBeCloseTo(4.25);
    expect((await step(() => Promise.reject(new Error('x')))).outcome).toMatchObject({ code: 'UNKNOWN' });
  });

  test('that outlasts its timer ends, and its socket with it', async () => {
    const socket = new Socket();
    const work = (track: <S extends Socket>(one: S) => S): Promise<never> => {
      expect(track(socket)).toBe(socket);
      return never;
    };
    const { outcome } = await step(work, { stage: 'tls', timeoutMs: 1, now: () => performance.now() });
    expect(outcome).toMatchObject({ stage: 'tls', code: 'ETIMEDOUT', timer: 'tls' });
    expect(socket.destroyed).toBe(true);
    // Nobody else listens: what the socket still says must not end the process.
    socket.emit('error', new Error('late'));
  });

  test('of DNS that outlasts its timer says so', async () => {
    const { outcome } = await step(() => never, { stage: 'dns', timeoutMs: 1, now: () => performance.now() });
    expect(outcome).toMatchObject({ code: 'ETIMEDOUT', timer: 'dns', message: 'dns ended: ETIMEDOUT' });
  });

  test('leaves no timer and no listener behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { signal } = new AbortController();
    await step(async () => 'made', { signal });
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort')]).toEqual([0, []]);
  });

  test('ends with its caller, at once or later', async () => {
    const reason = new Error('enough');
    let isBegun = false;
    const late = await step(() => ((isBegun = true), never), { signal: AbortSignal.abort(reason) });
    expect(late.outcome).toMatchObject({ stage: 'connect', code: 'ABORTED', cause: reason });
    expect(isBegun).toBe(false);
    const caller = new AbortController();
    const { outcome } = await step(
      () => {
        caller.abort(reason);
        return never;
      },
      { signal: caller.signal },
    );
    expect(outcome).toMatchObject({ code: 'ABORTED', timer: undefined, cause: reason });
  });

  test('keeps what another stage, or the resolver, had to say', async () => {
    const other = new NetworkError({ stage: 'proxy', code: 'PROXY_502', message: 'the proxy said no' });
    expect((await step(() => Promise.reject(other))).outcome).toBe(other);
    const name = new NetworkError({ stage: 'dns', code: 'ENOTFOUND', message: 'no such name' });
    expect((await step(() => Promise.reject(name), { stage: 'dns' })).outcome).toBe(name);
    const cause = new Error('why');
    const own = new NetworkError({ stage: 'connect', code: 'ETIMEDOUT', timer: 'connect', message: 'm', cause });
    expect((await step(() => Promise.reject(own))).outcome).toMatchObject({
      code: 'ETIMEDOUT',
      timer: 'connect',
      message: 'connect failed after 4.3 ms: ETIMEDOUT',
      cause,
    });
  });
});

import { afterEach, describe, expect, test } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import type { RetryPolicy } from '../../../src/probe/clients/client-profile.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { AttemptWork } from '../../../src/probe/run/attempt.ts';
import { type Part, withRetries } from '../../../src/probe/run/retry-loop.ts';
import { ProtocolError } from '../../../src/registry/errors.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened, streamed } from '../../support/servers.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { runContext } from '../../support/run-context.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const succeeds: AttemptWork = () => Promise.resolve();
const fails: AttemptWork = () =>
  Promise.reject(new NetworkError({ stage: 'send', code: 'ECONNRESET', message: 'cut' }));
const tooLarge: AttemptWork = () => {
  const exchange = exchangeOf({ response: answerOf(413) });
  return Promise.reject(new ProtocolError({ step: 'send', problem: 'unexpected_status', exchange, message: 'no' }));
};
const failsInPing: AttemptWork = (client, notes, pull) => {
  notes.pinging = true;
  return fails(client, notes, pull);
};

const patient: RetryPolicy = {
  maxAttempts: 5,
  delayMs: (attempt, random) => attempt * 100 + random,
  retries: () => true,
};

/** A part whose attempts do this in turn, at a clock on which a wait takes twice its time. */
async function tried(
  works: readonly AttemptWork[],
  { policy = patient, abort, onWait }: { policy?: RetryPolicy; abort?: AbortController; onWait?: () => void } = {},
) {
  let nowMs = 1_000;
  const waits: number[] = [];
  const sleep = (delayMs: number, signal: AbortSignal): Promise<void> => {
    waits.push(delayMs);
    nowMs += 2 * delayMs;
    onWait?.();
    return signal.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve();
  };
  const context = runContext({ deps: runDeps({ clock: { nowMs: () => nowMs, sleep } }) });
  const numbers: number[] = [];
  const part: Part = {
    name: 'blob',
    totalBytes: 77,
    pull: 'cold',
    work: (number) => {
      numbers.push(number);
      return works[number - 1] ?? fails;
    },
  };
  const { signal } = abort ?? new AbortController();
  const outcome = await withRetries(context, part, policy, signal);
  return { outcome, numbers, waits, told: context.told, part, reasons: outcome.attempts.map((a) => a.failure?.reason) };
}

describe('attempts', () => {
  test('one that succeeds is the only one', async () => {
    const { outcome, numbers, waits, told, part } = await tried([succeeds]);
    expect(outcome).toMatchObject({
      ok: true,
      endedBy: undefined,
      attempts: [{ blob: 'blob', pull: 'cold', number: 1, waitedMs: 0 }],
    });
    expect([outcome.part, numbers, waits, told]).toEqual([part, [1], [], []]);
  });

  test('are begun anew until one succeeds, after the waits of the policy', async () => {
    const { outcome, numbers, waits, told } = await tried([fails, fails, succeeds]);
    expect(outcome).toMatchObject({ ok: true, endedBy: undefined });
    expect([numbers, waits]).toEqual([
      [1, 2, 3],
      [100.5, 200.5],
    ]);
    // What they waited for is what went by.
    expect(outcome.attempts.map(({ number, waitedMs, startMs }) => [number, waitedMs, startMs])).toEqual([
      [1, 0, 1_000],
      [2, 201, 1_201],
      [3, 401, 1_602],
    ]);
    const waiting = { phase: 'start', blob: 'blob', maxAttempts: 5, sentBytes: 0, totalBytes: 77 };
    expect(told).toEqual([
      { ...waiting, attempt: 2, waitingMs: 100.5 },
      { ...waiting, attempt: 3, waitingMs: 200.5 },
    ]);
  });

  test('end with the last one', async () => {
    const { outcome, numbers, waits } = await tried([], { policy: { ...patient, maxAttempts: 3 } });
    expect([outcome.ok, outcome.endedBy, numbers, waits.length]).toEqual([false, undefined, [1, 2, 3], 2]);
  });

  test('end where the policy does not go on from the failure', async () => {
    const seen: (Failure['reason'] | undefined)[] = [];
    const retries = ({ reason }: Failure): boolean => seen.push(reason) < 2;
    const { reasons } = await tried([fails, tooLarge], { policy: { ...patient, retries } });
    expect(reasons).toEqual(seen);
    expect(seen).toHaveLength(2);
  });

  test('end in the ping', async () => {
    expect((await tried([fails, failsInPing])).numbers).toEqual([1, 2]);
  });

  test('without a wait follow at once', async () => {
    const { numbers, waits } = await tried([fails, succeeds], { policy: { ...patient, delayMs: () => 0 } });
    expect([numbers, waits]).toEqual([[1, 2], []]);
  });

  test('know whether one before was refused for its size, tell what they do, and say what the path looks like', async () => {
    let times = 0;
    const registry = opened.own(
      await startScriptedRegistry({
        PATCH: async (scene) => {
          await scene.read(1_000);
          if ((times += 1) === 3) scene.answer(413);
          else scene.reset();
        },
      }),
    );
    const send: AttemptWork = async (client) => {
      const [url, body] = [client.url('blobs/uploads/1'), streamed(1_000_000)];
      await client.send({ step: 'send', method: 'PATCH', url, body, actions: ['push'], accepted: [202] });
    };
    const context = runContext({ check: checkOf(registry.url) });
    const policy = { ...patient, maxAttempts: 4, delayMs: () => 0 };
    const { signal } = new AbortController();
    const outcome = await withRetries(context, { name: 'blob', totalBytes: 1, work: () => send }, policy, signal);
    const reasons = outcome.attempts.map(({ failure }) => failure?.reason);
    expect(reasons).toEqual(['connection_reset', 'connection_reset', 'body_too_large', 'body_too_large']);
    expect(outcome.pathFacts.remoteAddress).toBe('127.0.0.1');
    expect(context.told).toContainEqual(expect.objectContaining({ phase: 'send', attempt: 3, totalBytes: 1 }));
  });
});

describe('ended by us', () => {
  test.each(['deadline', 'cancelled'] as const)('in an attempt: %s', async (kind) => {
    const abort = new AbortController();
    const ends: AttemptWork = () => {
      abort.abort(new RunAborted(kind));
      return Promise.reject(abort.signal.reason as Error);
    };
    const { outcome, numbers, waits, told } = await tried([ends], { abort });
    expect([outcome.ok, outcome.endedBy, numbers, waits, told]).toEqual([false, kind, [1], [], []]);
  });

  test('in a wait: no attempt follows', async () => {
    const abort = new AbortController();
    const onWait = (): void => abort.abort(new RunAborted('cancelled'));
    const { outcome, numbers, waits } = await tried([fails], { abort, onWait });
    expect([outcome.ok, outcome.endedBy, numbers, waits.length]).toEqual([false, 'cancelled', [1], 1]);
  });

  test('after it was done: it is done', async () => {
    const abort = new AbortController();
    const late: AttemptWork = () => Promise.resolve(abort.abort(new RunAborted('cancelled')));
    expect((await tried([late], { abort })).outcome).toMatchObject({ ok: true, endedBy: undefined });
  });

  test('for a reason that is not ours: no word of it', async () => {
    const abort = new AbortController();
    const ends: AttemptWork = (client, notes, pull) => {
      abort.abort();
      return fails(client, notes, pull);
    };
    expect((await tried([ends], { abort })).outcome).toMatchObject({ ok: false, endedBy: undefined });
  });
});

import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { BoundedSignal, endedByUs, RunAborted } from '../../src/probe/bounded-signal.ts';

const kindOf = ({ signal }: BoundedSignal): string | undefined => (signal.reason as RunAborted | undefined)?.kind;

function bounded(caller?: AbortSignal, timeoutMs?: number): BoundedSignal {
  const ending = new BoundedSignal(caller, timeoutMs);
  onTestFinished(() => ending.stop());
  return ending;
}

test('without a reason it goes on', () => {
  const ending = bounded(new AbortController().signal, 60_000);
  expect([ending.signal.aborted, kindOf(ending)]).toEqual([false, undefined]);
});

test('it ends with its caller, as cancelled', () => {
  const caller = new AbortController();
  const ending = bounded(caller.signal);
  caller.abort(new Error('anything'));
  expect([ending.signal.aborted, kindOf(ending)]).toEqual([true, 'cancelled']);
});

test('it ends at once with a caller that has ended', () => {
  expect(kindOf(bounded(AbortSignal.abort()))).toBe('cancelled');
});

test('a bound within a bound ends for the reason of the outer one', () => {
  const deadline = new RunAborted('deadline');
  expect(bounded(AbortSignal.abort(deadline)).signal.reason).toBe(deadline);
});

test('it ends at its deadline, be it set at the start or later', async () => {
  const [atStart, later] = [bounded(undefined, 1), bounded(undefined)];
  later.startDeadline(1);
  await expect.poll(() => [kindOf(atStart), kindOf(later)]).toEqual(['deadline', 'deadline']);
});

test('it can be cancelled', () => {
  const ending = bounded();
  ending.cancel();
  expect(kindOf(ending)).toBe('cancelled');
});

test('once it is stopped, neither its deadline nor its caller ends it, and the caller is let go', async () => {
  const caller = new AbortController();
  const ending = new BoundedSignal(caller.signal, 1);
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
  ending.stop();
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  caller.abort();
  const later = bounded(undefined, 2);
  await expect.poll(() => later.signal.aborted).toBe(true);
  expect(ending.signal.aborted).toBe(false);
});

test('any number may listen without a warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
  };
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const { signal } = bounded();
  for (let listener = 0; listener < 50; listener += 1) signal.addEventListener('abort', () => {});
  await nextTurn();
  expect(warnings).toEqual([]);
});

test.each<[what: string, error: unknown, wanted: boolean]>([
  ['our own end', new RunAborted('cancelled'), true],
  ['an error that it caused', new Error('request failed', { cause: new RunAborted('deadline') }), true],
  ['an error of its own', new Error('request failed'), false],
  ['an error with another cause', new Error('request failed', { cause: new Error('reset') }), false],
  ['no error', { cause: new RunAborted('deadline') }, false],
])('ended by us: %s', (_what, error, wanted) => {
  expect(endedByUs(error)).toBe(wanted);
});

test('why it ended is said in words', () => {
  expect(String(new RunAborted('deadline'))).toBe('RunAborted: the run reached its timeout');
  expect(new RunAborted('cancelled').message).toBe('the run was cancelled');
});

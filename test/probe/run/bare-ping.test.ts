import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { Exchange, HttpRequest } from '../../../src/network/exchange.ts';
import type { Transport } from '../../../src/network/transport.ts';
import { barePing } from '../../../src/probe/run/bare-ping.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { pathTo } from '../../support/paths.ts';

const path = pathTo('https://registry.example.org', { headers: { 'x-path': '1', 'user-agent': 'of the path' } });
const refusal = exchangeOf({ response: answerOf(401) });

/** Pings by a transport that does this. */
function pinged(
  exchange: Transport['exchange'],
  signal: AbortSignal,
  timeoutMs = 60_000,
): Promise<Exchange | undefined> {
  const transport = { exchange, close: () => Promise.resolve() };
  return barePing(transport, { path, userAgent: 'us', timeoutMs, signal });
}

/** Ends when the signal of the request does. */
const silent: Transport['exchange'] = ({ signal }) =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
  });

test('GET /v2/ with the headers of the path, to which a refusal is an answer, too', async () => {
  const sent: HttpRequest[] = [];
  const { signal } = new AbortController();
  const answer = await pinged((request) => {
    sent.push(request);
    return Promise.resolve(refusal);
  }, signal);
  expect(answer).toBe(refusal);
  expect(sent).toMatchObject([{ method: 'GET', headers: { 'user-agent': 'of the path', 'x-path': '1' } }]);
  expect(sent[0]?.url.href).toBe('https://registry.example.org/v2/');
  expect(sent[0]?.headers).not.toHaveProperty('authorization');
  // Nothing of it stays behind.
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('its own name, where the path has none', async () => {
  let sent: HttpRequest | undefined;
  const transport = {
    exchange: (request: HttpRequest) => Promise.resolve(((sent = request), refusal)),
    close: () => Promise.resolve(),
  };
  const { signal } = new AbortController();
  await barePing(transport, { path: pathTo(path.origin), userAgent: 'us', timeoutMs: 60_000, signal });
  expect(sent?.headers).toEqual({ 'user-agent': 'us' });
});

test('no answer: an error, our end of it, and no time left', async () => {
  const { signal } = new AbortController();
  expect(await pinged(() => Promise.reject(new Error('reset')), signal)).toBeUndefined();
  expect(await pinged(silent, AbortSignal.abort())).toBeUndefined();
  expect(await pinged(silent, signal, -5)).toBeUndefined();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an answer is waited for as long as it is allowed to take', async () => {
  vi.useFakeTimers();
  try {
    let isOver = false;
    const ping = pinged(silent, new AbortController().signal, 1_000).finally(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await ping).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

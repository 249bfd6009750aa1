import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectFirst } from '../../src/network/connect.ts';
import type { TriedAddress } from '../../src/network/exchange.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => {
  vi.useRealTimers();
  return opened.closeAll();
});

const four = (address: string) => ({ address, family: 4 }) as const;
const six = (address: string) => ({ address, family: 6 }) as const;

/** Connects to the addresses at one port, in a time that goes on by `advance` only; what was tried, and what came of it. */
function connecting(addresses: Parameters<typeof connectFirst>[0], port: number, timeoutMs: number) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let nowMs = 0;
  let begun = 0;
  const tried: TriedAddress[] = [];
  const result = connectFirst(addresses, {
    port,
    localAddress: undefined,
    timeoutMs,
    now: () => nowMs,
    ended: new AbortController().signal,
    onSocket: () => (begun += 1),
    onTried: (one) => tried.push(one),
  }).then(
    (socket) => opened.own({ remote: socket.remoteAddress, close: () => socket.destroy() }).remote,
    (error: { code: string }) => error.code,
  );
  return {
    result,
    begun: () => begun,
    order: () => tried.map((one) => `${one.address} ${one.code ?? 'open'} ${one.ms} ms`),
    advance: (ms: number): void => {
      nowMs += ms;
      vi.advanceTimersByTime(ms);
    },
  };
}

/** A port that answers on 127.0.0.2 and, where `sixToo`, on ::1, and that is deaf on 127.0.0.1. */
async function halfDeaf(sixToo = false): Promise<number> {
  const port = await opened.deafPort();
  await opened.tcp(() => {}, '127.0.0.2', port);
  if (sixToo) await opened.tcp(() => {}, '::1', port);
  return port;
}

describe('addresses of one family are tried one after the other, as Go does', () => {
  test.each([
    ['a dead one takes its share of the time, at least two seconds', 3_000, 2_000],
    ['half of the time when there is more', 5_000, 2_500],
  ])('%s', async (_name, timeoutMs, shareMs) => {
    const port = await halfDeaf();
    const { result, begun, order, advance } = connecting([four('127.0.0.1'), four('127.0.0.2')], port, timeoutMs);
    advance(shareMs - 1);
    expect([begun(), order()]).toEqual([1, []]);
    advance(1);
    expect(await result).toBe('127.0.0.2');
    expect(order()).toEqual([`127.0.0.1 ETIMEDOUT ${shareMs} ms`, '127.0.0.2 open 0 ms']);
  });

  test('what is left is divided anew among those that are left', async () => {
    const port = await opened.deafPort();
    const { result, begun, order, advance } = connecting([four('127.0.0.1'), four('127.0.0.1')], port, 5_000);
    advance(2_500);
    while (begun() < 2) await turn();
    advance(2_499);
    expect(order()).toHaveLength(1);
    advance(1);
    expect(await result).toBe('ETIMEDOUT');
    expect(order()).toEqual(Array(2).fill('127.0.0.1 ETIMEDOUT 2500 ms'));
  });

  test('and none is left for the second when there is no more than two seconds', async () => {
    const port = await halfDeaf();
    const { result, begun, advance } = connecting([four('127.0.0.1'), four('127.0.0.2')], port, 2_000);
    advance(2_000);
    expect([await result, begun()]).toEqual(['ETIMEDOUT', 1]);
  });

  test('one that refuses costs nothing', async () => {
    const { port } = await opened.tcp(() => {}, '127.0.0.3');
    const { result, order } = connecting([four('127.0.0.9'), four('127.0.0.3')], port, 5_000);
    expect(await result).toBe('127.0.0.3');
    expect(order()).toEqual(['127.0.0.9 ECONNREFUSED 0 ms', '127.0.0.3 open 0 ms']);
  });

  test('the first that fails is the one that is told of', async () => {
    const port = await opened.deafPort();
    const { result, begun, order, advance } = connecting([four('127.0.0.9'), four('127.0.0.1')], port, 300);
    // Not by polling, which moves timers that are not real.
    while (begun() < 2) await turn();
    advance(299);
    expect(order()).toHaveLength(1);
    advance(1);
    expect(await result).toBe('ECONNREFUSED');
    expect(order()).toEqual(['127.0.0.9 ECONNREFUSED 0 ms', '127.0.0.1 ETIMEDOUT 300 ms']);
  });
});

describe('the other family', () => {
  test('is tried after 300 ms, beside the first', async () => {
    const port = await halfDeaf(true);
    const { result, begun, order, advance } = connecting([four('127.0.0.1'), six('::1')], port, 5_000);
    advance(299);
    await turn();
    expect(begun()).toBe(1);
    advance(1);
    expect(await result).toBe('::1');
    expect(order()).toEqual(['::1 open 0 ms', '127.0.0.1 ABORTED 300 ms']);
  });

  test('at once when the first has failed', async () => {
    const { port } = await opened.tcp(() => {}, '::1');
    const { result, order } = connecting([four('127.0.0.9'), six('::1')], port, 5_000);
    expect(await result).toBe('::1');
    expect(order()).toEqual(['127.0.0.9 ECONNREFUSED 0 ms', '::1 open 0 ms']);
  });

  test('when both fail the first one is told of', async () => {
    const port = await opened.deafPort();
    const { result, begun, order, advance } = connecting([six('::1'), four('127.0.0.1')], port, 5_000);
    while (begun() < 2) await turn();
    advance(5_000);
    expect(await result).toBe('ECONNREFUSED');
    expect(order()).toEqual(['::1 ECONNREFUSED 0 ms', '127.0.0.1 ETIMEDOUT 5000 ms']);
  });
});

describe('one attempt', () => {
  function attempt(port: number, changes: Partial<Parameters<typeof connectFirst>[1]> = {}) {
    const tried: TriedAddress[] = [];
    const options = { port, localAddress: undefined, timeoutMs: 60_000, now: () => 0, onSocket: undefined };
    const ended = new AbortController().signal;
    const onTried = (one: TriedAddress): void => void tried.push(one);
    return { tried, result: connectFirst([four('127.0.0.1')], { ...options, ended, onTried, ...changes }) };
  }

  test('gives a socket that nobody listens to yet, and that takes 4 MiB at a time', async () => {
    const { port } = await opened.tcp(() => {});
    const socket = await attempt(port).result;
    opened.own({ close: () => socket.destroy() });
    expect(['connect', 'error', 'close'].map((event) => socket.listenerCount(event))).toEqual([0, 0, 0]);
    expect(socket.writableHighWaterMark).toBe(4_194_304);
  });

  test('is not begun when the opening is over, and ends with it', async () => {
    let begun = 0;
    const { result } = attempt(1, { ended: AbortSignal.abort(), onSocket: () => (begun += 1) });
    await expect(result).rejects.toMatchObject({
      stage: 'connect',
      code: 'ABORTED',
      message: 'connect failed: ABORTED',
    });
    expect(begun).toBe(0);
    const over = new AbortController();
    const sockets: Socket[] = [];
    const late = attempt(await opened.deafPort(), { ended: over.signal, onSocket: (socket) => sockets.push(socket) });
    over.abort();
    await expect(late.result).rejects.toMatchObject({ code: 'ABORTED' });
    // Nobody else listens: what the socket still says must not end the process.
    sockets[0]?.emit('error', new Error('late'));
    expect(late.tried).toEqual([{ ...four('127.0.0.1'), ms: 0, code: 'ABORTED' }]);
  });

  test('is made of the first address even if no time is left: it is the time that ended it', async () => {
    let nowMs = 0;
    const now = (): number => (nowMs += 10);
    const { result, tried } = attempt(await opened.deafPort(), { timeoutMs: 5, now });
    await expect(result).rejects.toMatchObject({ code: 'ETIMEDOUT', timer: 'connect' });
    expect(tried).toMatchObject([{ code: 'ETIMEDOUT' }]);
  });

  test('that is refused, or that Node does not even begin, fails with the code of the system, and its error as cause', async () => {
    const code = 'ERR_INVALID_IP_ADDRESS';
    const { result } = attempt(1, { localAddress: 'no address' });
    await expect(result).rejects.toMatchObject({ stage: 'connect', code, cause: { code } });
    await expect(attempt(1).result).rejects.toMatchObject({ code: 'ECONNREFUSED', cause: { syscall: 'connect' } });
  });

  test('whose socket is closed without a word was cut', async () => {
    const { result } = attempt(await opened.deafPort(), { onSocket: (socket) => socket.destroy() });
    await expect(result).rejects.toMatchObject({ stage: 'connect', code: 'ECONNRESET' });
  });
});

test('an exchange says which addresses were tried, how they ended and when', async () => {
  const dns = await opened.dns({ 'two.test': ['127.0.0.9', '127.0.0.3'] });
  const path = pathTo('http://two.test:1', { dnsServers: [`127.0.0.1:${dns.port}`], family: 4 });
  const error = await failureOf(opened.transport(path).exchange(get(path.origin)));
  expect(error).toMatchObject({ stage: 'connect', code: 'ECONNREFUSED' });
  expect(error.message).toMatch(/^connect failed after [\d.]+ ms: ECONNREFUSED$/);
  expect(error.exchange?.opening?.tried).toMatchObject([
    { address: '127.0.0.9', code: 'ECONNREFUSED' },
    { address: '127.0.0.3', code: 'ECONNREFUSED' },
  ]);
});

test.each([
  ['http://127.0.0.1:1', four('127.0.0.1')],
  ['http://[::1]:1', six('::1')],
])('an address in the URL asks no resolver, there is no such step: %s', async (url, address) => {
  const error = await failureOf(opened.transport(pathTo(url)).exchange(get(url)));
  const { opening } = error.exchange ?? {};
  expect(opening).toMatchObject({ tried: [address] });
  expect(opening).not.toHaveProperty('dnsMs');
});

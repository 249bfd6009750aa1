import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BodySocket } from '../../../src/network/body/body-socket.ts';
import { OutgoingBody } from '../../../src/network/body/outgoing-body.ts';
import type { Pacer } from '../../../src/network/body/pump.ts';
import type { HttpRequest, RequestBody } from '../../../src/network/exchange.ts';
import { get, streamed } from '../../support/servers.ts';

afterEach(() => vi.useRealTimers());

const socket: BodySocket = {
  writableLength: 0,
  writableHighWaterMark: 1,
  destroyed: false,
  cork: () => {},
  uncork: () => {},
  flushed: () => Promise.resolve(),
};
function outgoing(body: RequestBody | undefined, pacer?: Pacer, onLastByte = (): void => {}): OutgoingBody {
  const request: HttpRequest = get('https://r.test', body === undefined ? {} : { method: 'PUT', body });
  return new OutgoingBody(request, () => socket, pacer, onLastByte);
}

describe('what is known of a body', () => {
  const whole = { kind: 'bytes', bytes: new Uint8Array(7) } as const;

  test.each([
    ['none', undefined, 0, false, {}, false],
    ['one in memory', whole, 7, true, {}, false],
    ['a stream of declared length', streamed(70_000, true), 70_000, true, { 'content-length': '70000' }, true],
    ['a stream in chunks', streamed(70_000), 70_000, false, {}, true],
    ['a stream of nothing', streamed(0, true), 0, true, { 'content-length': '0' }, false],
  ] as const)('%s', (_what, body, plannedBytes, declaredLength, framing, streams) => {
    const found = outgoing(body);
    expect(found).toMatchObject({ plannedBytes, declaredLength, streams, isHeld: false });
    expect(found.framing).toEqual(framing);
  });

  test('what goes with the headers is sent with them', () => {
    const body = outgoing(whole);
    expect(body.forClient()).toBe(whole.bytes);
    expect(outgoing(undefined).forClient()).toBeNull();
    const facts = { plannedBytes: 7, declaredLength: true, offeredBytes: 7 };
    expect(body.facts(false)).toEqual({ ...facts, sentBytes: 0 });
    expect(body.facts(true)).toEqual({ ...facts, sentBytes: 7 });
  });

  test('what streams is sent as far as it got', async () => {
    let ended = 0;
    const body = outgoing(streamed(70_000), undefined, () => (ended += 1));
    expect(body.facts(true)).toMatchObject({ sentBytes: 0, offeredBytes: 0 });
    const sizes: number[] = [];
    for await (const chunk of body.forClient() as AsyncIterable<Uint8Array>) {
      sizes.push(chunk.byteLength);
      expect(body.isHeld).toBe(true);
    }
    expect(sizes).toEqual([32_768, 32_768, 4_464]);
    expect(body.facts(false)).toMatchObject({ sentBytes: 70_000, offeredBytes: 70_000 });
    expect(ended).toBe(1);
  });

  test('a rate is asked for each chunk, and the chunks are told that there is one', async () => {
    const asked: number[] = [];
    const told: boolean[] = [];
    const body = { ...streamed(40_000), chunks: (paced: boolean) => (told.push(paced), [new Uint8Array(3)]) };
    const pacer: Pacer = { take: async (bytes) => void asked.push(bytes) };
    for await (const chunk of outgoing(body, pacer).forClient() as AsyncIterable<Uint8Array>) void chunk;
    outgoing(body);
    expect([asked, told]).toEqual([[3], [true, false]]);
  });
});

describe('the watch', () => {
  /** Looks ten times a second at these figures, one after the other; what was told at each look. */
  function watched(sent: readonly number[], stallTimeoutMs: number | undefined, sending = true): string[] {
    vi.useFakeTimers();
    const body = outgoing(streamed(70_000));
    let at = -1;
    vi.spyOn(body, 'sentBytes').mockImplementation(() => sent[at] ?? 0);
    const told: string[] = [];
    const stop = body.watch({
      stallTimeoutMs,
      sending: () => sending,
      onProgress: (bytes) => told.push(`${bytes} at ${at}`),
      onStall: () => told.push(`stall at ${at}`),
      onLook: () => (at += 1),
    });
    vi.advanceTimersByTime(100 * sent.length);
    expect(at).toBe(sent.length - 1);
    stop();
    vi.advanceTimersByTime(10_000);
    expect(at).toBe(sent.length - 1);
    return told;
  }

  test('tells of each change', () => {
    expect(watched([5, 5, 9], undefined)).toEqual(['5 at 0', '9 at 2']);
  });

  test('tells of a stall once nothing was taken for so long', () => {
    expect(watched([5, 5, 5, 9, 9, 9, 9], 300)).toEqual(['5 at 0', '9 at 3', 'stall at 6']);
    expect(watched([0, 0], 200)).toEqual(['stall at 1']);
    expect(watched([0, 0], 201)).toEqual([]);
  });

  test('of a body that is out tells of none', () => {
    expect(watched([0, 0, 0], 100, false)).toEqual([]);
  });
});

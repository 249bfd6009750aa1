import { afterEach, describe, expect, test } from 'vitest';
import { type Exchange, NetworkError } from '../../src/network/exchange.ts';
import { ProtocolError } from '../../src/registry/errors.ts';
import { Lanes } from '../../src/registry/lanes.ts';
import { digestOf } from '../../src/registry/manifest.ts';
import { BlobPull, type PullManner, takesItOnce } from '../../src/registry/pull.ts';
import { RangedFetch } from '../../src/registry/ranged-fetch.ts';
import { anonymousClient } from '../support/anonymous-client.ts';
import { answerOf, exchangeOf } from '../support/exchanges.ts';
import { settle } from '../support/fake-clock.ts';
import { type Scene, startScriptedRegistry } from '../support/scripted-registry.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const text = 'abcdefghij';
const blob = { digest: digestOf(Buffer.from(text)), sizeBytes: text.length };
const manner: PullManner = {
  ...takesItOnce,
  resumesAfterMs: () => 7,
  wholeForRange: 'skips',
  ranges: { bytes: 4, atOnce: 2 },
};

type Play = (scene: Scene, from: number) => Promise<void> | void;

/** The rest from `from` on, of which so many bytes come before the connection ends; undefined: all. */
const part =
  (comes?: number, says?: string): Play =>
  async (scene, from) => {
    const body = text.slice(from);
    const range = says ?? `bytes ${from}-9/10`;
    await scene.raw(`HTTP/1.1 206 X\r\nContent-Range: ${range}\r\nContent-Length: ${body.length}\r\n\r\n`);
    await scene.raw(body.slice(0, comes));
    scene.end();
  };
const answer =
  (status: number, body: string): Play =>
  async (scene) => {
    await scene.raw(`HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    scene.end();
  };

/** One pull of the blob; `plays`: what becomes of a Range when it is asked for, in place of its bytes, each once. */
async function pulled(plays: Readonly<Record<string, Play>> = {}, own: PullManner = manner) {
  const asked: string[] = [];
  const left = new Map(Object.entries(plays));
  const registry = opened.own(
    await startScriptedRegistry({
      GET(scene) {
        const range = scene.request.headers.range ?? 'all';
        asked.push(range);
        const play = left.get(range) ?? part();
        left.delete(range);
        return play(scene, Number(/\d+/.exec(range)?.[0] ?? 0));
      },
    }),
  );
  let pauses = 0;
  const end = await new BlobPull(blob, own)
    .attempt(anonymousClient(opened, registry.url), {
      onBytes: () => {},
      pause: () => Promise.resolve(void (pauses += 1)),
      random: () => 0.5,
    })
    .then(
      () => 'whole',
      (error: unknown) => wordsOf(error),
    );
  return { asked: asked.toSorted(), end, pauses };
}

function wordsOf(error: unknown): string {
  if (error instanceof NetworkError) return 'cut';
  if (!(error instanceof ProtocolError)) throw error;
  return error.problem === 'unexpected_status' ? String(error.exchange.response?.status) : error.problem;
}

const three = ['bytes=0-', 'bytes=4-', 'bytes=8-'];

test('each range is asked for without an end, and the blob is put together', async () => {
  expect(await pulled()).toEqual({ asked: three, end: 'whole', pauses: 0 });
});

test.each<[what: string, plays: Readonly<Record<string, Play>>, end: string]>([
  ['the first is answered with all of it', { 'bytes=0-': answer(200, text) }, 'whole'],
  ['the first is answered with something else', { 'bytes=0-': answer(200, 'ABCDEFGHIJ') }, 'digest_differs'],
  ['the first is refused', { 'bytes=0-': answer(416, 'no') }, '416'],
])('nothing more is asked for when %s', async (_what, plays, end) => {
  expect(await pulled(plays)).toEqual({ asked: ['bytes=0-'], end, pauses: 0 });
});

test('a first range that begins elsewhere is told, when the bytes are wrong', async () => {
  const shifted: Play = async (scene) => {
    await scene.raw(`HTTP/1.1 206 X\r\nContent-Range: bytes 3-9/10\r\nContent-Length: 7\r\n\r\ndefghij`);
    scene.end();
  };
  expect((await pulled({ 'bytes=0-': shifted })).end).toBe('range_ignored');
});

test('nothing more is asked for when all of it is no more than one range', async () => {
  const large = { ...manner, ranges: { bytes: 10, atOnce: 2 } };
  expect(await pulled({}, large)).toEqual({ asked: ['bytes=0-'], end: 'whole', pauses: 0 });
});

test.each<[what: string, play: Play, end: string]>([
  ['all of it comes', answer(200, text), 'range_ignored'],
  ['another part comes', part(undefined, 'bytes 0-5/10'), 'whole'],
  ['it is refused', answer(416, 'no'), '416'],
  ['the hop lets no more connections in', answer(503, 'no'), '503'],
])('for a range further on: %s', async (_what, play, end) => {
  const { asked, ...rest } = await pulled({ 'bytes=4-': play });
  expect(rest).toEqual({ end, pauses: 0 });
  expect(asked).toContain('bytes=4-');
});

describe('a cut', () => {
  test('of the range that is read: it goes on there, in ranges again', async () => {
    const { asked, ...rest } = await pulled({ 'bytes=0-': part(2) });
    expect(rest).toEqual({ end: 'whole', pauses: 1 });
    expect(asked).toEqual(expect.arrayContaining(['bytes=0-', 'bytes=2-', 'bytes=4-', 'bytes=6-']));
  });

  test('of a range further on, while one before it comes: it ends the pull', async () => {
    const first: Play = async (scene) => {
      await scene.raw(`HTTP/1.1 206 X\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\nab`);
    };
    expect(await pulled({ 'bytes=0-': first, 'bytes=4-': part(1) })).toEqual({
      asked: ['bytes=0-', 'bytes=4-'],
      end: 'cut',
      pauses: 0,
    });
  });

  test('of a range further on, when all before it is there: it goes on there', async () => {
    let firstIsRead = (): void => {};
    const read = new Promise<void>((resolve) => (firstIsRead = resolve));
    const late: Play = async (scene, from) => {
      await read;
      await part(1)(scene, from);
    };
    // The third is asked for once the first has been read.
    const third: Play = async (scene, from) => {
      firstIsRead();
      await part()(scene, from);
    };
    const { asked, ...rest } = await pulled({ 'bytes=4-': late, 'bytes=8-': third });
    expect(rest).toEqual({ end: 'whole', pauses: 1 });
    expect(asked).toEqual(expect.arrayContaining([...three, 'bytes=5-', 'bytes=9-']));
  });
});

test('no more ranges are in memory than the client has at once', async () => {
  const asked: string[] = [];
  let before: readonly string[] = [];
  let secondCame = (): void => {};
  const second = new Promise<void>((resolve) => (secondCame = resolve));
  const { end } = await pulled({
    'bytes=0-': async (scene, from) => {
      asked.push('first');
      await scene.raw(`HTTP/1.1 206 X\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\nab`);
      await second;
      before = [...asked];
      await scene.raw(text.slice(from + 2));
    },
    'bytes=4-': async (scene, from) => {
      asked.push('second');
      await part()(scene, from);
      secondCame();
    },
    'bytes=8-': async (scene, from) => {
      asked.push('third');
      await part()(scene, from);
    },
  });
  expect(end).toBe('whole');
  expect(before).toEqual(['first', 'second']);
  expect(asked).toEqual(['first', 'second', 'third']);
});

/** A request for a range, whose answer the test makes. */
interface Asked {
  readonly from: number;
  /** Bytes of an answer come; false: no more of it is wanted. */
  come(text: string, status?: number, headers?: Readonly<Record<string, string[]>>): boolean;
  end(error?: NetworkError): void;
  fail(error: Error): void;
}

/** Ranges of four bytes of a blob of so many, two of them in memory. */
function byHand({ lanes = 9, from = 0 } = {}) {
  const asked: Asked[] = [];
  const got: string[] = [];
  const outcome = new RangedFetch({
    ranges: { bytes: 4, atOnce: 2 },
    lanes: new Lanes(lanes),
    from,
    signal: new AbortController().signal,
    onBytes: (bytes) => void got.push(Buffer.from(bytes).toString()),
    ask: (first, take) =>
      new Promise<Exchange>((resolve, reject) => {
        asked.push({
          from: first,
          come: (bytes, status = 206, headers = { 'content-length': ['10'] }) =>
            take(Buffer.from(bytes), { status, headers }) !== false,
          end: (error) =>
            resolve(exchangeOf({ requestHeaders: { range: String(first) }, response: answerOf(206), error })),
          fail: reject,
        });
      }),
  })
    .execute()
    .then(
      ({ requestHeaders, error }) => `${requestHeaders['range']}${error === undefined ? '' : ` ${error.code}`}`,
      (error: unknown) => error,
    );
  return { asked, got, outcome, froms: () => asked.map(({ from: first }) => first) };
}

const failure = (exchange?: Exchange): NetworkError =>
  Object.assign(new NetworkError({ stage: 'receive', code: 'ECONNRESET', message: 'cut' }), { exchange });
const cutAnswer = exchangeOf({ requestHeaders: { range: 'cut' }, response: answerOf(206), error: failure() });

describe('ranges side by side', () => {
  test('come in their order, and each is let go of once it is full', async () => {
    const { asked, got, outcome, froms } = byHand();
    await settle();
    expect(froms()).toEqual([0]);
    expect(asked[0]?.come('ab')).toBe(true);
    await settle();
    expect(froms()).toEqual([0, 4]);
    expect(asked[1]?.come('efghXX')).toBe(false);
    expect(got).toEqual(['ab']);
    expect(asked[0]?.come('cdXX')).toBe(false);
    expect(got).toEqual(['ab', 'cd']);
    asked[0]?.end();
    await settle();
    // What was kept of the second has come, and the third has its place.
    expect([got, froms()]).toEqual([
      ['ab', 'cd', 'efgh'],
      [0, 4, 8],
    ]);
    asked[1]?.end();
    await settle();
    expect(asked[2]?.come('i')).toBe(true);
    expect(asked[2]?.come('j')).toBe(true);
    asked[2]?.end();
    expect(await outcome).toBe('8');
    expect(got.join('')).toBe(text);
  });

  test.each<[string, number, Readonly<Record<string, string[]>>, readonly number[]]>([
    ['a part', 206, { 'content-length': ['9'] }, [0, 4]],
    ['a part of one range', 206, { 'content-length': ['4'] }, [0]],
    ['a part of no length', 206, {}, [0]],
    ['all of it that says which part', 200, { 'content-length': ['9'], 'content-range': ['bytes 0-8/9'] }, [0, 4]],
    ['all of it', 200, { 'content-length': ['9'] }, [0]],
  ])('%s comes: then so many are asked for', async (_what, status, headers, froms) => {
    const { asked, froms: seen } = byHand();
    await settle();
    asked[0]?.come('a', status, headers);
    await settle();
    expect(seen()).toEqual(froms);
  });

  test('all of it in the place of the rest: what is known is passed over', async () => {
    const { asked, got, outcome } = byHand({ from: 5 });
    await settle();
    for (const chunk of ['abc', 'defg', 'hijklmno']) expect(asked[0]?.come(chunk, 200)).toBe(true);
    asked[0]?.end();
    expect(await outcome).toBe('5');
    expect(got.join('')).toBe('fghijklmno');
  });

  test('an answer without bytes is all there is', async () => {
    const { asked, outcome, froms } = byHand();
    await settle();
    asked[0]?.end();
    expect([await outcome, froms()]).toEqual(['0', [0]]);
  });

  test('the first that fails ends all of them: nothing more is taken, or asked for', async () => {
    const { asked, got, outcome, froms } = byHand({ lanes: 2 });
    await settle();
    asked[0]?.come('ab');
    await settle();
    const first = new Error('first');
    asked[1]?.fail(first);
    await settle();
    expect(asked[0]?.come('cd')).toBe(false);
    asked[0]?.fail(new Error('second'));
    expect(await outcome).toBe(first);
    expect([got, froms()]).toEqual([['ab'], [0, 4]]);
  });

  test('what waits for its lane is not asked for after a failure', async () => {
    const { asked, outcome, froms } = byHand({ lanes: 1 });
    await settle();
    asked[0]?.come('ab');
    await settle();
    const first = new Error('first');
    asked[0]?.fail(first);
    expect([await outcome, froms()]).toEqual([first, [0]]);
  });

  test.each<[string, NetworkError, unknown]>([
    ['with its answer: the exchange, so that the rest can be asked for', failure(cutAnswer), 'cut ECONNRESET'],
    ['without an answer', failure(exchangeOf()), failure(exchangeOf())],
    ['without an exchange', failure(), failure()],
  ])('one that is read is cut %s', async (_what, error, expected) => {
    const { asked, outcome } = byHand();
    await settle();
    asked[0]?.fail(error);
    expect(await outcome).toEqual(expected);
  });

  test('one that is cut while one before it comes is a failure', async () => {
    const { asked, outcome } = byHand();
    await settle();
    asked[0]?.come('ab');
    await settle();
    const cut = failure(cutAnswer);
    asked[1]?.fail(cut);
    await settle();
    asked[0]?.fail(new Error('ended'));
    expect(await outcome).toBe(cut);
  });
});

test('lanes let as many in as they have, in the order in which they came, also after a failure', async () => {
  const lanes = new Lanes(1);
  const order: string[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const all = [
    lanes.run(async () => {
      order.push('first');
      await held;
      throw new Error('it fails');
    }),
    lanes.run(() => Promise.resolve(void order.push('second'))),
    lanes.run(() => Promise.resolve(void order.push('third'))),
  ];
  order.push('all came');
  release();
  const ends = await Promise.allSettled(all);
  expect(order).toEqual(['first', 'all came', 'second', 'third']);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

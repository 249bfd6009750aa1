import { afterEach, describe, expect, test } from 'vitest';
import { type HttpResponse, NetworkError } from '../../src/network/exchange.ts';
import { ProtocolError } from '../../src/registry/errors.ts';
import { digestOf } from '../../src/registry/manifest.ts';
import { BlobPull, type PullCut, type PullManner, takesItOnce } from '../../src/registry/pull.ts';
import type { RegistryClient } from '../../src/registry/registry-client.ts';
import type { RegistryRequest } from '../../src/registry/registry-request.ts';
import { anonymousClient } from '../support/anonymous-client.ts';
import { answerOf, exchangeOf } from '../support/exchanges.ts';
import { type Script, startScriptedRegistry } from '../support/scripted-registry.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const text = 'abcdefghij';
const blob = { digest: digestOf(Buffer.from(text)), sizeBytes: text.length };

/** An answer of which `body` comes, and then a FIN: short of `promisedBytes`, that is a cut. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly promisedBytes?: number;
  readonly contentRange?: string;
}

const whole: Answer = { status: 200, body: text };
const refused = (status: number): Answer => ({ status, body: 'no' });
const cutAfter = (bytes: number): Answer => ({ status: 200, body: text.slice(0, bytes), promisedBytes: text.length });
/** The rest from byte `from` on, which says that it begins at `says` and ends before `to`. */
const rest = (from: number, says = `bytes ${from}-9/10`, to = text.length): Answer => ({
  status: 206,
  body: text.slice(from, to),
  promisedBytes: text.length - from,
  contentRange: says,
});

function play({ status, body, promisedBytes = body.length, contentRange }: Answer): Script {
  const range = contentRange === undefined ? '' : `Content-Range: ${contentRange}\r\n`;
  return async (scene) => {
    await scene.raw(
      `HTTP/1.1 ${status} X\r\n${range}Connection: close\r\nContent-Length: ${promisedBytes}\r\n\r\n${body}`,
    );
    scene.end();
  };
}

interface Options {
  readonly attempts?: number;
  /** Whether the check lets the client do what it does within an attempt. */
  readonly withinAttempt?: boolean;
}

/** Attempts at the blob, each request answered by the next of `answers`: what was asked for, what came of each attempt, bytes that came. */
async function pulled(
  manner: PullManner,
  answers: readonly Answer[],
  { attempts = 1, withinAttempt = true }: Options = {},
) {
  const asked: string[] = [];
  const registry = opened.own(
    await startScriptedRegistry({
      GET: (scene) => {
        asked.push(scene.request.headers.range ?? 'all');
        return play(answers[asked.length - 1] ?? refused(599))(scene);
      },
    }),
  );
  const client = anonymousClient(opened, registry.url);
  const pull = new BlobPull(blob, manner);
  const pauses: number[] = [];
  const pause = (delayMs: number): Promise<void> => Promise.resolve(void pauses.push(delayMs));
  const ends: string[] = [];
  let bytes = 0;
  for (let number = 1; number <= attempts; number += 1) {
    const options = {
      onBytes: (count: number) => void (bytes += count),
      pause: withinAttempt ? pause : undefined,
      random: () => 0.5,
    };
    await pull.attempt(client, options).then(
      () => ends.push('whole'),
      (error: unknown) => ends.push(wordsOf(error)),
    );
  }
  return { asked, ends, bytes, pauses };
}

function wordsOf(error: unknown): string {
  if (error instanceof NetworkError) return 'cut';
  if (!(error instanceof ProtocolError)) throw error;
  return error.problem === 'unexpected_status' ? String(error.exchange.response?.status) : error.problem;
}

const within: PullManner = { ...takesItOnce, resumesAfterMs: () => 7 };
const skipping: PullManner = { ...within, wholeForRange: 'skips' };
const nextTime: PullManner = { ...takesItOnce, resumesAtNextAttempt: true };

type Case = readonly [
  what: string,
  manner: PullManner,
  answers: readonly Answer[],
  asked: readonly string[],
  end: string,
];

describe('one attempt', () => {
  test.each<Case>([
    ['all of it', takesItOnce, [whole], ['all'], 'whole'],
    ['an answer that is short by its own word', takesItOnce, [{ status: 200, body: 'abcd' }], ['all'], 'length_wrong'],
    ['an answer that is too long', takesItOnce, [{ status: 200, body: `${text}k` }], ['all'], 'length_wrong'],
    ['other bytes, as many', takesItOnce, [{ status: 200, body: 'abcdefghiJ' }], ['all'], 'digest_differs'],
    ['no such blob', takesItOnce, [refused(404)], ['all'], '404'],
    ['a part of it that nobody asked for', takesItOnce, [rest(0)], ['all'], '206'],
    ['a cut, for a client that takes it once', takesItOnce, [cutAfter(4), rest(4)], ['all'], 'cut'],
    ['a cut, and the rest', within, [cutAfter(4), rest(4)], ['all', 'bytes=4-'], 'whole'],
    [
      'a rest that is cut, too',
      within,
      [cutAfter(4), rest(4, 'bytes 4-9/10', 6), rest(6)],
      ['all', 'bytes=4-', 'bytes=6-'],
      'whole',
    ],
    ['a cut before the first byte', within, [cutAfter(0), whole], ['all', 'all'], 'whole'],
    [
      'a rest of other bytes',
      within,
      [cutAfter(4), { ...rest(4), body: 'EFGHIJ' }],
      ['all', 'bytes=4-'],
      'digest_differs',
    ],
    [
      'a rest that begins before what was asked for',
      within,
      [cutAfter(4), rest(3, 'bytes 3-9/10')],
      ['all', 'bytes=4-'],
      'range_ignored',
    ],
    [
      'a rest whose start only begins alike',
      within,
      [cutAfter(4), rest(4, 'bytes 40-49/50')],
      ['all', 'bytes=4-'],
      'range_ignored',
    ],
    ['a rest in another unit', within, [cutAfter(4), rest(4, 'items 4-9/10')], ['all', 'bytes=4-'], 'range_ignored'],
    [
      'a rest without Content-Range',
      within,
      [cutAfter(4), { ...rest(4), contentRange: undefined }],
      ['all', 'bytes=4-'],
      'range_ignored',
    ],
    ['416 to a Range', within, [cutAfter(4), refused(416), whole], ['all', 'bytes=4-'], '416'],
    ['503 to a Range', within, [cutAfter(4), refused(503), whole], ['all', 'bytes=4-'], '503'],
    ['200 to a Range, which is a failure', within, [cutAfter(4), whole], ['all', 'bytes=4-'], 'range_ignored'],
    ['200 to a Range, whose known part is skipped', skipping, [cutAfter(4), whole], ['all', 'bytes=4-'], 'whole'],
    [
      '200 to a Range that is cut within the known part',
      skipping,
      [cutAfter(4), cutAfter(3), whole],
      ['all', 'bytes=4-', 'bytes=4-'],
      'whole',
    ],
    ['206 to one that skips', skipping, [cutAfter(4), rest(4)], ['all', 'bytes=4-'], 'whole'],
    [
      'a misplaced 206 to one that skips',
      skipping,
      [cutAfter(4), rest(3, 'bytes 3-9/10')],
      ['all', 'bytes=4-'],
      'range_ignored',
    ],
  ])('%s', async (_what, manner, answers, asked, end) => {
    expect(await pulled(manner, answers)).toMatchObject({ asked, ends: [end] });
  });

  test('of what goes on far beyond the size of the blob the most is not read', async () => {
    const { ends, bytes } = await pulled(takesItOnce, [{ status: 200, body: text.repeat(400_000) }]);
    expect(ends).toEqual(['length_wrong']);
    expect(bytes).toBeGreaterThan(64 * 1024);
    expect(bytes).toBeLessThan(1_000_000);
  });

  test('every byte that came is counted, those that are skipped included', async () => {
    expect((await pulled(skipping, [cutAfter(4), whole])).bytes).toBe(14);
  });

  test('headers and Range are those of the client, and the stored bytes are asked for', async () => {
    const seen: unknown[] = [];
    const registry = opened.own(
      await startScriptedRegistry({
        GET: (scene) => {
          const { accept, range, 'accept-encoding': coding } = scene.request.headers;
          seen.push({ url: scene.request.url, accept, range, coding });
          return play(seen.length === 1 ? cutAfter(4) : rest(4))(scene);
        },
      }),
    );
    const manner: PullManner = {
      ...within,
      headers: { accept: 'application/octet-stream', 'accept-encoding': 'gzip' },
      range: (from, sizeBytes) => `bytes=${from}-${sizeBytes}`,
    };
    await new BlobPull(blob, manner).attempt(anonymousClient(opened, registry.url), {
      onBytes: () => {},
      pause: () => Promise.resolve(),
      random: () => 0,
    });
    const each = {
      url: `/v2/probe/blobs/blobs/${blob.digest}`,
      accept: 'application/octet-stream',
      coding: 'identity',
    };
    expect(seen).toEqual([
      { ...each, range: undefined },
      { ...each, range: 'bytes=4-10' },
    ]);
  });
});

describe('a resumption within the attempt', () => {
  test('is told what was cut, waits as long as the client says, and ends when it gives up', async () => {
    const cuts: PullCut[] = [];
    const manner: PullManner = {
      ...within,
      resumesAfterMs(cut, random) {
        cuts.push(cut);
        return cut.emptyResumptions < 2 ? random * 100 * (cut.resumptions + 1) : undefined;
      },
    };
    const nothing = rest(4, 'bytes 4-9/10', 4);
    const some = rest(4, 'bytes 4-9/10', 6);
    const nothingMore = rest(6, 'bytes 6-9/10', 6);
    const { asked, ends, pauses } = await pulled(manner, [
      cutAfter(4),
      nothing,
      some,
      nothingMore,
      nothingMore,
      rest(6),
    ]);
    const code = 'UND_ERR_SOCKET';
    expect(cuts).toEqual([
      { code, newBytes: 4, resumptions: 0, emptyResumptions: 0 },
      { code, newBytes: 0, resumptions: 1, emptyResumptions: 1 },
      { code, newBytes: 2, resumptions: 2, emptyResumptions: 0 },
      { code, newBytes: 0, resumptions: 3, emptyResumptions: 1 },
      { code, newBytes: 0, resumptions: 4, emptyResumptions: 2 },
    ]);
    expect(pauses).toEqual([50, 100, 150, 200]);
    expect(asked).toEqual(['all', 'bytes=4-', 'bytes=4-', 'bytes=6-', 'bytes=6-']);
    expect(ends).toEqual(['cut']);
  });

  test('is not made where the check leaves no waits to the client', async () => {
    const { asked, ends } = await pulled(within, [cutAfter(4), rest(4)], { withinAttempt: false });
    expect([asked, ends]).toEqual([['all'], ['cut']]);
  });
});

describe('an opening that is tried twice', () => {
  const twice: PullManner = { ...within, opensTwice: true };

  test.each<readonly [string, PullManner, readonly Answer[], boolean, readonly string[], string]>([
    ['a refusal, then the blob', twice, [refused(503), whole], true, ['all', 'all'], 'whole'],
    ['two refusals', twice, [refused(503), refused(500), whole], true, ['all', 'all'], '500'],
    ['another client', within, [refused(503), whole], true, ['all'], '503'],
    ['no waits left to the client', twice, [refused(503), whole], false, ['all'], '503'],
    ['a refused resumption', twice, [cutAfter(4), refused(503), rest(4)], true, ['all', 'bytes=4-'], '503'],
  ])('%s', async (_what, manner, answers, withinAttempt, asked, end) => {
    expect(await pulled(manner, answers, { withinAttempt })).toMatchObject({ asked, ends: [end] });
  });
});

describe('several attempts', () => {
  test.each<readonly [string, PullManner, readonly Answer[], readonly string[], readonly string[]]>([
    ['begin anew', takesItOnce, [cutAfter(4), whole], ['all', 'all'], ['cut', 'whole']],
    ['go on where the client does', nextTime, [cutAfter(4), rest(4)], ['all', 'bytes=4-'], ['cut', 'whole']],
    [
      'go on where one that also resumes within its attempt gave up',
      { ...nextTime, resumesAfterMs: ({ resumptions }) => (resumptions < 1 ? 7 : undefined) },
      [cutAfter(4), rest(4, 'bytes 4-9/10', 4), rest(4)],
      ['all', 'bytes=4-', 'bytes=4-'],
      ['cut', 'whole'],
    ],
    [
      'go on twice, when the first rest brought something',
      nextTime,
      [cutAfter(4), rest(4, 'bytes 4-9/10', 6), rest(6)],
      ['all', 'bytes=4-', 'bytes=6-'],
      ['cut', 'cut', 'whole'],
    ],
    [
      'begin anew after a resumption that was refused',
      nextTime,
      [cutAfter(4), refused(416), whole],
      ['all', 'bytes=4-', 'all'],
      ['cut', '416', 'whole'],
    ],
    [
      'begin anew after a resumption that was answered with all',
      nextTime,
      [cutAfter(4), whole, whole],
      ['all', 'bytes=4-', 'all'],
      ['cut', 'range_ignored', 'whole'],
    ],
    [
      'begin anew after a resumption that brought nothing',
      nextTime,
      [cutAfter(4), rest(4, 'bytes 4-9/10', 4), whole],
      ['all', 'bytes=4-', 'all'],
      ['cut', 'cut', 'whole'],
    ],
    [
      'begin anew after bytes that were wrong',
      nextTime,
      [{ status: 200, body: 'abcdefghiJ' }, whole],
      ['all', 'all'],
      ['digest_differs', 'whole'],
    ],
  ])('%s', async (_what, manner, answers, asked, ends) => {
    expect(await pulled(manner, answers, { attempts: ends.length })).toMatchObject({ asked, ends });
  });
});

/** An answer by hand, its body in these pieces, and how it ended. */
interface ByHand {
  readonly pieces: readonly string[];
  readonly head?: Pick<HttpResponse, 'status' | 'headers'>;
  readonly end?: string;
}

/** Attempts at a blob of twenty bytes: what was asked for, whether more of each piece's answer was wanted, and what came of each attempt. */
async function byHand(manner: PullManner, answers: readonly ByHand[], attempts = 1) {
  const sent: RegistryRequest[] = [];
  const wanted: boolean[] = [];
  const client = {
    signal: new AbortController().signal,
    url: (rest: string) => new URL(rest, 'https://registry.example.org'),
    async send(request: RegistryRequest) {
      const { pieces, head = { status: 200, headers: {} }, end } = answers[sent.length] ?? { pieces: [] };
      sent.push(request);
      for (const piece of pieces) wanted.push(request.onResponseChunk?.(Buffer.from(piece), head) !== false);
      const error = end === undefined ? undefined : new NetworkError({ stage: 'receive', code: end, message: 'cut' });
      return exchangeOf({ response: answerOf(head.status), error });
    },
  } as unknown as RegistryClient;
  const twenty = 'abcdefghijklmnopqrst';
  const pull = new BlobPull({ digest: digestOf(Buffer.from(twenty)), sizeBytes: 20 }, manner);
  const ends: string[] = [];
  for (let number = 1; number <= attempts; number += 1) {
    await pull.attempt(client, { onBytes: () => {}, pause: () => Promise.resolve(), random: () => 0 }).then(
      () => ends.push('whole'),
      ({ step, problem, message }: { step?: string; problem?: string; message: string }) =>
        ends.push(step === undefined ? message : `${step}: ${problem}: ${message}`),
    );
  }
  return { ends, wanted, sentOnce: sent.map(({ sentOnce }) => sentOnce) };
}

const partial = (range: string): ByHand['head'] => ({ status: 206, headers: { 'content-range': [range] } });
const first: ByHand = { pieces: ['abcdefghijkl'], end: 'UND_ERR_SOCKET' };

test.each<[string, PullManner, readonly ByHand[], string]>([
  ['less', takesItOnce, [{ pieces: ['abcd'] }], 'pull: length_wrong: pulled 4 bytes of 20'],
  [
    'more',
    takesItOnce,
    [{ pieces: ['abcdefghijklmnopqrstu'], end: 'BODY_TOO_LONG' }],
    'pull: length_wrong: pulled 21 bytes of 20, and more came',
  ],
  [
    'other bytes',
    takesItOnce,
    [{ pieces: ['abcdefghijklmnopqrsT'] }],
    'pull: digest_differs: pulled bytes have another digest',
  ],
  [
    'all in the place of the rest',
    within,
    [first, { pieces: ['abcd'] }],
    'pull: range_ignored: asked for the rest from byte 12 on, all of the blob came (200)',
  ],
  ['the rest', within, [first, { pieces: ['mnop', 'qrst'], head: partial('bytes 12-19/20') }], 'whole'],
  [
    'another part',
    within,
    [first, { pieces: ['mnopqrst'], head: partial('bytes 1-19/20') }],
    'pull: range_ignored: asked for the rest from byte 12 on, the answer does not say that it begins there',
  ],
  [
    'a part that is named behind something else',
    within,
    [first, { pieces: ['mnopqrst'], head: partial('x bytes 12-19/20') }],
    'pull: range_ignored: asked for the rest from byte 12 on, the answer does not say that it begins there',
  ],
  [
    'all in pieces, of which the known ones are skipped',
    skipping,
    [first, { pieces: ['abcde', 'fghij', 'klmnopqrst'] }],
    'whole',
  ],
])('%s comes', async (_what, manner, answers, end) => {
  expect((await byHand(manner, answers)).ends).toEqual([end]);
});

test('of an answer that does not fit no more is wanted', async () => {
  const { wanted } = await byHand(within, [first, { pieces: ['abcd', 'efgh'] }]);
  expect(wanted).toEqual([true, false, false]);
});

test.each<[string, PullManner, number, readonly boolean[]]>([
  ['at the next attempt: once, lest it be refused twice', nextTime, 2, [false, true]],
  ['within its attempt: as often as it sends requests again', within, 1, [false, false]],
])('a rest is asked for %s', async (_what, manner, attempts, sentOnce) => {
  const answers = [first, { pieces: ['mnopqrst'], head: partial('bytes 12-19/20') }];
  expect((await byHand(manner, answers, attempts)).sentOnce).toEqual(sentOnce);
});

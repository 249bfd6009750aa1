import { describe, expect, test } from 'vitest';
import { type Exchange, NetworkError } from '../../../src/network/exchange.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import { sendResumedChunks } from '../../../src/probe/run/resumed-chunks.ts';
import { ProtocolError } from '../../../src/registry/errors.ts';
import type { UploadSession } from '../../../src/registry/upload.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { lines, type Scripted, scriptedClient } from '../../support/scripted-client.ts';

const uploads = '/v2/a/b/blobs/uploads/';

function takenTo(range?: string): Exchange {
  return exchangeOf({ response: answerOf(202, range === undefined ? {} : { range }) });
}

function refused(status: number, headers: Readonly<Record<string, string>> = {}): ProtocolError {
  const exchange = exchangeOf({ response: answerOf(status, headers) });
  return new ProtocolError({ step: 'send', problem: 'unexpected_status', exchange, message: 'refused' });
}

interface Push {
  readonly sizeBytes?: number;
  readonly chunkBytes?: number;
  /** What the registry says when it is asked where it stands, in turn. */
  readonly places?: readonly Scripted[];
  readonly resends?: boolean;
  readonly resumesAfter?: (refusal: object) => boolean;
}

const again = { policy: () => undefined, sleep: () => Promise.resolve() };
const always = { resumesAfter: () => true };

/** A push of 250 bytes in chunks of 100, whose chunks get these answers in turn; without one more, all is taken. */
async function push(answers: readonly (Exchange | Error)[], how: Push = always) {
  const { sizeBytes = 250, chunkBytes = 100, places = [], resends = true, resumesAfter } = how;
  const steps: string[] = [];
  const onStep = (step: string): void => void steps.push(step);
  const { client, sent } = scriptedClient(places, resends ? { resend: again, onStep } : { onStep });
  const location = new URL(`https://registry.example.org${uploads}1`);
  const session: UploadSession = { location, acknowledgedBytes: undefined, chunkMinBytes: undefined };
  const chunks: string[] = [];
  const send = async (from: number, to: number): Promise<Exchange> => {
    const answer = answers[chunks.length] ?? takenTo();
    chunks.push(`${from}-${to}`);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const all = { client, session, sizeBytes, chunkBytes, resumesAfter, send };
  const error: unknown = await sendResumedChunks(all).catch((thrown: unknown) => thrown);
  return { chunks, error, asked: lines(sent), session, steps };
}

describe('what comes after an accepted chunk', () => {
  test.each<[what: string, ranges: readonly (string | undefined)[], chunks: readonly string[]]>([
    ['the next one, where no Range is given', [undefined], ['0-100', '100-200', '200-250']],
    ['the next one, where none can be read', ['0-x', '0-5-9'], ['0-100', '100-200', '200-250']],
    ['the next one, where all of it is held', ['0-99', 'bytes=0-199'], ['0-100', '100-200', '200-250']],
    [
      'the rest of it, and from then on smaller ones',
      ['0-59', '0-99'],
      ['0-100', '60-100', '100-140', '140-180', '180-220', '220-250'],
    ],
    ['the rest of a later one, where more is held than was sent', ['0-149'], ['0-100', '150-200', '200-250']],
    ['nothing, where all is held', ['0-249'], ['0-100']],
  ])('%s', async (_what, ranges, chunks) => {
    const done = await push(ranges.map((range) => takenTo(range)));
    expect([done.error, done.chunks]).toEqual([undefined, chunks]);
  });

  test.each<[what: string, ranges: readonly string[], count: number]>([
    ['nothing of it is held', ['0-99', '0-99'], 2],
    ['nothing at all is held', ['0--1'], 1],
    ['less is held than before', ['0-99', '0-98'], 2],
    ['more is held than there is', ['0-250'], 1],
  ])('nothing: %s', async (_what, ranges, count) => {
    const { error, chunks } = await push(ranges.map((range) => takenTo(range)));
    expect(chunks).toHaveLength(count);
    expect(error).toMatchObject({
      step: 'send',
      problem: 'range_unparsable',
      message: `PATCH was accepted with Range ${ranges.at(-1)}, from which the client cannot go on`,
      exchange: { response: { headers: { range: [ranges.at(-1)] } } },
    });
  });

  test('of a Range as long as you like 40 characters are told', async () => {
    const { error } = await push([takenTo(`${'0'.repeat(60)}--1`)]);
    expect((error as Error).message).toContain(`with Range ${'0'.repeat(40)}, from`);
  });

  test.each<[heldBytes: number, isGoneOn: boolean]>([
    [1_998, true],
    [1_999, false],
  ])('a thousandth of a chunk is the least that it becomes: of 2000 bytes %i are held', async (heldBytes, isGoneOn) => {
    const how = { ...always, sizeBytes: 2_004, chunkBytes: 2_000 };
    const { chunks, error } = await push([takenTo(`0-${heldBytes - 1}`)], how);
    expect([chunks[1], error === undefined]).toEqual(isGoneOn ? ['1998-2000', true] : [undefined, false]);
  });

  test('it crawls only while it is in the same chunk', async () => {
    const { chunks, error } = await push([takenTo('0-0'), takenTo('0-1')], { ...always, sizeBytes: 3, chunkBytes: 1 });
    expect([chunks, error]).toEqual([['0-1', '1-2', '2-3'], undefined]);
  });
});

describe('after a refusal', () => {
  const location = `${uploads}2`;
  const place = answerOf(204, { range: '0-49', location });

  test('the client asks, and goes on from there', async () => {
    const { chunks, asked, session, error, steps } = await push([refused(503)], { ...always, places: [place] });
    expect([asked, error, steps.at(-1)]).toEqual([[`GET ${uploads}1`], undefined, 'send']);
    expect(chunks.slice(0, 3)).toEqual(['0-100', '50-100', '100-150']);
    expect([session.location.pathname, session.acknowledgedBytes]).toEqual([location, 50]);
  });

  test.each<[status: number, headers: Readonly<Record<string, string>>, isAsked: boolean]>([
    [400, { range: '0-49', location }, false],
    [499, { range: '0-49', location }, false],
    [399, { range: '0-49', location }, true],
    [500, { range: '0-49', location }, true],
    [416, { range: '0-49' }, true],
    [416, { location }, true],
  ])('%i with %j: whether it asks', async (status, headers, isAsked) => {
    const { asked, chunks } = await push([refused(status, headers)], { ...always, places: [place] });
    expect([asked.length, chunks[1]]).toEqual([isAsked ? 1 : 0, '50-100']);
  });

  test('where nothing of it is held, the same bytes go again, to where they went', async () => {
    const { chunks, session } = await push([refused(503)], { ...always, places: [answerOf(204, { range: '0--1' })] });
    expect(chunks.slice(0, 2)).toEqual(['0-100', '0-100']);
    expect([session.location.pathname, session.acknowledgedBytes]).toEqual([`${uploads}1`, 0]);
  });

  test('that leads to where the path may not go: it ends there', async () => {
    const told = refused(416, { range: '0-49', location: 'https://elsewhere.example.net/1' });
    expect((await push([told])).error).toMatchObject({ step: 'send', problem: 'location_foreign' });
  });

  test('a registry that says `0-0` holds a byte where one was sent', async () => {
    const told = refused(416, { range: '0-0', location });
    const { session } = await push([takenTo('0-0'), told], { ...always, sizeBytes: 2, chunkBytes: 1 });
    expect(session.acknowledgedBytes).toBe(1);
  });

  test('the client is asked whether it goes on, with what it was answered', async () => {
    const seen: object[] = [];
    const resumesAfter = (refusal: object): boolean => seen.push(refusal) > 1;
    const first = await push([refused(429, { 'retry-after': '2' })], { resumesAfter, places: [place] });
    expect([first.error, first.asked]).toMatchObject([{ message: 'refused' }, []]);
    await push([refused(503)], { resumesAfter, places: [place] });
    expect(seen).toEqual([
      { status: 429, retryAfterMs: 2_000 },
      { status: 503, retryAfterMs: 0 },
    ]);
  });

  const redirected = new ProtocolError({
    step: 'send',
    problem: 'redirected',
    exchange: exchangeOf({ response: answerOf(307) }),
    message: 'led away',
  });
  test.each<[what: string, error: Error, how: Push]>([
    ['a lost connection', new NetworkError({ stage: 'send', code: 'ECONNRESET', message: 'cut' }), always],
    ['an answer that leads away', redirected, always],
    ['a client that goes on from none', refused(503), {}],
    ['a push in which nothing is sent again', refused(503), { ...always, resends: false }],
  ])('%s ends it', async (_what, error, how) => {
    const done = await push([error], { ...how, places: [place] });
    expect([done.error, done.asked]).toEqual([error, []]);
  });

  test.each([
    ['is refused, too', answerOf(503)],
    ['is answered as no upload is', answerOf(200, { range: '0-49' })],
  ])('the refusal stands when the question %s', async (_what, answer) => {
    const refusal = refused(404);
    expect((await push([refusal], { ...always, places: [answer] })).error).toBe(refusal);
  });

  test('a run that we end while it asks ends as such', async () => {
    const ended = new Error('ended', { cause: new RunAborted('deadline') });
    expect((await push([refused(404)], { ...always, places: [ended] })).error).toBe(ended);
  });

  test('chunks that were accepted before make no more refusals good than there were', async () => {
    const refusals = Array.from({ length: 11 }, () => refused(503));
    const standing = answerOf(204, { range: '0-199' });
    const places = refusals.map(() => standing);
    const { error, chunks } = await push([takenTo(), takenTo(), ...refusals], { ...always, places });
    expect([error, chunks.length]).toEqual([refusals.at(-1), 13]);
  });

  test('a place that is no URL ends it', async () => {
    const { error } = await push([refused(416, { range: '0-49', location: 'http://[' })]);
    expect(error).toMatchObject({ step: 'send', problem: 'location_unparsable' });
  });

  test('it is the one that stands when an accepted chunk leads nowhere', async () => {
    const refusal = refused(503);
    const { error } = await push([refusal, takenTo('0-250')], { ...always, places: [place] });
    expect(error).toBe(refusal);
  });
});

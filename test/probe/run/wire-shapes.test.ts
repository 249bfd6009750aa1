import { describe, expect, test } from 'vitest';
import type { RequestBody } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import type { ClientProfile } from '../../../src/probe/clients/client-profile.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import { wireShapes } from '../../../src/probe/run/wire-shapes.ts';
import type { UploadSession } from '../../../src/registry/upload.ts';
import { checkOf } from '../../support/checks.ts';
import { answerOf } from '../../support/exchanges.ts';
import { pathTo } from '../../support/paths.ts';
import { lines, type Scripted, scriptedClient } from '../../support/scripted-client.ts';

const path = pathTo('https://registry.example.org', { allowHosts: ['uploads.example.net'] });
const digest = 'sha256:ab';
const query = `digest=${encodeURIComponent(digest)}`;
const uploads = '/v2/a/b/blobs/uploads/';
const opens = answerOf(202, { location: `${uploads}1` });
const stored = answerOf(201);
const taken = (range: string, location = `${uploads}2`): Scripted => answerOf(202, { range, location });
const ended = new Error('ended', { cause: new RunAborted('cancelled') });

/** What was asked of the payload for a body: the bytes of the first write, and of one after 64 MiB; from, to. */
type Pieces = readonly [first: number, late: number, from: number, to: number];

interface Pushed {
  readonly error: unknown;
  readonly asked: readonly string[];
  readonly headers: readonly Readonly<Record<string, string>>[];
  readonly bodies: readonly (RequestBody | undefined)[];
  /** Whether a refusal of the request shows that the host lives. */
  readonly forgives: readonly (boolean | undefined)[];
  /** Whether its body can be sent again. */
  readonly again: readonly (boolean | undefined)[];
  /** How the body of a request is written, at a set rate or not. */
  readonly pieces: (index: number, paced: boolean) => Pieces | undefined;
  readonly sessions: readonly UploadSession[];
  readonly fallbacks: readonly unknown[];
  readonly left: readonly string[];
}

/** A push of ten bytes as this client, with what comes of its requests in turn. */
async function push(changes: Partial<ClientProfile>, answers: readonly Scripted[]): Promise<Pushed> {
  const profile: ClientProfile = { ...clientProfiles.monolithic, writeBytes: 4, ...changes };
  const forgives: (boolean | undefined)[] = [];
  const resend = {
    policy: (end: { readonly forgives?: boolean | undefined }) => void forgives.push(end.forgives),
    sleep: () => Promise.resolve(),
  };
  const { client, sent } = scriptedClient(answers, { path, resend });
  const ledger = new Ledger();
  const trail = new RunTrail(ledger, checkOf(path.origin), new Redactor());
  const [sessions, fallbacks] = [[] as UploadSession[], [] as unknown[]];
  let pieces: Pieces | undefined;
  const error: unknown = await wireShapes[profile.shape]({
    client,
    profile,
    payload: {
      digest,
      sizeBytes: 10,
      chunks: (writeBytes, from = -1, to = -1) => {
        const writes = typeof writeBytes === 'number' ? () => writeBytes : writeBytes;
        pieces = [writes(0), writes(64 * 1024 * 1024), from, to];
        return [];
      },
    },
    trail,
    onSession: (session) => sessions.push(session),
    onFallback: (reason) => fallbacks.push(reason),
  }).catch((thrown: unknown) => thrown);
  const bodies = sent.map(({ body }) => body);
  return {
    error,
    asked: lines(sent),
    headers: sent.map(({ headers }) => headers),
    bodies,
    forgives,
    again: sent.map(({ resendBody }) => resendBody),
    pieces(index, paced) {
      pieces = undefined;
      const body = bodies[index];
      if (body?.kind === 'stream') body.chunks(paced);
      return pieces;
    },
    sessions,
    fallbacks,
    left: ledger.entries.map(({ kind, state }) => `${kind} ${state}`),
  };
}

const grown = 2 * 1024 * 1024;

describe('one PATCH', () => {
  test.each<readonly [ClientProfile['shape'], boolean, number]>([
    ['patch-streamed', false, 4],
    ['patch-length', true, grown],
  ])('as %s: session, all bytes, commit', async (shape, declareLength, late) => {
    const patchHeaders = { 'x-patch': '1' };
    const putHeaders = { 'x-put': '1' };
    const postHeaders = { 'x-post': '1' };
    const one = await push({ shape, patchHeaders, putHeaders, postHeaders }, [opens, taken('0-9'), stored]);
    expect(one.error).toBeUndefined();
    expect(one.asked).toEqual([`POST ${uploads}`, `PATCH ${uploads}1`, `PUT ${uploads}2?${query}`]);
    expect(one.headers).toMatchObject([postHeaders, patchHeaders, putHeaders]);
    expect(one.bodies[1]).toMatchObject({ kind: 'stream', sizeBytes: 10, declareLength });
    expect([one.pieces(1, true), one.pieces(1, false)]).toEqual([
      [4, 4, 0, 10],
      [4, late, 0, 10],
    ]);
    expect(one.sessions).toMatchObject([{ acknowledgedBytes: 10 }]);
    expect([one.fallbacks, one.left]).toEqual([[], ['blob stored']]);
  });

  test('a Range that cannot be read ends the push where the client looks', async () => {
    const answers = [opens, answerOf(202), stored];
    const looks = await push({ shape: 'patch-streamed', checksRange: true }, answers);
    expect([looks.error, looks.left]).toMatchObject([{ problem: 'range_missing' }, ['session open']]);
    const goesOn = await push({ shape: 'patch-streamed', checksRange: false }, answers);
    expect([goesOn.error, goesOn.left]).toEqual([undefined, ['blob stored']]);
  });

  test('a session that was not opened is not sent to', async () => {
    const one = await push({ shape: 'patch-streamed' }, [answerOf(500)]);
    expect([one.asked, one.sessions]).toEqual([[`POST ${uploads}`], []]);
    expect(one.error).toMatchObject({ step: 'start' });
  });
});

describe('one PUT', () => {
  test('session, all bytes', async () => {
    const one = await push({ shape: 'put-length' }, [opens, stored]);
    expect([one.error, one.asked]).toEqual([undefined, [`POST ${uploads}`, `PUT ${uploads}1?${query}`]]);
    expect(one.bodies[1]).toMatchObject({ kind: 'stream', sizeBytes: 10, declareLength: true });
    expect(one.pieces(1, false)).toEqual([4, grown, 0, 10]);
    expect([one.sessions.length, one.left]).toEqual([1, ['blob stored']]);
  });

  test.each([
    [true, `&ns=registry.example.org`],
    [undefined, ''],
  ])('on another host, which names the registry where the client does so: %s', async (names, added) => {
    const elsewhere = answerOf(202, { location: 'https://uploads.example.net/up' });
    const one = await push({ shape: 'put-length', namesRegistryElsewhere: names }, [elsewhere, stored]);
    expect(one.asked[1]).toBe(`PUT https://uploads.example.net/up?${query}${added}`);
  });
});

describe('one POST', () => {
  test('all bytes, and no session', async () => {
    const one = await push({ shape: 'post-length' }, [stored]);
    expect([one.error, one.asked]).toEqual([undefined, [`POST ${uploads}?${query}`]]);
    expect(one.bodies[0]).toMatchObject({ kind: 'stream', sizeBytes: 10, declareLength: true });
    expect([one.sessions, one.fallbacks, one.left]).toEqual([[], [], ['blob stored']]);
  });

  test('answered with a session takes all bytes once more, by PUT', async () => {
    const one = await push({ shape: 'post-length' }, [opens, stored]);
    expect([one.error, one.asked]).toEqual([undefined, [`POST ${uploads}?${query}`, `PUT ${uploads}1?${query}`]]);
    expect(one.sessions).toMatchObject([{ acknowledgedBytes: undefined, chunkMinBytes: undefined }]);
    expect([one.fallbacks, one.left]).toEqual([[undefined], ['blob stored']]);
  });

  test('answered with a session that is nowhere fails while sending', async () => {
    const one = await push({ shape: 'post-length' }, [answerOf(202)]);
    expect(one.error).toMatchObject({ step: 'send', problem: 'location_missing' });
  });

  test('answered with a session that then fails leaves that', async () => {
    const one = await push({ shape: 'post-length' }, [opens, answerOf(413)]);
    expect(one.error).toMatchObject({ step: 'send' });
    expect(one.left).toContain('session open');
  });
});

describe('a mount from nowhere', () => {
  const mount = `POST ${uploads}?mount=${encodeURIComponent(digest)}`;
  const mounting = { shape: 'put-length', anonymousMount: true } as const;

  test('that succeeds leaves nothing to send', async () => {
    const one = await push(mounting, [stored]);
    expect([one.error, one.asked, one.sessions, one.left]).toEqual([undefined, [mount], [], ['blob stored']]);
  });

  test('that opens a session is gone on with', async () => {
    expect((await push(mounting, [opens, stored])).asked).toEqual([mount, `PUT ${uploads}1?${query}`]);
  });

  test('that is refused is forgotten, unless we ended it', async () => {
    const one = await push(mounting, [answerOf(400), opens, stored]);
    expect([one.error, one.asked]).toEqual([undefined, [mount, `POST ${uploads}`, `PUT ${uploads}1?${query}`]]);
    expect(await push(mounting, [ended])).toMatchObject({ error: ended, asked: [mount] });
  });
});

describe('ranges', () => {
  const ranged = { shape: 'patch-ranged', chunkBytes: 4 } as const;

  test('of the size of a chunk, each where the answer before led, and a commit', async () => {
    const answers = [opens, taken('0-3'), taken('0-7', `${uploads}3`), taken('0-9', `${uploads}4`), stored];
    const one = await push(ranged, answers);
    expect(one.error).toBeUndefined();
    expect(one.asked.slice(1)).toEqual([
      `PATCH ${uploads}1`,
      `PATCH ${uploads}2`,
      `PATCH ${uploads}3`,
      `PUT ${uploads}4?${query}`,
    ]);
    expect(one.headers.map((headers) => headers['content-range'])).toEqual([undefined, '0-3', '4-7', '8-9', undefined]);
    expect(one.headers[1]).toMatchObject({ 'content-type': 'application/octet-stream' });
    expect(one.bodies[3]).toMatchObject({ kind: 'stream', sizeBytes: 2, declareLength: true });
    expect(one.pieces(3, true)).toEqual([4, 4, 8, 10]);
  });

  test.each<readonly [what: string, chunkBytes: number | undefined, least: string, ranges: readonly string[]]>([
    ['no less than the registry wants', 4, '6', ['0-5', '6-9']],
    ['what the client takes, if the registry wants less', 5, '2', ['0-4', '5-9']],
    ['a mebibyte of clients that do not say', undefined, '2', ['0-9']],
    ['all there is', 10, '', ['0-9']],
  ])('are %s', async (_what, chunkBytes, least, ranges) => {
    const first = answerOf(202, { location: `${uploads}1`, 'oci-chunk-min-length': least });
    const { error, headers } = await push({ ...ranged, chunkBytes }, [first, ...ranges.map((at) => taken(at)), stored]);
    expect(error).toBeUndefined();
    expect(headers.flatMap((sent) => sent['content-range'] ?? [])).toEqual(ranges);
  });

  test('can be sent again, and a refusal of one counts where the client goes on from it', async () => {
    const answers = [opens, taken('0-9'), stored];
    const one = await push({ ...ranged, chunkBytes: 10 }, answers);
    expect([one.again[1], one.forgives[1]]).toEqual([true, false]);
    expect((await push({ ...ranged, chunkBytes: 10, resumesAfter: () => true }, answers)).forgives[1]).toBe(true);
  });

  test('that cannot be read are no failure', async () => {
    expect((await push({ ...ranged, chunkBytes: 10 }, [opens, answerOf(202), stored])).error).toBeUndefined();
  });
});

describe('a PUT, and ranges where it fails', () => {
  const falls = { shape: 'put-then-ranged', chunkBytes: 6, resumesAfter: () => true } as const;

  test('the PUT is enough where it gets through', async () => {
    const one = await push(falls, [opens, stored]);
    expect([one.error, one.asked.length, one.fallbacks]).toEqual([undefined, 2, []]);
  });

  test('ranges go to the URL of the PUT, with the digest in it', async () => {
    const answers = [opens, answerOf(413), taken('0-5'), taken('0-9'), stored];
    const one = await push(falls, answers);
    expect(one.error).toBeUndefined();
    expect(one.asked.slice(1)).toEqual([
      `PUT ${uploads}1?${query}`,
      `PATCH ${uploads}1?${query}`,
      `PATCH ${uploads}2`,
      `PUT ${uploads}2?${query}`,
    ]);
    expect(one.headers.flatMap((sent) => sent['content-range'] ?? [])).toEqual(['0-5', '6-9']);
    expect(one.fallbacks).toMatchObject([{ problem: 'unexpected_status' }]);
    expect(one.left).toEqual(['blob stored']);
  });

  test('what we ended is not gone on with', async () => {
    expect(await push(falls, [opens, ended])).toMatchObject({ error: ended, fallbacks: [], asked: { length: 2 } });
  });
});

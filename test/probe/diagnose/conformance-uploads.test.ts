import { describe, expect, test } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { uploadBehaviours } from '../../../src/probe/diagnose/conformance-uploads.ts';
import { tried } from '../../support/conformance-scene.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import type { Scripted } from '../../support/scripted-client.ts';

const { chunk_lengths, chunk_in_order, upload_status, chunk_out_of_order, chunk_after_refusal } = uploadBehaviours;
const { upload_cancel, mount_absent } = uploadBehaviours;
const uploads = '/v2/a/b/blobs/uploads/';
const [location, next] = [`${uploads}1`, `${uploads}2`];
const begun = { heldBytes: 16 };
const cut = new NetworkError({ stage: 'wait', code: 'ECONNRESET', message: 'cut' });
const tooSmall = 'not known: the registry wants larger chunks than this sends';
const notBegun = 'not known: no chunk was taken';

describe('lengths of chunks', () => {
  test.each<[headers: Readonly<Record<string, string>>, said: string]>([
    [{}, 'not supported: answered 202 with neither'],
    [{ 'oci-chunk-min-length': '5' }, 'supported: answered 202 with min 5'],
    [{ 'oci-chunk-max-length': '9' }, 'supported: answered 202 with max 9'],
    [
      { 'oci-chunk-max-length': '9', 'oci-chunk-min-length': '1'.repeat(30) },
      `supported: answered 202 with min ${'1'.repeat(20)}, max 9`,
    ],
  ])('%j: %s', async (headers, expected) => {
    const opened = exchangeOf({ response: answerOf(202, headers) });
    expect(await tried(chunk_lengths, [], { opened })).toMatchObject({ said: expected, asked: [] });
  });
});

describe('a chunk', () => {
  test('says where it begins and ends, is as long as the registry wants it, and moves the upload on', async () => {
    const taken = answerOf(202, { location: next });
    const { said, asked, rights, sent, scene } = await tried(chunk_in_order, [taken], { chunkBytes: 20, heldBytes: 7 });
    expect([said, asked, rights]).toEqual(['supported: answered 202', [`PATCH ${location}`], ['send: pull,push']]);
    expect(sent[0]?.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-range': '7-26' });
    expect(sent[0]?.body).toMatchObject({ kind: 'bytes', bytes: { length: 20 } });
    expect([scene.heldBytes, scene.session.location.pathname]).toEqual([27, next]);
  });

  test.each([
    [201, 'supported', 16],
    [202, 'supported', 16],
    [204, 'supported', 16],
    [200, 'not supported', 0],
    [416, 'not supported', 0],
    [503, 'not known', 0],
  ])('that is answered %i: %s, and the upload holds %i bytes', async (status, outcome, heldBytes) => {
    const { result, scene } = await tried(chunk_in_order, [answerOf(status)]);
    expect([result, scene.heldBytes, scene.session.location.pathname]).toMatchObject([
      { outcome, status },
      heldBytes,
      location,
    ]);
  });

  test('that is refused does not lead elsewhere', async () => {
    const { scene } = await tried(chunk_in_order, [answerOf(416, { location: next })]);
    expect(scene.session.location.pathname).toBe(location);
  });

  test('is not sent where the registry wants larger ones', async () => {
    const small = { chunkBytes: undefined, heldBytes: 16, refusedChunk: true };
    for (const row of [chunk_in_order, chunk_out_of_order, chunk_after_refusal])
      expect(await tried(row, [], small)).toMatchObject({ said: tooSmall, asked: [] });
  });

  test('that leads nowhere is thrown', async () => {
    const { result } = await tried(chunk_in_order, [answerOf(202, { location: 'http://' })]);
    expect(result).toMatchObject({ error: { step: 'send', problem: 'location_unparsable' } });
  });

  test('that is not answered is thrown', async () => {
    expect((await tried(chunk_in_order, [cut])).result).toEqual({ error: cut });
  });
});

describe('the status of an upload', () => {
  const held = { range: '0-15', location: next };
  test.each<[status: number, headers: Readonly<Record<string, string>>, said: string, at: string]>([
    [204, held, 'supported: answered 204', next],
    [204, { location: next }, 'not supported: answered 204 without Range', next],
    [204, { range: '0-15' }, 'not supported: answered 204 without Location', location],
    [204, {}, 'not supported: answered 204 without Range, without Location', location],
    [204, { ...held, range: '0-14' }, 'not supported: answered 204 with Range 0-14', next],
    [204, { ...held, range: '0--1' }, 'not supported: answered 204 with Range 0--1', next],
    [204, { ...held, range: 'x'.repeat(50) }, `not supported: answered 204 with Range ${'x'.repeat(40)}`, next],
    [200, held, 'not supported: answered 200', location],
    [404, {}, 'not supported: answered 404', location],
    [404, { range: '0-3' }, 'not supported: answered 404', location],
  ])('%i with %j: %s', async (status, headers, expected, at) => {
    const { said, asked, rights, scene } = await tried(upload_status, [answerOf(status, headers)], begun);
    expect([said, asked, scene.session.location.pathname]).toEqual([expected, [`GET ${location}`], at]);
    expect(rights).toEqual(['send: pull,push']);
  });

  test('is not asked for where nothing was taken', async () => {
    expect(await tried(upload_status, [])).toMatchObject({ said: notBegun, asked: [] });
  });
});

describe('a chunk out of order', () => {
  test.each([
    [416, 'supported: answered 416', true],
    [400, 'not supported: answered 400', false],
    [202, 'not supported: answered 202', false],
  ])('that is answered %i: %s', async (status, expected, isRefused) => {
    const { said, sent, scene } = await tried(chunk_out_of_order, [answerOf(status)], begun);
    expect([said, scene.refusedChunk, scene.heldBytes]).toEqual([expected, isRefused, 16]);
    expect(sent[0]?.headers).toMatchObject({ 'content-range': '32-47' });
  });

  test('is not sent where nothing was taken', async () => {
    expect(await tried(chunk_out_of_order, [])).toMatchObject({ said: notBegun, asked: [] });
  });

  test.each([
    [202, 'supported: answered 202'],
    [404, 'not supported: answered 404'],
  ])('may be followed by the one that is next, which is answered %i', async (status, expected) => {
    const { said, sent } = await tried(chunk_after_refusal, [answerOf(status)], { ...begun, refusedChunk: true });
    expect([said, sent[0]?.headers['content-range']]).toEqual([expected, '16-31']);
  });

  test('is followed by none where it was not refused', async () => {
    const expected = { said: 'not known: no chunk was refused with 416', asked: [] };
    expect(await tried(chunk_after_refusal, [], begun)).toMatchObject(expected);
  });
});

test.each([
  [204, 'supported'],
  [202, 'supported'],
  [200, 'supported'],
  [405, 'not supported'],
  [403, 'not known'],
])('an upload that is cancelled by DELETE, answered %i: %s', async (status, outcome) => {
  const { result, asked, rights } = await tried(upload_cancel, [answerOf(status)]);
  expect([result, asked]).toMatchObject([{ outcome, status }, [`DELETE ${location}`]]);
  expect(rights).toEqual(['cleanup: pull,push,delete']);
});

describe('a mount of what is not there', () => {
  test.each<[what: string, answer: Scripted, said: string, left: readonly string[]]>([
    ['opens an upload', answerOf(202, { location }), 'supported: answered 202 with an upload', ['session open']],
    ['is said to be done', answerOf(201), 'not supported: answered 201 as if mounted', ['blob stored']],
    ['is refused', answerOf(404), 'not supported: answered 404', []],
    ['is too many', answerOf(429), 'not known: answered 429', []],
    ['leads nowhere', answerOf(202), 'thrown', ['session opening']],
    ['is not answered', cut, 'thrown', ['session opening']],
  ])('%s', async (_what, answer, said, left) => {
    const done = await tried(mount_absent, [answer]);
    expect(done.asked).toEqual([
      expect.stringMatching(/^POST \S+\/uploads\/\?mount=sha256%3A[0-9a-f]{64}&from=a%2Fb$/),
    ]);
    expect([done.said, done.left, done.rights]).toEqual([said, left, ['start: pull,push']]);
  });
});

import { describe, expect, test } from 'vitest';
import { pushReadBlob, readBehaviours, readBlobBytes } from '../../../src/probe/diagnose/conformance-reads.ts';
import { unknown } from '../../../src/probe/diagnose/conformance-scene.ts';
import { digestOf } from '../../../src/registry/manifest.ts';
import { tried } from '../../support/conformance-scene.ts';
import { answerOf } from '../../support/exchanges.ts';

const bytes = Buffer.from(Array.from({ length: readBlobBytes }, (_, index) => index));
const blob = { digest: 'sha256:ab', bytes };
const there = { blob };
const noBlob = 'not known: no small blob could be pushed';
const location = '/v2/a/b/blobs/uploads/1';

describe('the small blob', () => {
  const pushed = async (...answers: Parameters<typeof tried>[1]) => {
    const done = await tried(
      {
        look: async (scene) => {
          scene.blob = await pushReadBlob(scene);
          return unknown('pushed');
        },
      },
      answers,
    );
    return { ...done, blob: done.scene.blob };
  };

  test('goes in one PUT, and is written down', async () => {
    const { asked, sent, rights, left, blob: put } = await pushed(answerOf(202, { location }), answerOf(201));
    expect(put?.bytes).toHaveLength(readBlobBytes);
    expect(put?.digest).toBe(digestOf(put?.bytes ?? new Uint8Array()));
    const query = `digest=${encodeURIComponent(put?.digest ?? '')}`;
    expect(asked).toEqual(['POST /v2/a/b/blobs/uploads/', `PUT ${location}?${query}`]);
    expect([sent[1]?.body, sent[1]?.resendBody]).toMatchObject([{ kind: 'bytes', bytes: put?.bytes }, true]);
    expect([left, rights]).toEqual([['blob stored'], ['start: pull,push', 'send: pull,push']]);
  });

  test('is another one each time', async () => {
    const one = await pushed(answerOf(202, { location }), answerOf(201));
    const other = await pushed(answerOf(202, { location }), answerOf(201));
    expect(one.blob?.digest).not.toBe(other.blob?.digest);
  });

  test('that is refused is none', async () => {
    const { said, blob: put, left } = await pushed(answerOf(202, { location }), answerOf(413));
    expect([said, put, left]).toEqual(['thrown', undefined, ['session open']]);
  });
});

describe('without it nothing is asked of it', () => {
  test.each(['mount', 'blob_range', 'blob_range_beyond'] as const)('%s', async (name) => {
    expect(await tried(readBehaviours[name], [])).toMatchObject({ said: noBlob, asked: [] });
  });

  test('but whether there is a list of what refers to nothing', async () => {
    const { asked, rights } = await tried(readBehaviours.referrers, [answerOf(404)]);
    expect(rights).toEqual(['pull: pull']);
    expect(asked).toEqual([expect.stringMatching(/^GET \/v2\/a\/b\/referrers\/sha256:[0-9a-f]{64}$/)]);
  });
});

test.each([
  [201, 'supported: answered 201 as if mounted'],
  [202, 'not supported: answered 202 with an upload'],
])('a mount of it is answered %i: %s', async (status, expected) => {
  const { said, asked } = await tried(readBehaviours.mount, [answerOf(status, { location })], there);
  expect([said, asked]).toEqual([expected, ['POST /v2/a/b/blobs/uploads/?mount=sha256%3Aab&from=a%2Fb']]);
});

test.each([
  [404, 'supported: answered 404'],
  [200, 'not supported: answered 200'],
  [500, 'not known: answered 500'],
])('a blob that is not there is answered %i: %s', async (status, expected) => {
  const { said, asked, rights } = await tried(readBehaviours.blob_missing, [answerOf(status)]);
  expect(rights).toEqual(['verify: pull']);
  expect([said, asked]).toEqual([expected, [expect.stringMatching(/^HEAD \/v2\/a\/b\/blobs\/sha256:[0-9a-f]{64}$/)]]);
});

describe('a part of it', () => {
  const part = bytes.subarray(5, 10).toString('latin1');

  test.each([
    ['that part', 206, part, 'supported: answered 206'],
    ['a byte less', 206, part.slice(1), 'not supported: answered 206 with other bytes'],
    ['nothing', 206, '', 'not supported: answered 206 with other bytes'],
    ['all of it', 200, bytes.toString('latin1'), 'not supported: answered 200 with all of it'],
    ['a refusal', 416, '', 'not supported: answered 416'],
    ['a refusal of a hop', 502, '', 'not known: answered 502'],
  ])('is asked for, and the answer is %s', async (_what, status, body, expected) => {
    const { said, asked, rights, sent } = await tried(readBehaviours.blob_range, [answerOf(status, {}, body)], there);
    expect([said, asked]).toEqual([expected, ['GET /v2/a/b/blobs/sha256:ab']]);
    expect([rights, sent[0]?.headers]).toMatchObject([['pull: pull'], { range: 'bytes=5-9' }]);
  });

  test.each([
    [416, 'supported: answered 416'],
    [206, 'not supported: answered 206'],
  ])('beyond its end is answered %i: %s', async (status, expected) => {
    const { said, sent } = await tried(readBehaviours.blob_range_beyond, [answerOf(status)], there);
    expect([said, sent[0]?.headers['range']]).toEqual([expected, 'bytes=128-']);
  });
});

describe('a list of referrers', () => {
  const list = '{"manifests":[]}';
  test.each<[what: string, status: number, body: string, type: string, said: string]>([
    ['an index', 200, list, 'application/vnd.oci.image.index.v1+json', 'supported: answered 200'],
    ['a page, whatever it says', 200, list, 'Text/HTML; charset=utf-8', 'not supported: answered 200 without an index'],
    ['another object', 200, '{"errors":[]}', 'application/json', 'not supported: answered 200 without an index'],
    ['null', 200, 'null', 'application/json', 'not supported: answered 200 without an index'],
    ['a word', 200, '"manifests"', 'application/json', 'not supported: answered 200 without an index'],
    ['no JSON', 200, '{', 'application/json', 'not supported: answered 200 without an index'],
    ['an index with another status', 404, list, 'application/json', 'not supported: answered 404'],
    ['nothing of the kind', 404, '', 'text/plain', 'not supported: answered 404'],
  ])('is answered with %s', async (_what, status, body, type, expected) => {
    const answer = answerOf(status, { 'content-type': type }, body);
    const { said, asked } = await tried(readBehaviours.referrers, [answer], there);
    expect([said, asked]).toEqual([expected, ['GET /v2/a/b/referrers/sha256:ab']]);
  });

  test('needs no type', async () => {
    expect((await tried(readBehaviours.referrers, [answerOf(200, {}, list)])).said).toBe('supported: answered 200');
  });
});

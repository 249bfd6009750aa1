import { describe, expect, test } from 'vitest';
import type { RequestBody } from '../../src/network/exchange.ts';
import {
  commitUpload,
  postWhole,
  putWhole,
  sendPatch,
  startUpload,
  type UploadSession,
  uploadStatus,
} from '../../src/registry/upload.ts';
import { pathTo } from '../support/paths.ts';
import { answerOf } from '../support/exchanges.ts';
import { lines, scriptedClient } from '../support/scripted-client.ts';

const at = 'https://registry.example.org/v2/a/b/blobs/uploads/1?_state=x';
const digest = 'sha256:ab';
const octets = { 'content-type': 'application/octet-stream' };
const body: RequestBody = { kind: 'stream', sizeBytes: 42, declareLength: false, chunks: () => [] };
const sessionAt = (location = at): UploadSession => ({
  location: new URL(location),
  acknowledgedBytes: undefined,
  chunkMinBytes: undefined,
});

describe('a session', () => {
  test.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['0', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['much', undefined],
    ['1', 1],
    ['5242880', 5_242_880],
  ])('is opened; chunks of at least %j', async (minimum, chunkMinBytes) => {
    const headers = { location: '1?_state=x', ...(minimum === undefined ? {} : { 'oci-chunk-min-length': minimum }) };
    const { client, sent } = scriptedClient([answerOf(202, headers)]);
    const session = await startUpload(client, { 'x-client': '1' });
    expect(session).toEqual({ location: expect.any(URL) as URL, acknowledgedBytes: undefined, chunkMinBytes });
    expect(session?.location.href).toBe(at);
    expect(lines(sent)).toEqual(['POST /v2/a/b/blobs/uploads/']);
    expect(sent[0]).toMatchObject({
      headers: { 'x-client': '1' },
      purpose: 'start',
      body: { kind: 'bytes', bytes: new Uint8Array() },
    });
  });

  test('is not needed where the registry has the blob, if it was asked', async () => {
    const { client, sent } = scriptedClient([answerOf(201)]);
    expect(await startUpload(client, {}, digest)).toBeUndefined();
    expect(lines(sent)).toEqual(['POST /v2/a/b/blobs/uploads/?mount=sha256%3Aab']);
    const unasked = scriptedClient([answerOf(201)]);
    await expect(startUpload(unasked.client, {})).rejects.toMatchObject({
      problem: 'unexpected_status',
      step: 'start',
    });
  });

  test('that was asked to mount is asked once', async () => {
    const told: number[] = [];
    const resend = { policy: () => void told.push(1), sleep: () => Promise.resolve() };
    await startUpload(scriptedClient([answerOf(202, { location: '/1' })], { resend }).client, {}, digest);
    expect(told).toEqual([]);
    await startUpload(scriptedClient([answerOf(202, { location: '/1' })], { resend }).client, {});
    expect(told).toEqual([1]);
  });

  test('without a Location is none', async () => {
    const { client } = scriptedClient([answerOf(202)]);
    await expect(startUpload(client, {})).rejects.toMatchObject({ problem: 'location_missing', step: 'start' });
  });
});

describe('a PATCH', () => {
  const strict = { strictRange: true };

  test('goes on where its answer says, and notes what was acknowledged', async () => {
    const session = sessionAt();
    const answer = { response: answerOf(202, { location: '2', range: '0-41' }), sentBytes: 42 };
    const { client, sent } = scriptedClient([answer]);
    const exchange = await sendPatch(client, session, body, strict);
    expect([session.location.href, session.acknowledgedBytes]).toEqual([
      'https://registry.example.org/v2/a/b/blobs/uploads/2',
      42,
    ]);
    expect(exchange.response?.status).toBe(202);
    expect(lines(sent)).toEqual(['PATCH /v2/a/b/blobs/uploads/1?_state=x']);
    expect(sent[0]).toMatchObject({ headers: octets, body, resendBody: false, purpose: 'send' });
  });

  test('stays where it is without a Location', async () => {
    const session = sessionAt();
    await sendPatch(scriptedClient([answerOf(204, { range: '0-0' })]).client, session, body, strict);
    expect([session.location.href, session.acknowledgedBytes]).toEqual([at, 0]);
  });

  test('with headers and resends of its own', async () => {
    const told: unknown[] = [];
    const resend = { policy: (end: object) => void told.push(end), sleep: () => Promise.resolve() };
    const { client, sent } = scriptedClient([answerOf(201, { range: '0-41' })], { resend });
    const headers = { 'content-range': '0-41' };
    await sendPatch(client, sessionAt(), body, { ...strict, headers, resendBody: true, refusalForgives: true });
    expect(sent[0]).toMatchObject({ headers, resendBody: true });
    expect(told).toMatchObject([{ forgives: true, hasBody: true }]);
  });

  test.each<[string | undefined, string, string]>([
    [undefined, 'range_missing', 'PATCH was accepted without Range'],
    ['', 'range_missing', 'PATCH was accepted without Range'],
    ['0--1', 'range_unparsable', 'PATCH was accepted with Range 0--1'],
    ['x'.repeat(50), 'range_unparsable', `PATCH was accepted with Range ${'x'.repeat(40)}`],
  ])('with Range %j, read strictly or not', async (range, problem, message) => {
    const answer = answerOf(202, range === undefined ? {} : { range });
    const read = (strictRange: boolean) =>
      sendPatch(scriptedClient([answer]).client, sessionAt(), body, { strictRange });
    await expect(read(true)).rejects.toMatchObject({ problem, message, step: 'send' });
    await expect(read(false)).resolves.toMatchObject({ response: { status: 202 } });
  });

  test('that leads away is not followed', async () => {
    const { client } = scriptedClient([answerOf(202, { location: 'https://other.example.org/', range: '0-41' })]);
    await expect(sendPatch(client, sessionAt(), body, strict)).rejects.toMatchObject({
      problem: 'location_foreign',
      step: 'send',
    });
  });

  test('is not answered 200', async () => {
    const { client } = scriptedClient([answerOf(200)]);
    await expect(sendPatch(client, sessionAt(), body, strict)).rejects.toMatchObject({ problem: 'unexpected_status' });
  });
});

test.each([201, 204])('a session is closed by an empty PUT, answered %d', async (status) => {
  const { client, sent } = scriptedClient([answerOf(status)]);
  await commitUpload(client, sessionAt(), digest, { 'x-client': '1' });
  expect(lines(sent)).toEqual(['PUT /v2/a/b/blobs/uploads/1?_state=x&digest=sha256%3Aab']);
  expect(sent[0]).toMatchObject({
    headers: { 'x-client': '1' },
    purpose: 'commit',
    body: { kind: 'bytes', bytes: new Uint8Array() },
  });
});

test.each<[string, boolean, string]>([
  [at, true, 'PUT /v2/a/b/blobs/uploads/1?_state=x&digest=sha256%3Aab'],
  ['https://up.example.org/1', false, 'PUT https://up.example.org/1?digest=sha256%3Aab'],
  ['https://up.example.org/1', true, 'PUT https://up.example.org/1?digest=sha256%3Aab&ns=registry.example.org%3A5000'],
])('all in the closing PUT, to %s; the registry is named: %j', async (location, namesRegistry, line) => {
  const own = namesRegistry && location !== at ? 'https://registry.example.org:5000' : 'https://registry.example.org';
  for (const status of [200, 201, 202, 204]) {
    const { client, sent } = scriptedClient([answerOf(status)], { path: pathTo(own) });
    await putWhole(client, sessionAt(location), digest, body, { resendBody: true, namesRegistry });
    expect(lines(sent)).toEqual([line]);
    expect(sent[0]).toMatchObject({ headers: octets, body, resendBody: true, purpose: 'send' });
  }
});

test.each([201, 202])('all in one POST, answered %d', async (status) => {
  const { client, sent } = scriptedClient([answerOf(status)]);
  expect((await postWhole(client, digest, body)).response?.status).toBe(status);
  expect(lines(sent)).toEqual(['POST /v2/a/b/blobs/uploads/?digest=sha256%3Aab']);
  expect(sent[0]).toMatchObject({ headers: octets, body, resendBody: true, purpose: 'send' });
});

test.each<[number, string | undefined, number | undefined]>([
  [204, '0-41', 42],
  [200, '0-0', 0],
  [204, undefined, undefined],
])('the status of a session, answered %d with Range %j: %j bytes', async (status, range, held) => {
  const { client, sent } = scriptedClient([answerOf(status, range === undefined ? {} : { range })]);
  expect(await uploadStatus(client, sessionAt())).toBe(held);
  expect(lines(sent)).toEqual(['GET /v2/a/b/blobs/uploads/1?_state=x']);
  expect(sent[0]?.purpose).toBe('cleanup');
});

test.each<[(client: Parameters<typeof commitUpload>[0]) => Promise<unknown>, string]>([
  [(client) => commitUpload(client, sessionAt(), digest, {}), 'commit'],
  [(client) => putWhole(client, sessionAt(), digest, body, { resendBody: false, namesRegistry: false }), 'send'],
  [(client) => postWhole(client, digest, body), 'send'],
  [(client) => uploadStatus(client, sessionAt()), 'cleanup'],
])('a 404 is no success %#', async (act, step) => {
  await expect(act(scriptedClient([answerOf(404)]).client)).rejects.toMatchObject({
    problem: 'unexpected_status',
    step,
  });
});

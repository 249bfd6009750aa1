import { expect, test } from 'vitest';
import { blobExists, ping, verifyBlob } from '../../src/registry/blob.ts';
import { answerOf } from '../support/exchanges.ts';
import { lines, scriptedClient } from '../support/scripted-client.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const blob = `/v2/a/b/blobs/${digest}`;

test('a ping asks once, and a challenge that can be answered is an answer', async () => {
  const { client, sent } = scriptedClient([answerOf(200), answerOf(401), answerOf(401)]);
  await ping(client);
  await expect(ping(client)).rejects.toMatchObject({ problem: 'unexpected_status', step: 'auth' });
  expect(lines(sent)).toEqual(['GET /v2/', 'GET /v2/']);
  const asked: unknown[] = [];
  const challenged = scriptedClient([answerOf(401)], {
    authorizer: {
      authorization: () => Promise.resolve(undefined),
      challenged: (_exchange, actions) => Promise.resolve(asked.push(actions) > 0),
    },
  });
  await ping(challenged.client);
  expect(asked).toEqual([['pull', 'push']]);
  expect(challenged.sent).toHaveLength(1);
});

test.each<[number, boolean]>([
  [200, true],
  [404, false],
])('HEAD answered %d: the blob is there: %j', async (status, expected) => {
  const { client, sent } = scriptedClient([answerOf(status)]);
  expect(await blobExists(client, digest, { accept: '*/*' }, true)).toBe(expected);
  expect(lines(sent)).toEqual([`HEAD ${blob}`]);
  expect(sent[0]).toMatchObject({ headers: { accept: '*/*' }, purpose: 'start' });
});

test('a 403 is asked for its text where the client does so', async () => {
  const explained = scriptedClient([answerOf(403), answerOf(403, {}, 'no')]);
  await expect(blobExists(explained.client, digest, {}, true)).rejects.toMatchObject({
    problem: 'unexpected_status',
    exchange: { method: 'GET', response: { status: 403 } },
  });
  const plain = scriptedClient([answerOf(403)]);
  await expect(blobExists(plain.client, digest, {})).rejects.toMatchObject({ exchange: { method: 'HEAD' } });
  expect([lines(explained.sent), lines(plain.sent)]).toEqual([[`HEAD ${blob}`, `GET ${blob}`], [`HEAD ${blob}`]]);
});

test('the question for the text of a 403 is sent once, whatever the client sends again', async () => {
  const answers = [answerOf(403), answerOf(429), answerOf(200)];
  const { client, sent } = scriptedClient(answers, {
    resend: { policy: ({ status }) => (status === 429 ? 0 : undefined), sleep: () => Promise.resolve() },
  });
  await expect(blobExists(client, digest, {}, true)).rejects.toMatchObject({ exchange: { response: { status: 429 } } });
  expect(lines(sent)).toEqual([`HEAD ${blob}`, `GET ${blob}`]);
});

test.each<[string, Record<string, string>, string | undefined]>([
  ['its size', { 'content-length': '5' }, undefined],
  ['its size and digest', { 'content-length': '5', 'docker-content-digest': digest }, undefined],
  ['no size', {}, 'length_missing: HEAD of the blob has no Content-Length'],
  ['another size', { 'content-length': '05' }, 'length_wrong: HEAD of the blob says 05 bytes, pushed were 5'],
  [
    'no number',
    { 'content-length': 'x'.repeat(21) },
    `length_wrong: HEAD of the blob says ${'x'.repeat(20)} bytes, pushed were 5`,
  ],
  [
    'another digest',
    { 'content-length': '5', 'docker-content-digest': 'sha256:0' },
    'digest_differs: HEAD of the blob names another digest',
  ],
])('a blob is verified by %s', async (_what, headers, expected) => {
  const { client, sent } = scriptedClient([answerOf(200, headers)]);
  const seen = await verifyBlob(client, digest, 5).then(
    () => undefined,
    ({ step, problem, message }: { step: string; problem: string; message: string }) => {
      expect(step).toBe('verify');
      return `${problem}: ${message}`;
    },
  );
  expect(seen).toBe(expected);
  expect(lines(sent)).toEqual([`HEAD ${blob}`]);
});

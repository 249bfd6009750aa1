import { expect, test } from 'vitest';
import type { HttpRequest } from '../../../src/network/exchange.ts';
import { remoteImages } from '../../../src/registry/image/remote.ts';
import { anyManifest, digestOf } from '../../../src/registry/manifest.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { lines, scriptedClient } from '../../support/scripted-client.ts';

const bytesOf = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const digest = (document: unknown): string => digestOf(bytesOf(document));
const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
const layer = (size: number, mediaType = gzip): object => ({ digest: `sha256:${'ab'.repeat(32)}`, size, mediaType });
const entry = (document: unknown, more: object = {}): object => ({ digest: digest(document), size: 5, ...more });
const platform = { os: 'linux', architecture: 'arm64' };

/** Asks a repository that has these documents, by tag and by digest, for `references`. Each comes in two pieces. */
async function read(
  tags: Readonly<Record<string, unknown>>,
  references: readonly string[],
  byDigest: readonly unknown[] = [],
  error?: Error,
) {
  const documents = new Map([...Object.entries(tags), ...byDigest.map((one) => [digest(one), one] as const)]);
  const sent: HttpRequest[] = [];
  const exchange = async (request: HttpRequest) => {
    sent.push(request);
    const name = decodeURIComponent(request.url.pathname).replace('/v2/a/b/manifests/', '');
    const found = documents.get(name);
    const response = answerOf(found === undefined ? 404 : 200);
    const bytes = found === undefined ? Buffer.alloc(0) : bytesOf(found);
    for (const piece of [bytes.subarray(0, 9), bytes.subarray(9)]) request.onResponseChunk?.(piece, response);
    return exchangeOf({ method: request.method, url: request.url, response, ...(error && { error: error as never }) });
  };
  const asked: unknown[] = [];
  const authorization = async (_url: URL, actions: unknown): Promise<undefined> => void asked.push(actions);
  const authorizer = { authorization, challenged: () => Promise.resolve(false) };
  const { client } = scriptedClient([], { transport: { exchange }, authorizer });
  const outcome = await remoteImages(client, references).catch((thrown: unknown) => thrown as Error);
  return { outcome, sent, asked };
}

test('an image is read from its manifest alone', async () => {
  const image = { layers: [layer(5), layer(7, 'application/vnd.oci.image.layer.v1.tar')] };
  const { outcome, sent, asked } = await read({ v1: image }, ['v1']);
  const layers = [
    { storedBytes: 5, compression: 'gzip' },
    { storedBytes: 7, compression: 'none' },
  ];
  expect(outcome).toEqual([{ name: 'a/b:v1', layers }]);
  expect(lines(sent)).toEqual(['GET /v2/a/b/manifests/v1']);
  expect(asked).toEqual([['pull']]);
  expect(sent[0]).toMatchObject({
    purpose: 'pull',
    headers: { accept: anyManifest, 'accept-encoding': 'identity' },
    responseLimitBytes: 4 * 1024 * 1024,
  });
});

test('an image a platform; an index within an index is passed over', async () => {
  const [arm, other] = [{ layers: [layer(1)] }, { layers: [layer(2)] }];
  const inner = { manifests: [entry(arm)] };
  const index = { manifests: [entry(arm, { platform }), entry(inner), entry(other)] };
  const { outcome } = await read({ v1: index }, ['v1'], [arm, other, inner]);
  expect(outcome).toEqual([
    { name: 'a/b:v1 linux/arm64', layers: [{ storedBytes: 1, compression: 'gzip' }] },
    { name: `a/b:v1 ${digest(other).slice(0, 19)}`, layers: [{ storedBytes: 2, compression: 'gzip' }] },
  ]);
});

test('of tags that lead to the same manifest the first counts; a digest follows an @', async () => {
  const [one, other] = [{ layers: [layer(1)] }, { layers: [layer(2)] }];
  const { outcome } = await read({ v1: one, latest: one }, ['v1', 'latest', digest(other)], [other]);
  expect((outcome as { name: string }[]).map(({ name }) => name)).toEqual(['a/b:v1', `a/b@${digest(other)}`]);
});

test('as many platforms as are read', async () => {
  const image = { layers: [] };
  const index = (count: number) => ({ manifests: Array.from({ length: count }, () => entry(image)) });
  expect((await read({ v1: index(200) }, ['v1'], [image])).outcome).toHaveLength(200);
  const { outcome, sent } = await read({ v1: index(201) }, ['v1'], [image]);
  expect(outcome).toMatchObject({ name: 'ImageError', message: 'a/b:v1 names more than 200 images' });
  expect(sent).toHaveLength(1);
});

test('what is no image, what is not there, and what breaks off', async () => {
  const message = 'the manifest of v1 is none that names layers with sizes';
  expect((await read({ v1: { fsLayers: [] } }, ['v1'])).outcome).toMatchObject({ name: 'ImageError', message });
  expect((await read({}, ['v1'])).outcome).toMatchObject({ name: 'ProtocolError', problem: 'unexpected_status' });
  const cut = new Error('cut');
  expect((await read({ v1: { layers: [] } }, ['v1'], [], cut)).outcome).toBe(cut);
});

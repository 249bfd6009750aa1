import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NetworkError } from '../../src/network/exchange.ts';
import {
  anyManifest,
  digestOf,
  imageConfig,
  imageManifest,
  type ManifestManner,
  pullManifest,
  putManifest,
  verifyManifest,
} from '../../src/registry/manifest.ts';
import { answerOf } from '../support/exchanges.ts';
import { lines, scriptedClient, type Scripted } from '../support/scripted-client.ts';

const layers = [
  { digest: 'sha256:aa', sizeBytes: 1 },
  { digest: 'sha256:bb', sizeBytes: 2 },
];
const manifest = imageManifest('oci', { digest: 'sha256:cc', sizeBytes: 3 }, layers);

describe('documents', () => {
  test.each([
    [
      'docker',
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.docker.container.image.v1+json',
      'application/vnd.docker.image.rootfs.diff.tar.gzip',
    ],
    [
      'oci',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.config.v1+json',
      'application/vnd.oci.image.layer.v1.tar+gzip',
    ],
  ] as const)('a manifest of %s', (kind, mediaType, configType, layerType) => {
    const made = imageManifest(kind, { digest: 'sha256:cc', sizeBytes: 3 }, layers);
    expect(JSON.parse(Buffer.from(made.bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: configType, digest: 'sha256:cc', size: 3 },
      layers: layers.map(({ digest, sizeBytes }) => ({ mediaType: layerType, digest, size: sizeBytes })),
    });
    expect(made.mediaType).toBe(mediaType);
    expect(made.digest).toBe(`sha256:${createHash('sha256').update(made.bytes).digest('hex')}`);
    expect(anyManifest.split(', ')).toContain(mediaType);
  });

  test('a configuration names each layer', () => {
    const config = imageConfig(layers, new Date('2026-01-02T03:04:05Z'));
    expect(JSON.parse(Buffer.from(config).toString())).toEqual({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05.000Z',
      author: 'blobprobe: synthetic push, safe to delete',
      config: {},
      rootfs: { type: 'layers', diff_ids: ['sha256:aa', 'sha256:bb'] },
      history: layers.map(() => ({ created: '2026-01-02T03:04:05.000Z', created_by: 'blobprobe' })),
    });
  });
});

test.each([201, 200, 202])('a manifest is put, answered %d', async (status) => {
  const { client, sent } = scriptedClient([answerOf(status, { 'docker-content-digest': manifest.digest })]);
  await putManifest(client, 'v1', manifest);
  expect(lines(sent)).toEqual(['PUT /v2/a/b/manifests/v1']);
  expect(sent[0]).toMatchObject({
    headers: { 'content-type': manifest.mediaType },
    body: { kind: 'bytes', bytes: manifest.bytes },
    purpose: 'commit',
  });
});

test.each<[string, (answer: Scripted) => Promise<void>, string, string]>([
  [
    'stored',
    (answer) => putManifest(scriptedClient([answer]).client, 'v1', manifest),
    'commit',
    'the registry stored the manifest under another digest',
  ],
  [
    'found',
    (answer) => verifyManifest(scriptedClient([answer]).client, 'v1', manifest),
    'verify',
    'another manifest is there than the one pushed',
  ],
])('a manifest that is %s under another digest', async (_what, act, step, message) => {
  const named = (digest: string) => answerOf(200, { 'docker-content-digest': digest });
  await expect(act(named('sha256:00'))).rejects.toMatchObject({ step, problem: 'digest_differs', message });
  await expect(act(answerOf(404))).rejects.toMatchObject({ step, problem: 'unexpected_status' });
  await expect(act(answerOf(200))).resolves.toBeUndefined();
});

test('a client that needs the digest in the answer does not take success without it', async () => {
  const put = (answer: Scripted): Promise<void> => putManifest(scriptedClient([answer]).client, 'v1', manifest, true);
  await expect(put(answerOf(201))).rejects.toMatchObject({
    step: 'commit',
    problem: 'digest_missing',
    message: expect.stringContaining('Docker-Content-Digest') as string,
  });
  await expect(put(answerOf(201, { 'docker-content-digest': manifest.digest }))).resolves.toBeUndefined();
});

test('a manifest is verified by HEAD', async () => {
  const { client, sent } = scriptedClient([answerOf(200)]);
  await verifyManifest(client, 'v1', manifest);
  expect(lines(sent)).toEqual(['HEAD /v2/a/b/manifests/v1']);
  expect(sent[0]?.headers).toEqual({ accept: manifest.mediaType });
});

describe('a manifest is pulled', () => {
  /** What was asked for with which headers, and what came of it; the last request is answered with `body`. */
  async function pulled(manner: ManifestManner, body: Uint8Array, end?: NetworkError, status = 200) {
    const heads = manner.manifest === 'head-then-get' ? [answerOf(200)] : [];
    const { client, sent } = scriptedClient([...heads, { response: answerOf(status), error: end }]);
    // The transport hands the body on before the exchange ends.
    const feeding = {
      ...client,
      send(request: Parameters<typeof client.send>[0]) {
        if (request.method === 'GET') {
          const head = { status, headers: {} };
          request.onResponseChunk?.(body.subarray(0, 5), head);
          request.onResponseChunk?.(body.subarray(5), head);
        }
        return client.send(request);
      },
    };
    const outcome = await pullManifest(feeding, 'v1', manifest, manner).catch((error: unknown) => {
      const { name, step, problem, message } = error as {
        name: string;
        step?: string;
        problem?: string;
        message: string;
      };
      return step === undefined ? `${name}: ${message}` : `${step}: ${problem}: ${message}`;
    });
    return { outcome, asked: lines(sent), headers: sent.at(-1)?.headers, sent };
  }
  const get: ManifestManner = { manifest: 'get', manifestAccept: 'any' };

  test('by its tag', async () => {
    const { outcome, asked, headers, sent } = await pulled(get, manifest.bytes);
    expect(outcome).toBe(manifest.bytes.byteLength);
    expect(asked).toEqual(['GET /v2/a/b/manifests/v1']);
    expect(headers).toEqual({ accept: 'any', 'accept-encoding': 'identity' });
    expect(sent[0]?.responseLimitBytes).toBe(4_194_304);
  });

  test.each([
    [undefined, 'any'],
    [(mediaType: string) => `only ${mediaType}`, `only ${manifest.mediaType}`],
  ])('by HEAD and its digest', async (acceptByDigest, accept) => {
    const manner = { manifest: 'head-then-get', manifestAccept: 'any', acceptByDigest } as const;
    const { asked, headers, sent } = await pulled(manner, manifest.bytes);
    expect(asked).toEqual(['HEAD /v2/a/b/manifests/v1', `GET /v2/a/b/manifests/${manifest.digest}`]);
    expect(headers?.['accept']).toBe(accept);
    expect(sent[0]?.headers['accept']).toBe('any');
  });

  test('by its tag the type is not known, whatever the client would say by digest', async () => {
    const { headers } = await pulled({ ...get, acceptByDigest: () => 'one' }, manifest.bytes);
    expect(headers?.['accept']).toBe('any');
  });

  test('as a range from the beginning, by clients that ask for ranges', async () => {
    const ranges = {} as NonNullable<ManifestManner['ranges']>;
    const { outcome, headers } = await pulled({ ...get, ranges }, manifest.bytes, undefined, 206);
    expect([outcome, headers?.['range']]).toEqual([manifest.bytes.byteLength, 'bytes=0-']);
    expect((await pulled(get, manifest.bytes, undefined, 206)).outcome).toMatch(/^pull: unexpected_status/);
  });

  const cut = new NetworkError({ stage: 'receive', code: 'ECONNRESET', message: 'cut' });
  const tooLong = new NetworkError({ stage: 'receive', code: 'BODY_TOO_LONG', message: 'too long' });
  const size = manifest.bytes.byteLength;

  test.each<[string, Uint8Array, NetworkError | undefined, string]>([
    ['that was cut', manifest.bytes, cut, 'NetworkError: cut'],
    [
      'that is too short',
      manifest.bytes.subarray(1),
      undefined,
      `pull: length_wrong: the manifest that came has ${size - 1} bytes of ${size}`,
    ],
    [
      'that never ends',
      Buffer.alloc(size + 9),
      tooLong,
      `pull: length_wrong: the manifest that came has ${size + 9} bytes of ${size}`,
    ],
    ['that is another one', Buffer.alloc(size), undefined, 'pull: digest_differs: another manifest came'],
  ])('in vain: one %s', async (_what, body, end, expected) => {
    expect((await pulled(get, body, end)).outcome).toBe(expected);
  });
});

test('a digest', () => {
  expect(digestOf(new Uint8Array())).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

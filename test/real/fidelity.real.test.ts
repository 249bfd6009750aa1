import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RegistryAuth } from '../support/lab/auth.ts';
import type { Intercept } from '../support/lab/intercept.ts';
import { describeWithComponents } from '../support/component.ts';
import { type DockerDaemon, startDockerDaemon } from './support/docker-daemon.ts';
import { type Recordings, recordBoth, type Scene, user } from './support/fidelity.ts';
import { MiB } from './support/expectations.ts';
import type { InjectedAnswer, RecordedRequest } from './support/recording-proxy.ts';
import type { WireRequest } from './support/recording-proxy-parser.ts';
import { buildahPush, containerdPush, podmanPush, skopeoCopy } from './support/skopeo.ts';
import { type WireImage, waitsAfter, wireImage } from './support/wire-image.ts';

const basic: RegistryAuth = { kind: 'basic', users: [user] };
const bearer: RegistryAuth = { kind: 'bearer', users: [user], service: 'lab' };
const html = { 'Content-Type': 'text/html' };
const json = { 'Content-Type': 'application/json' };
const refusal = '{"errors":[{"code":"SIZE_INVALID","message":"too large"}]}';
const unavailable: InjectedAnswer = { status: 503, headers: html, body: '<html>503 Service Unavailable</html>' };
const tooLargePage: InjectedAnswer = { status: 413, headers: html, body: '<html>413 Request Entity Too Large</html>' };
const tooLargeEarly: InjectedAnswer = { ...tooLargePage, afterBytes: 1_000_000 };
const tooLargeJson: InjectedAnswer = { status: 413, headers: json, body: refusal };

const tooMany: InjectedAnswer = { status: 429, headers: { ...html, 'Retry-After': '30' }, body: '<html>429</html>' };

/** Challenges with Bearer and Basic in two headers, as Gitea does where sign-in is required. */
const offersBoth: Intercept = (request) =>
  request.headers['authorization'] !== undefined
    ? undefined
    : {
        kind: 'answer',
        status: 401,
        headers: {
          'WWW-Authenticate': [
            `Bearer realm="http://${request.headers['host']}/v2/token",service="lab",scope="*"`,
            'Basic realm="lab"',
          ],
        },
      };
const giteaWithBoth = { auth: bearer, quirks: 'gitea', intercept: offersBoth } as const;

const images = (requests: readonly RecordedRequest[]): WireImage[] => requests.map(wireImage);
const isRefused = (request: RecordedRequest): boolean => request.method === 'PATCH' && (request.status ?? 0) >= 400;
const lines = (requests: readonly RecordedRequest[]): string[] =>
  images(requests).map(({ request, headers }) => `${request} ${headers['authorization'] ?? '-'}`);

/** After the manifest we look whether its tag leads to it; no client does. The other requests, and that it is the last. */
function withoutManifestCheck(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  const last = requests.at(-1);
  expect(`${last?.method} ${last?.target}`).toMatch(/^HEAD .*\/manifests\//);
  return requests.slice(0, -1);
}

function expectSameWaits(recordings: Recordings, seconds: readonly number[]): void {
  for (const requests of [recordings.real, recordings.emulated]) expectWaits(requests, seconds);
}

function expectWaits(requests: readonly RecordedRequest[], seconds: readonly number[]): void {
  const waits = waitsAfter(requests, isRefused);
  expect(waits).toHaveLength(seconds.length);
  const lateBy = waits.map((wait, index) => wait - seconds[index]!);
  // A late machine adds to a wait; it shortens none, and does not make one of them the next longer one.
  expect(Math.min(...lateBy), `waits of ${waits.join()} s`).toBeGreaterThan(-0.1);
  expect(Math.max(...lateBy), `waits of ${waits.join()} s`).toBeLessThan(4.9);
}

describeWithComponents(['dockerd', 'unshare'], 'fidelity: docker push', () => {
  let daemon: DockerDaemon;
  beforeAll(async () => {
    daemon = await startDockerDaemon();
  });
  afterAll(async () => {
    await daemon?.close();
  });
  const record = (scene: Scene): Promise<Recordings> => recordBoth('docker', scene, daemon.push);

  /** docker/distribution sets a Content-Type on PATCH since v2.8.3, which is in docker 25 (distribution/distribution#4053). */
  function asSince25(real: readonly RecordedRequest[]): WireImage[] {
    return images(real).map((image) => {
      if (!image.request.startsWith('PATCH')) return image;
      expect(image.headers).not.toHaveProperty('content-type');
      return { ...image, headers: { ...image.headers, 'content-type': 'application/octet-stream' } };
    });
  }

  test('the version of which this speaks; another one needs another look', () => {
    expect(daemon.version).toMatch(/^20\.10\./);
  });

  test.concurrent.each([
    ['503 of a proxy', unavailable, bearer],
    ['413 with the registry’s JSON', tooLargeJson, undefined],
  ])('%s: five attempts, 5, 10, 15 and 20 s apart, one token for all', async (_name, patch, auth) => {
    const recordings = await record({ patch, layerBytes: 2 * MiB, registry: auth === undefined ? {} : { auth } });
    expect(recordings.exitCode).toBe(1);
    expect(recordings.output).toContain('Retrying in 20 seconds');
    expect(images(recordings.emulated)).toEqual(asSince25(recordings.real));
    expect(recordings.real.filter(isRefused)).toHaveLength(5);
    expect(recordings.real.filter(({ target }) => target.startsWith('/token'))).toHaveLength(
      auth === undefined ? 0 : 1,
    );
    expectSameWaits(recordings, [5, 10, 15, 20]);
  });

  test('an anonymous push, byte for byte of the framing', async () => {
    const { real, emulated, exitCode } = await record({});
    expect(exitCode).toBe(0);
    expect(images(withoutManifestCheck(emulated))).toEqual(asSince25(real));
    expect(images(real)[2]?.body).toMatch(/^chunked \d+: 32768×256 \d+$/);
  });

  test('Basic: after the challenge, without a second ping', async () => {
    const { real, emulated } = await record({ registry: { auth: basic } });
    expect(images(withoutManifestCheck(emulated))).toEqual(asSince25(real));
    expect(lines(real).slice(0, 2)).toEqual(['GET /v2/ -', 'POST /v2/probe/blobs/blobs/uploads/ Basic <credentials>']);
  });

  test('Bearer: one token for the push', async () => {
    const { real, emulated } = await record({ registry: { auth: bearer } });
    expect(images(withoutManifestCheck(emulated))).toEqual(asSince25(real));
    expect(lines(real).slice(0, 3)).toEqual([
      'GET /v2/ -',
      'GET /token?account=probe&scope=repository:probe/blobs:push,pull&service=lab Basic <credentials>',
      'POST /v2/probe/blobs/blobs/uploads/ Bearer <credentials>',
    ]);
  });

  test('Bearer and Basic offered: a token is fetched, and Basic is sent', async () => {
    const { real, emulated, output } = await record({ registry: giteaWithBoth });
    expect(output).toContain('digest: sha256:');
    expect(images(withoutManifestCheck(emulated))).toEqual(asSince25(real));
    expect(lines(real).slice(0, 3)).toEqual([
      'GET /v2/ -',
      'GET /v2/token?account=probe&scope=repository:probe/blobs:push,pull&service=lab Basic <credentials>',
      'POST /v2/probe/blobs/blobs/uploads/ Basic <credentials>',
    ]);
  });

  test.each([
    ['at the end', tooLargePage],
    ['while the body is being sent', tooLargeEarly],
  ])('413 with a page of HTML, %s: this version gives up at once', async (_name, patch) => {
    const scene = { patch, layerBytes: 24 * MiB, retries: 'none' } as const;
    const { real, emulated, output } = await record(scene);
    expect(output).toContain('error parsing HTTP 413 response body');
    expect(images(emulated)).toEqual(asSince25(real));
    expect(real.filter(isRefused)).toHaveLength(1);
  });
});

describeWithComponents(['skopeo', 'unshare'], 'fidelity: skopeo copy', () => {
  const record = (scene: Scene): Promise<Recordings> => recordBoth('skopeo', scene, skopeoCopy);

  test.each<[string, Scene['registry']]>([
    ['anonymous', {}],
    ['Basic', { auth: basic }],
    ['Bearer', { auth: bearer }],
    ['Bearer and Basic offered', giteaWithBoth],
  ])('%s: the same requests', async (_name, registry = {}) => {
    const { real, emulated, exitCode } = await record({ registry });
    expect(exitCode).toBe(0);
    expect(images(withoutManifestCheck(emulated))).toEqual(images(real));
    const token = registry.auth?.kind === 'bearer' ? 1 : 0;
    expect(real.filter(({ target }) => target.includes('/token?'))).toHaveLength(token);
    expect(images(real)[4 + token]?.body).toMatch(/^content-length \d+$/);
  });

  test.each([
    ['503', unavailable],
    ['413 with a page of HTML', tooLargePage],
    ['413 while the body is being sent', tooLargeEarly],
    ['413 with the registry’s JSON', tooLargeJson],
  ])('%s: one attempt', async (_name, patch) => {
    const { real, emulated, exitCode } = await record({ patch, layerBytes: 24 * MiB });
    expect(exitCode).toBe(1);
    expect(images(emulated)).toEqual(images(real));
    expect(real.filter(isRefused)).toHaveLength(1);
  });
});

/** The gzip writer's own small writes are frames of their own; what the emulated client writes comes in full ones. */
function withoutChunkSizes(requests: readonly RecordedRequest[]): WireImage[] {
  return images(requests).map((image) => ({ ...image, body: image.body.replace(/:.*/, '') }));
}

describeWithComponents(['podman', 'buildah', 'unshare'], 'fidelity: podman push and buildah push', () => {
  const record = (scene: Scene): Promise<Recordings> => recordBoth('podman', scene, podmanPush);

  test.each<[string, RegistryAuth | undefined]>([
    ['anonymous', undefined],
    ['Basic', basic],
    ['Bearer', bearer],
  ])('podman, %s: the same requests', async (_name, auth) => {
    const { real, emulated, exitCode } = await record({ registry: auth === undefined ? {} : { auth } });
    expect(exitCode).toBe(0);
    expect(withoutChunkSizes(withoutManifestCheck(emulated))).toEqual(withoutChunkSizes(real));
    const sizes = real.find(({ bodyBytes }) => bodyBytes > MiB)?.chunkBytes ?? [];
    expect(Math.max(...sizes)).toBe(32 * 1024);
    expect(sizes.filter((size) => size === 32 * 1024).length / sizes.length).toBeGreaterThan(0.9);
  });

  test('podman, 413 with the registry’s JSON: four attempts a second apart, each from the ping on', async () => {
    const recordings = await record({ patch: tooLargeJson, layerBytes: 2 * MiB });
    expect(recordings.exitCode).toBe(125);
    expect(withoutChunkSizes(recordings.emulated)).toEqual(withoutChunkSizes(recordings.real));
    expect(recordings.real.filter(isRefused)).toHaveLength(4);
    expectSameWaits(recordings, [1, 1, 1]);
  });

  test.each([
    // Retried since containers/common 3a49d06b of March 2025, as the profile has it.
    ['503: this version gives up', unavailable],
    ['413 with a page of HTML', tooLargePage],
    ['413 while the body is being sent', tooLargeEarly],
  ])('podman, %s', async (_name, patch) => {
    const { real, emulated } = await record({ patch, layerBytes: 24 * MiB, retries: 'none' });
    expect(withoutChunkSizes(emulated)).toEqual(withoutChunkSizes(real));
    expect(real.filter(isRefused)).toHaveLength(1);
  });

  test('buildah is podman under its own name, with 2 s between attempts', async () => {
    const recordings = await recordBoth('podman', { patch: tooLargeJson, layerBytes: 2 * MiB }, buildahPush);
    const renamed = withoutChunkSizes(recordings.real).map(({ headers, ...image }) => {
      expect(headers['user-agent']).toBe('Buildah');
      return { ...image, headers: { ...headers, 'user-agent': 'containers' } };
    });
    expect(withoutChunkSizes(recordings.emulated)).toEqual(renamed);
    expectWaits(recordings.real, [2, 2, 2]);
  });
});

/**
 * The requests of the layer: first those that its config, sent beside it, has word for word (POST, token), each once and in no order,
 * since either of the two may come first; then the layer's own, in their order.
 */
function ofLayer(requests: readonly RecordedRequest[]): WireImage[] {
  const shared = new Map<string, WireImage>();
  const own = images(requests).filter((image) => {
    const { request, headers, body } = image;
    if (request.startsWith('HEAD')) return headers['accept']?.includes('image.layer');
    if (request.startsWith('PUT')) return /\d|not to its end/.test(body);
    shared.set(request, shared.get(request) ?? image);
    return false;
  });
  return [...[...shared.keys()].sort().map((request) => shared.get(request)!), ...own];
}

/** The first request of the layer or its config: of the two, whichever came second would know the challenge that the first was given. */
const isFirstOfItsBlob = ({ method, target, headers }: WireRequest): boolean =>
  method === 'HEAD' && target.includes('/blobs/') && !headers.some(([name]) => name.toLowerCase() === 'authorization');

describeWithComponents(['containerd', 'unshare'], 'fidelity: ctr images push', () => {
  const record = (scene: Scene): Promise<Recordings> =>
    recordBoth('containerd', { kind: 'blob', pairs: isFirstOfItsBlob, ...scene }, containerdPush);

  test.each<[string, RegistryAuth | undefined]>([
    ['anonymous', undefined],
    ['Basic', basic],
    ['Bearer', bearer],
  ])('%s: the same requests', async (_name, auth) => {
    const { real, emulated, exitCode, output } = await record({ registry: auth === undefined ? {} : { auth } });
    expect([exitCode, output]).toEqual([0, output]);
    expect(ofLayer(emulated)).toEqual(ofLayer(real));
    expect(ofLayer(emulated)).toHaveLength(emulated.length);
  });

  test.each([
    ['413 with a page of HTML: one sending', tooLargePage, 1],
    ['413 while the body is being sent: one sending', tooLargeEarly, 1],
    ['429: five sendings on the same session, whatever Retry-After says', tooMany, 5],
  ])('%s', async (_name, put, sendings) => {
    const { real, emulated, exitCode } = await record({ put, layerBytes: 12 * MiB });
    expect(exitCode).toBe(1);
    // containerd 1.6 now and then begins one body more and drops it at once, before anything could answer.
    const answered = (all: readonly RecordedRequest[]): WireImage[] =>
      ofLayer(all).filter(({ status }) => status !== undefined);
    expect(answered(emulated)).toEqual(answered(real));
    const refused = real.filter(({ status }) => status === put.status);
    expect(refused).toHaveLength(sendings);
    // One wait that keeps to Retry-After would take 30 s.
    expect((refused.at(-1)?.startMs ?? 0) - (refused[0]?.startMs ?? 0)).toBeLessThan(29_000);
  });
});

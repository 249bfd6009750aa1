import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { mayReach } from '../../../src/network/reach.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { checkOf, runOnce } from '../../support/checks.ts';
import { type Scene, type Scripts, startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const sizeBytes = 100_000;

/** A store that answers reads of an object, without a word of a registry, and notes what it was sent. */
async function store(): Promise<{ url: string; seen: { line: string; headers: IncomingHttpHeaders }[] }> {
  const seen: { line: string; headers: IncomingHttpHeaders }[] = [];
  const { port } = await opened.listen(
    createServer((request, response) => {
      seen.push({ line: `${request.method} ${request.url}`, headers: request.headers });
      response.writeHead(200, { server: 'AmazonS3', 'content-length': String(sizeBytes) }).end();
    }),
  );
  return { url: `http://127.0.0.1:${port}`, seen };
}

const registry = async (scripts: Scripts) => opened.own(await startScriptedRegistry(scripts));
const to =
  (location: string, status = 307) =>
  (scene: Scene) => {
    scene.request.resume();
    scene.answer(status, { location, 'docker-distribution-api-version': 'registry/2.0' });
  };

describe('the HEAD of a blob that is sent on to a store', () => {
  test.each([301, 302, 303, 307, 308])(
    'is followed after %i, as every client follows, without allowHosts',
    async (status) => {
      const s3 = await store();
      const { url } = await registry({ 'HEAD /v2/': to(`${s3.url}/data?X-Amz-Signature=abc`, status) });
      const run = await runOnce(checkOf(url, { sizeBytes }));
      expect(run.failure).toBeUndefined();
      const lines = run.attempts.flatMap(({ requests }) => requests.map((one) => `${one.method} ${one.status}`));
      expect(lines.slice(-2)).toEqual([`HEAD ${status}`, 'HEAD 200']);
      expect(s3.seen[0]?.line).toBe('HEAD /data?X-Amz-Signature=abc');
      expect(run.pathFacts.remoteAddress).toBe('127.0.0.1');
    },
  );

  test('carries no credentials to it, and none of the extra headers', async () => {
    const s3 = await store();
    const wanted = `Basic ${btoa('u:p4ssw0rd')}`;
    const guarded = (then: (scene: Scene) => unknown) => (scene: Scene) => {
      if (scene.request.headers.authorization === wanted) return then(scene);
      scene.request.resume();
      return scene.answer(401, { 'www-authenticate': 'Basic realm="r"' });
    };
    const { url } = await registry({
      'GET /v2/': guarded((scene) => scene.answer(200)),
      'HEAD /v2/': guarded(to(`${s3.url}/data`)),
    });
    const credentials = { kind: 'basic', username: 'u', password: Secret.of('p4ssw0rd') } as const;
    const check = checkOf(url, {
      sizeBytes,
      registry: { credentials },
      path: { headers: { 'x-extra': 'for the hop' } },
    });
    expect((await runOnce(check)).failure).toBeUndefined();
    expect(s3.seen.length).toBeGreaterThan(0);
    const told = s3.seen.flatMap(({ headers }) => Object.keys(headers));
    expect(told).not.toContain('authorization');
    expect(told).not.toContain('x-extra');
    expect(s3.seen[0]?.headers.referer).toMatch(new RegExp(`^${url}/v2/probe/blobs/blobs/sha256:`));
  });

  test('that cannot be reached fails there, and the failure says who sent us', async () => {
    const { url } = await registry({ 'HEAD /v2/': to('http://127.0.0.1:1/data?X-Amz-Signature=abc') });
    const { failure } = await runOnce(checkOf(url, { sizeBytes }));
    expect(failure).toMatchObject({
      reason: 'connect_refused',
      evidence: { url: 'http://127.0.0.1:1/data?X-Amz-Signature=…' },
    });
    expect(failure?.evidence.redirectedFrom).toMatch(new RegExp(`^${url}/v2/probe/blobs/blobs/sha256:`));
  });

  test('that leads in a circle ends after ten', async () => {
    const { url, requests } = await registry({ 'HEAD /v2/': (scene) => to(scene.request.url ?? '')(scene) });
    const run = await runOnce(checkOf(url, { sizeBytes, registry: { cleanup: 'keep' } }));
    expect(run.failure?.reason).toBe('unexpected_redirect');
    expect(requests.filter((line) => line.startsWith('HEAD')).length).toBe(10);
  });

  test.each(['http://169.254.169.254/latest/meta-data/', 'http://[fe80::1]/', 'http://u:p@127.0.0.1/'])(
    'that leads to %s does not go there',
    async (location) => {
      const { url } = await registry({ 'HEAD /v2/': to(location) });
      const run = await runOnce(checkOf(url, { sizeBytes }));
      expect(run.failure?.reason).toBe('location_invalid');
    },
  );
});

describe('a request that uploads', () => {
  test('without a body follows 307 on the own host, as Go does', async () => {
    const { url, requests } = await registry({ 'POST /v2/probe/blobs/blobs/uploads/': to('/elsewhere/uploads/') });
    const run = await runOnce(checkOf(url, { sizeBytes }));
    expect(run.failure).toBeUndefined();
    expect(requests).toContain('POST /elsewhere/uploads/');
  });

  test('and streams cannot be sent twice', async () => {
    const { url } = await registry({ 'PATCH /v2/': to('/elsewhere') });
    expect((await runOnce(checkOf(url, { sizeBytes }))).failure?.reason).toBe('unexpected_redirect');
  });

  test('becomes a GET in Go after 301, which uploads nothing: it is not sent', async () => {
    const { url, requests } = await registry({ 'POST /v2/': to('/elsewhere', 301) });
    expect((await runOnce(checkOf(url, { sizeBytes }))).failure?.reason).toBe('unexpected_redirect');
    expect(requests.filter((line) => line.includes('elsewhere'))).toEqual([]);
  });

  test('goes to no host that the path does not allow', async () => {
    const other = await store();
    const { url } = await registry({ 'POST /v2/': to(`${other.url}/uploads/`) });
    expect((await runOnce(checkOf(url, { sizeBytes }))).failure?.reason).toBe('location_invalid');
    expect(other.seen).toEqual([]);
  });
});

describe('mayReach', () => {
  test.each([
    ['192.0.2.7', 'https://r.test', true],
    ['10.0.0.7', 'https://r.test', true],
    ['127.0.0.1', 'https://r.test', false],
    ['::ffff:127.0.0.1', 'https://r.test', false],
    ['localhost', 'https://r.test', false],
    ['s3.localhost', 'https://r.test', false],
    ['s3.localhost', 'http://registry.localhost:5000', true],
    ['0.0.0.0', 'https://r.test', false],
    ['127.0.0.1', 'http://localhost:5000', true],
    ['127.0.0.1', 'http://[::1]:5000', true],
    ['169.254.169.254', 'http://127.0.0.1', false],
    ['169.254.169.254', 'http://169.254.10.2', false],
    ['100.100.100.200', 'http://100.100.100.1', false],
    ['metadata.google.internal', 'https://r.test', false],
    ['fd00:ec2::254', 'https://r.test', false],
    ['169.254.10.1', 'http://169.254.10.2', true],
    ['224.0.0.1', 'https://r.test', false],
    ['s3.test', 'https://r.test', true],
  ])('%s from %s: %s', (host, origin, may) => expect(mayReach(host, origin)).toBe(may));
});

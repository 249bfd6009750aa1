import type { ClientName } from '../../src/probe/clients/client-profiles.ts';
import { afterEach, expect, test } from 'vitest';
import { createEngine } from '../../src/daemon/engine.ts';
import { createHesitatingPacer } from '../../src/network/body/pacer.ts';
import { searchDurationLimit } from '../../src/probe/limits/duration-search.ts';
import { searchSizeLimit } from '../../src/probe/limits/size-search.ts';
import { checkOf } from '../support/checks.ts';
import { describeWithComponents } from '../support/component.ts';
import { startRegistry } from './support/docker-registry.ts';
import { expectNoSessionForgotten, MiB } from './support/expectations.ts';
import { startHop } from './hops/hop.ts';
import { startNginx } from './support/nginx.ts';
import { type ProxyOptions, startProxy } from './support/proxies.ts';
import { Opened } from '../support/servers.ts';

const repository = 'probes/blob';
const signal = new AbortController().signal;
const opened = new Opened();
afterEach(() => opened.closeAll());

async function throughNginx(maxBodySize: string, buffersRequests: boolean) {
  const registry = opened.own(await startRegistry());
  const nginx = opened.own(await startNginx({ upstreamPort: registry.port, maxBodySize, buffersRequests }));
  return { registry, nginx };
}

function checkThrough(origin: string, client: ClientName) {
  return checkOf(origin, { client, registry: { repository }, check: { timeoutMs: 60_000 } });
}

describeWithComponents(['docker-registry', 'nginx'], 'limits of a real nginx', () => {
  test.each<[maxBodySize: string, limitBytes: number, client: ClientName, buffersRequests: boolean]>([
    ['1m', MiB, 'docker', true],
    ['1m', MiB, 'docker-containerd', true],
    ['10m', 10 * MiB, 'docker', false],
    ['10m', 10 * MiB, 'docker-containerd', false],
    ['10m', 10 * MiB, 'skopeo', false],
    ['37m', 37 * MiB, 'docker', true],
    ['37m', 37 * MiB, 'docker-containerd', true],
  ])('client_max_body_size %s (%i bytes) as %s, request buffering %s', async (size, limitBytes, client, buffers) => {
    const { registry, nginx } = await throughNginx(size, buffers);
    const options = { upToBytes: 64 * MiB, resolutionBytes: 256 * 1_024, signal };
    const run = createEngine().paced(createHesitatingPacer(400));
    const found = await searchSizeLimit(checkThrough(nginx.origin, client), options, run);
    expect(found.why).toMatch(/is refused: 413 from nginx/);
    expect(found.conclusion).toBe('found');
    expect(found.largestAccepted).toBeLessThanOrEqual(limitBytes);
    expect(found.smallestRejected).toBeGreaterThan(limitBytes);
    expect(found.smallestRejected! - found.largestAccepted!).toBeLessThanOrEqual(256 * 1_024);
    const accepted = found.runs.filter((one) => one.ok).reduce((sum, one) => sum + one.sentBytes, 0);
    // A refused declared length costs the chunks before the pause; a streamed body what passes before nginx has counted enough.
    const perRefusal = client === 'docker' ? limitBytes + 8 * MiB : 256 * 1_024;
    const refused = found.runs.length - found.runs.filter((one) => one.ok).length;
    expect(found.bytesSpent).toBeLessThanOrEqual(accepted + refused * perRefusal);
    await expectNoSessionForgotten(registry, repository);
  });

  test('without a limit: none up to what was tried', async () => {
    const { nginx } = await throughNginx('0', false);
    const options = { upToBytes: 64 * MiB, resolutionBytes: MiB, signal };
    const found = await searchSizeLimit(checkThrough(nginx.origin, 'docker'), options, createEngine().run);
    expect(found).toMatchObject({ conclusion: 'none-up-to', largestAccepted: 64 * MiB });
  });

  test('a slow body: nginx limits silence, not duration', async () => {
    const { nginx } = await throughNginx('10m', false);
    const options = { durationsMs: [3_000], signal };
    const engine = createEngine();
    const found = await searchDurationLimit(checkThrough(nginx.origin, 'docker'), options, (pacer) =>
      engine.paced(pacer),
    );
    expect(found).toMatchObject({ conclusion: 'none-up-to', largestAccepted: 3 });
  });

  test('a registry that dies is no size limit', async () => {
    const { registry, nginx } = await throughNginx('0', false);
    const options = { upToBytes: 64 * MiB, resolutionBytes: MiB, signal };
    const engine = createEngine();
    let runs = 0;
    const found = await searchSizeLimit(checkThrough(nginx.origin, 'docker'), options, async (check, runOptions) => {
      runs += 1;
      if (runs === 2) await registry.kill();
      return engine.run(check, runOptions);
    });
    expect(found).toMatchObject({ conclusion: 'inconclusive', largestAccepted: 1_024 });
    expect(found.why).toMatch(/502 from nginx \(origin_unreachable\)/);
    expect(found.smallestRejected).toBeUndefined();
  });
});

async function throughHaproxy(options: Omit<ProxyOptions, 'upstreamPort'>) {
  const registry = opened.own(await startRegistry());
  const haproxy = opened.own(await startProxy('haproxy', { ...options, upstreamPort: registry.port }));
  return { registry, haproxy };
}

describeWithComponents(['docker-registry', 'haproxy'], 'limits of a real HAProxy', () => {
  const sizes = { upToBytes: 12 * MiB, resolutionBytes: 256 * 1_024, signal };

  test.each<[client: ClientName, limitBytes: number]>([
    ['docker-containerd', MiB],
    ['docker-containerd', 5_000_000],
    ['skopeo', 10 * MiB],
  ])('deny above a declared length, as %s, %i bytes', async (client, limitBytes) => {
    const { registry, haproxy } = await throughHaproxy({ limitBytes });
    const run = createEngine().paced(createHesitatingPacer(200));
    const found = await searchSizeLimit(checkThrough(haproxy.origin, client), sizes, run);
    expect(found.why).toMatch(/is refused: 413 from haproxy/);
    expect(found.conclusion).toBe('found');
    expect(found.largestAccepted).toBeLessThanOrEqual(limitBytes);
    expect(found.smallestRejected).toBeGreaterThan(limitBytes);
    expect(found.smallestRejected! - found.largestAccepted!).toBeLessThanOrEqual(256 * 1_024);
    await expectNoSessionForgotten(registry, repository);
  });

  test('a streamed body has no length that could be too much: none up to what was tried', async () => {
    const { haproxy } = await throughHaproxy({ limitBytes: MiB });
    const found = await searchSizeLimit(checkThrough(haproxy.origin, 'docker'), sizes, createEngine().run);
    expect(found).toMatchObject({ conclusion: 'none-up-to', largestAccepted: 12 * MiB });
  });

  test('timeout client and timeout server limit silence, not duration', async () => {
    const { haproxy } = await throughHaproxy({ pauseSeconds: 5, answerSeconds: 5 });
    const engine = createEngine();
    const options = { durationsMs: [12_000], signal };
    const found = await searchDurationLimit(checkThrough(haproxy.origin, 'docker'), options, (pacer) =>
      engine.paced(pacer),
    );
    expect(found).toMatchObject({ conclusion: 'none-up-to', largestAccepted: 12 });
  });

  test.each<ClientName>(['docker', 'docker-containerd'])(
    'timeout http-request with http-buffer-request limits the duration, as %s',
    async (client) => {
      const { haproxy } = await throughHaproxy({ requestSeconds: 2 });
      const engine = createEngine();
      const options = { durationsMs: [1_000, 4_000], resolutionMs: 500, signal };
      const found = await searchDurationLimit(checkThrough(haproxy.origin, client), options, (pacer) =>
        engine.paced(pacer),
      );
      expect(found.conclusion).toBe('found');
      expect(found.rejection).toMatchObject({ reason: 'request_timeout', status: 408, answeredBy: 'haproxy' });
      expect(found.largestAccepted).toBeLessThanOrEqual(2);
      expect(found.smallestRejected).toBeGreaterThanOrEqual(2);
      // Seconds with a fraction: 2.001 - 1.501 is a hair above 0.5.
      expect(found.smallestRejected! - found.largestAccepted!).toBeLessThan(0.501);
    },
  );
});

describeWithComponents(['docker-registry', 'envoy', 'nginx'], 'limits of pulls through real hops', () => {
  async function searchThrough(hop: 'envoy' | 'nginx', more: Readonly<Record<string, string>>) {
    const registry = opened.own(await startRegistry());
    const { origin } = opened.own(await startHop(hop, { upstreamPort: registry.port, more }));
    const direct = checkThrough(`http://127.0.0.1:${registry.port}`, 'docker').path;
    const check = { ...checkThrough(origin, 'docker'), pushedOver: { ...direct, name: 'direct' } };
    const options = { durationsMs: [4_000], resolutionMs: 1_000, signal };
    const engine = createEngine();
    const found = await searchDurationLimit(check, options, (pacer) => engine.paced(pacer, 'pull'));
    await expectNoSessionForgotten(registry, repository);
    return found;
  }

  test('Envoy’s time limit of a route counts the whole answer', { timeout: 120_000 }, async () => {
    const found = await searchThrough('envoy', { route: '{"timeout":"2.5s"}' });
    expect(found).toMatchObject({ conclusion: 'found', direction: 'pull', largestAccepted: 2, smallestRejected: 3 });
    expect(found.why).toMatch(
      /^a pull may take 2 s; one of 3 s is ended: 200 from registry \(connection_reset\) in pull/,
    );
  });

  test('nginx limits silence, not duration', { timeout: 120_000 }, async () => {
    const found = await searchThrough('nginx', { location: 'proxy_read_timeout 2s;' });
    expect(found).toMatchObject({ conclusion: 'none-up-to', direction: 'pull', largestAccepted: 4 });
  });
});

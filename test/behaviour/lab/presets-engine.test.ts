import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { type DemoLab, startLab } from '../../../src/lab/lab.ts';
import { type PresetName, demoScale, presetNames, presetOf } from '../../../src/lab/presets.ts';
import { type DemoRegistry, startLoggedRegistry, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { Check } from '../../../src/probe/check.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const chunkBytes = 256 * KiB;
const clients = ['docker', 'docker-containerd', 'chunked'] as const;

function checkFor(origin: string, client: ClientName, sizeBytes: number, changes: Partial<Check> = {}): Check {
  const check = checkOf(origin, { client, sizeBytes, check: changes });
  return client === 'chunked' ? { ...check, client: { ...check.client, chunkBytes } } : check;
}

/** `ok`, or reason, phase, who answered and with what. */
function outcome({ ok, failure }: Run): string {
  if (ok || failure === undefined) return ok ? 'ok' : 'no failure named';
  return [failure.reason, failure.phase, failure.answeredBy, failure.status ?? '-'].join(' ');
}

/** What stands behind or before the preset's proxy in a row of the table. */
interface Surroundings {
  /** How long the registry takes to commit a blob. */
  readonly commitMs?: number;
  /** A link of 1.25 MiB/s before the proxy. */
  readonly slowLink?: true;
  /** No registry at all. */
  readonly registryDown?: true;
}

const refusedBy = (proxy: string, phase = 'send'): string => `body_too_large ${phase} ${proxy} 413`;
const dropped = 'body_dropped send registry 202';
/** Far beyond the limit: refused in the middle of a streamed body, at the declared length, not at all in chunks below it. */
const limitedBy = (proxy: string): Outcomes => [refusedBy(proxy), refusedBy(proxy), 'ok'];
/** One byte beyond it: the streamed body is all sent when that byte is counted. */
const justLimitedBy = (proxy: string): Outcomes => [refusedBy(proxy, 'wait'), refusedBy(proxy), 'ok'];
/** The registry thinks for too long: at the commit where that is a request of its own, else after the body. */
const lateAt = (proxy: string, status = 504): Outcomes => {
  const late = (phase: string): string => `response_timeout ${phase} ${proxy} ${status}`;
  return [late('commit'), late('wait'), late('commit')];
};
const fine: Outcomes = ['ok', 'ok', 'ok'];
/** By turns. */
const endedByTraefik = '(?:request_timeout wait traefik 499|response_timeout wait traefik 504)';
type Outcomes = readonly [docker: string | RegExp, containerd: string, chunked: string];

/** Preset at the demo's scale, bytes, what is around it, and what comes of it for docker, docker-containerd and chunked. */
const table: readonly (readonly [PresetName, number, Surroundings, Outcomes])[] = [
  ['cloudflare-free', 1_000_000, {}, fine],
  ['cloudflare-free', 1_000_001, {}, justLimitedBy('cloudflare')],
  ['cloudflare-free', 16 * MiB, {}, limitedBy('cloudflare')],
  ['cloudflare-free', 100 * KiB, { commitMs: 3_500 }, lateAt('cloudflare', 524)],
  ['cloudflare-enterprise', 5_000_000, {}, fine],
  ['cloudflare-enterprise', 5_000_001, {}, justLimitedBy('cloudflare')],
  ['cloudflare-enterprise', 16 * MiB, {}, limitedBy('cloudflare')],
  ['cloudflared-quic', 1, {}, [dropped, 'ok', 'ok']],
  ['cloudflared-quic', 1_000_000, {}, [dropped, 'ok', 'ok']],
  // The registry has its empty body, and answers, before or after the edge has counted so many bytes.
  [
    'cloudflared-quic',
    1_000_001,
    {},
    [new RegExp(`^(?:${dropped}|${refusedBy('cloudflare', '(?:send|wait)')})$`), refusedBy('cloudflare'), 'ok'],
  ],
  ['cloudfront', 2 * MiB, { commitMs: 100 }, fine],
  ['cloudfront', 100 * KiB, { commitMs: 1_200 }, lateAt('cloudfront')],
  ['ingress-nginx-default', 512 * KiB, {}, fine],
  ['ingress-nginx-default', 512 * KiB + 1, {}, justLimitedBy('nginx')],
  ['ingress-nginx-default', 8 * MiB, {}, limitedBy('nginx')],
  ['ingress-nginx-default', 100 * KiB, { commitMs: 2_000 }, lateAt('nginx')],
  ['traefik-3', 2 * MiB, {}, fine],
  ['traefik-3', 768 * KiB, { slowLink: true }, fine],
  ['traefik-3', 2 * MiB, { slowLink: true }, [endedByTraefik, endedByTraefik, 'ok']],
  ['envoy', 2 * MiB, { commitMs: 50 }, fine],
  ['envoy', 100 * KiB, { commitMs: 1_000 }, lateAt('envoy')],
  ['envoy-gateway', 100 * KiB, { commitMs: 1_000 }, lateAt('envoy')],
  ['nginx-gateway-fabric', 512 * KiB + 1, {}, justLimitedBy('nginx')],
  ['cilium', 2 * MiB, { commitMs: 300 }, fine],
  ['traefik-gateway', 2 * MiB, {}, fine],
  ['alb', 2 * MiB, { commitMs: 300 }, fine],
  ['alb', 100 * KiB, { commitMs: 2_000 }, lateAt('alb')],
  ['haproxy', 2 * MiB, { commitMs: 300 }, fine],
  ['haproxy', 100 * KiB, { commitMs: 1_800 }, lateAt('haproxy')],
  // The containerd store begins with a HEAD, and the answer to a HEAD has no page to know HAProxy by.
  [
    'haproxy',
    100 * KiB,
    { registryDown: true },
    [
      'origin_unreachable auth haproxy 503',
      'origin_unreachable start haproxy 503',
      'origin_unreachable start haproxy 503',
    ],
  ],
];

test('the table speaks of every preset', () => {
  expect(new Set(table.map(([preset]) => preset))).toEqual(new Set(presetNames));
});

describe.concurrent.each(table)('%s, %d bytes, %o', (preset, sizeBytes, surroundings, expected) => {
  let registry: DemoRegistry;
  let edge: DemoEdge;
  beforeAll(async () => {
    registry = await startRegistry({ quirks: 'gitea', settings: { commitDelayMs: surroundings.commitMs ?? 0 } });
    const { faults, identity } = presetOf(preset, demoScale);
    const slow: Fault = { kind: 'throttle', bytesPerSecond: 1.25 * MiB, direction: 'request' };
    edge = await startEdge({
      upstream: registry.url,
      identity,
      faults: surroundings.slowLink ? [...faults, slow] : faults,
    });
    if (surroundings.registryDown) await registry.close();
  });
  afterAll(async () => {
    await edge.close();
    await registry.close();
  });

  test.each(clients.map((client, index) => [client, expected[index] ?? ''] as const))('%s', async (client, wanted) => {
    const run = await runOnce(checkFor(edge.url, client, sizeBytes));
    expect(outcome(run)).toMatch(typeof wanted === 'string' ? new RegExp(`^${wanted}$`) : wanted);
    // A streamed body dies at the limit: so many bytes had to be sent before anybody could know that they are too many.
    const limitBytes = edge.faults.flatMap((fault) => (fault.kind === 'body-limit' ? [fault.limitBytes] : []))[0] ?? 0;
    const counted = client === 'docker' && run.failure?.reason === 'body_too_large';
    expect(run.failure?.sentBytes ?? sizeBytes).toBeGreaterThanOrEqual(counted ? limitBytes : 0);
  });
});

describe('the manual report, replayed', () => {
  let lab: DemoLab;
  let server: Awaited<ReturnType<typeof startLoggedRegistry>>;
  beforeAll(async () => {
    const outage = { everyMs: 600_000, downMs: 1 };
    lab = await startLab({
      outage,
      startRegistry: async (options = {}) => (server = await startLoggedRegistry(options)),
    });
  });
  afterAll(() => lab.close());

  /** A push as a user's client makes it, with all its attempts. */
  async function push(path: string, client: ClientName, sizeBytes: number): Promise<{ run: Run; waitsMs: number[] }> {
    const { username, password, repository } = lab.registry;
    const origin = lab.paths.find(({ name }) => name === path)?.origin ?? '';
    const credentials = { kind: 'basic', username, password: Secret.of(password) } as const;
    const check = checkFor(origin, client, sizeBytes, { retries: 'profile' });
    const waitsMs: number[] = [];
    const registry = { ...check.registry, repository, credentials };
    const run = await runOnce({ ...check, registry }, runDeps({}, waitsMs));
    return { run, waitsMs };
  }

  test('small pushes work on both paths, the large one only on the internal one', async () => {
    const seen: Record<string, string> = {};
    for (const path of ['cloudflare', 'internal']) {
      for (const size of ['small', 'large'] as const)
        seen[`${path} ${size}`] = outcome((await push(path, 'docker', lab.sizes[size])).run);
    }
    expect(seen).toEqual({
      'cloudflare small': 'ok',
      'cloudflare large': dropped,
      'internal small': 'ok',
      'internal large': 'ok',
    });
  });

  test('docker loops in "Retrying in 5 seconds", five times, and the tunnel is to blame', async () => {
    const { run, waitsMs } = await push('cloudflare', 'docker', lab.sizes.large);
    expect(run.attempts.map(({ failure }) => failure?.reason)).toEqual(Array(5).fill('body_dropped'));
    expect(waitsMs).toEqual([5_000, 10_000, 15_000, 20_000]);
    expect(run.failure?.blame).toBe('tunnel');
  });

  test('the streamed client sees an empty body where the client with a length does not', async () => {
    const received = (method: string): [string, number][] =>
      server.requests
        .filter((request) => request.method === method)
        .map(({ framing, receivedBytes }) => [framing, receivedBytes]);
    server.clearRequests();
    const streamed = await push('cloudflare', 'docker', lab.sizes.medium);
    expect(outcome(streamed.run)).toBe(dropped);
    expect(received('PATCH')).toEqual(Array.from({ length: 5 }, () => ['content-length', 0]));
    server.clearRequests();
    const declared = await push('cloudflare', 'docker-containerd', lab.sizes.medium);
    expect(outcome(declared.run)).toBe('ok');
    expect(received('PUT')).toEqual([['content-length', lab.sizes.medium]]);
  });

  test('what the report recommends: the same large push over the other ways to the same registry', async () => {
    for (const path of ['internal', 'loadbalancer'])
      expect([path, outcome((await push(path, 'docker', lab.sizes.large)).run)]).toEqual([path, 'ok']);
  });
});

import { beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { startEdge } from '../../src/demo/edge.ts';
import type { Fault } from '../../src/demo/faults/fault.ts';
import type { Reaction } from '../../src/demo/oci/intercept.ts';
import { presetOf } from '../../src/demo/presets.ts';
import type { PresetName } from '../../src/demo/presets.ts';
import type { EdgeIdentity } from '../../src/demo/proxy-styles.ts';
import { type RegistryOptions, startRegistry } from '../../src/demo/registry.ts';
import type { PathKind } from '../../src/network/path.ts';
import type { ClientName } from '../../src/probe/client-profile.ts';
import { checkApi } from '../../src/probe/api-check.ts';
import { diagnose } from '../../src/probe/diagnose/diagnose.ts';
import { examine, mostExaminedBytes } from '../../src/probe/diagnose/examine.ts';
import type { Diagnosis } from '../../src/probe/diagnose/finding.ts';
import { createRunner } from '../../src/probe/run.ts';
import { createPayloadSource } from '../../src/registry/payload.ts';
import { checkOf, runDeps } from '../support/checks.ts';
import { pathTo } from '../support/paths.ts';

const KiB = 1024;
const scale = { size: 0.005, time: 0.01 };

interface Case {
  readonly name: string;
  readonly preset?: PresetName;
  /** In addition to the preset's; `sizeBytes` is the size in question. */
  readonly faults?: (sizeBytes: number) => readonly Fault[];
  readonly identity?: EdgeIdentity;
  readonly kind?: PathKind;
  readonly client?: ClientName;
  readonly registry?: RegistryOptions;
  readonly intercept?: (method: string) => Reaction | undefined;
  /** The registry is not there, on any path. */
  readonly down?: true;
  /** How long small bodies are made to take, in ms. */
  readonly slow?: readonly number[];
  /** No path to compare with. */
  readonly alone?: true;
  /** `cause@hop`, all of them. */
  readonly expect: readonly string[];
  readonly verdict?: Diagnosis['kind'];
  readonly timeoutMs?: number;
  /** A contrast leaves no doubt. */
  readonly certain?: true;
  /** Failures that nothing explains. */
  readonly unexplained?: number;
}

const cf: EdgeIdentity = { style: 'cloudflare', upstreamStatus: { refused: 502, broken: 502 } };
const nginx: EdgeIdentity = { style: 'nginx' };
const limit = (share: number): ((sizeBytes: number) => readonly Fault[]) => {
  return (sizeBytes) => [{ kind: 'body-limit', limitBytes: Math.floor(sizeBytes * share), ending: 'linger' }];
};
const commit = (commitDelayMs: number): RegistryOptions => ({ settings: { commitDelayMs } });
const answer = (status: number, page?: 'waf' | 'challenge' | 'tunnel-down'): (() => readonly Fault[]) => {
  return () => [{ kind: 'answer', status, ...(page === undefined ? {} : { page }) }];
};
const onBodies = { methods: ['PATCH', 'PUT'] } as const;

const cases: readonly Case[] = [
  // Healthy.
  { name: 'nothing in the way', identity: { style: 'plain' }, expect: [] },
  { name: 'nothing in the way, slow bodies', identity: { style: 'plain' }, slow: [150, 400], expect: [] },
  { name: 'nginx that buffers', identity: nginx, faults: () => [{ kind: 'buffer-request' }], expect: [] },
  { name: 'Enterprise plan, below its limit', preset: 'cloudflare-enterprise', kind: 'edge', expect: [] },
  { name: 'healthy without a path to compare', identity: nginx, alone: true, expect: [] },
  // Presets with what they do.
  { name: 'Free plan', preset: 'cloudflare-free', kind: 'edge', expect: ['cloudflare_body_limit@edge'] },
  {
    name: 'Free plan, containerd',
    preset: 'cloudflare-free',
    kind: 'edge',
    client: 'docker-containerd',
    expect: ['cloudflare_body_limit@edge'],
  },
  {
    name: 'Free plan, nothing to compare',
    preset: 'cloudflare-free',
    kind: 'edge',
    alone: true,
    expect: ['cloudflare_body_limit@edge'],
  },
  {
    name: 'tunnel over QUIC and Free plan',
    preset: 'cloudflared-quic',
    kind: 'edge',
    expect: ['cloudflare_body_limit@edge', 'cloudflared_quic@tunnel'],
  },
  {
    name: 'tunnel over QUIC, containerd',
    preset: 'cloudflared-quic',
    kind: 'edge',
    client: 'docker-containerd',
    expect: ['cloudflare_body_limit@edge', 'cloudflared_quic@tunnel'],
  },
  {
    name: 'tunnel over QUIC alone',
    identity: cf,
    kind: 'edge',
    faults: () => [{ kind: 'drop-undeclared-body' }],
    expect: ['cloudflared_quic@tunnel'],
  },
  {
    name: 'tunnel that spares small bodies',
    identity: cf,
    kind: 'edge',
    faults: () => [{ kind: 'drop-undeclared-body', sparesBytes: 64 * KiB }],
    expect: ['cloudflared_quic@tunnel'],
  },
  { name: 'ingress-nginx', preset: 'ingress-nginx-default', kind: 'ingress', expect: ['nginx_body_limit@ingress'] },
  {
    name: 'ingress-nginx, monolithic',
    preset: 'ingress-nginx-default',
    kind: 'ingress',
    client: 'monolithic',
    expect: ['nginx_body_limit@ingress'],
  },
  {
    name: 'Traefik',
    preset: 'traefik-3',
    kind: 'ingress',
    slow: [200, 1_500],
    expect: ['traefik_read_timeout@ingress'],
  },
  {
    name: 'Envoy, registry slow',
    preset: 'envoy',
    kind: 'ingress',
    registry: commit(520),
    expect: ['envoy_route_timeout@registry_storage'],
  },
  {
    name: 'Envoy, registry slow, nothing to compare',
    preset: 'envoy',
    kind: 'ingress',
    registry: commit(520),
    alone: true,
    expect: ['envoy_route_timeout@ingress'],
  },
  {
    name: 'ALB, registry slow',
    preset: 'alb',
    kind: 'loadbalancer',
    registry: commit(720),
    expect: ['alb_response_timeout@registry_storage'],
  },
  {
    name: 'HAProxy, registry slow',
    preset: 'haproxy',
    kind: 'loadbalancer',
    registry: commit(620),
    expect: ['haproxy_server_timeout@registry_storage'],
  },
  {
    name: 'nginx, registry slow',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'response-timeout', limitMs: 400, status: 504 }],
    registry: commit(520),
    expect: ['nginx_read_timeout@registry_storage'],
  },
  {
    name: 'Cloudflare, registry slow',
    identity: cf,
    kind: 'edge',
    faults: () => [{ kind: 'response-timeout', limitMs: 400, status: 524 }],
    registry: commit(520),
    expect: ['cloudflare_read_timeout@registry_storage'],
  },
  // One thing wrong.
  {
    name: 'streamed bodies lost without Cloudflare',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'drop-undeclared-body' }],
    expect: ['streamed_body_dropped@ingress'],
  },
  {
    name: 'half of the body',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [{ kind: 'truncate-body', afterBytes: Math.floor(bytes / 2), when: { methods: ['PATCH'] } }],
    expect: ['body_truncated@ingress'],
  },
  {
    name: 'one bit turned',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [{ kind: 'corrupt-body', atByte: Math.floor(bytes / 2), when: onBodies }],
    expect: ['body_corrupted@ingress'],
  },
  {
    name: 'time limit that only cuts',
    identity: { style: 'plain' },
    kind: 'ingress',
    faults: () => [{ kind: 'total-duration', limitMs: 1_200, ending: 'reset', status: 499 }],
    slow: [150, 2_500],
    expect: ['request_time_limit@ingress'],
  },
  {
    name: 'PATCH blocked',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'block-method', methods: ['PATCH'], status: 405 }],
    expect: ['method_blocked@ingress'],
  },
  {
    name: 'firewall of Cloudflare',
    identity: cf,
    kind: 'edge',
    faults: answer(403, 'waf'),
    expect: ['cloudflare_waf@edge'],
  },
  {
    name: 'challenge of Cloudflare',
    identity: cf,
    kind: 'edge',
    faults: answer(403, 'challenge'),
    expect: ['cloudflare_waf@edge'],
  },
  {
    name: 'firewall behind nginx',
    identity: nginx,
    kind: 'ingress',
    faults: answer(403),
    expect: ['policy_block@ingress'],
  },
  {
    name: 'tunnel down',
    identity: cf,
    kind: 'edge',
    faults: answer(530, 'tunnel-down'),
    expect: ['tunnel_down@tunnel'],
  },
  {
    name: 'tunnel down, nothing to compare',
    identity: cf,
    kind: 'edge',
    faults: answer(530, 'tunnel-down'),
    alone: true,
    expect: ['tunnel_down@tunnel'],
  },
  {
    name: 'origin refuses Cloudflare',
    identity: cf,
    kind: 'edge',
    faults: answer(521),
    expect: ['cloudflare_origin_unreachable@edge_to_origin'],
  },
  {
    name: 'origin certificate',
    identity: cf,
    kind: 'edge',
    faults: answer(526),
    expect: ['cloudflare_origin_tls@edge_to_origin'],
  },
  {
    name: 'HAProxy without server',
    identity: { style: 'haproxy' },
    kind: 'loadbalancer',
    faults: answer(503),
    expect: ['hop_cannot_reach_registry@ingress'],
  },
  {
    name: 'nginx without upstream',
    identity: nginx,
    kind: 'ingress',
    faults: answer(502),
    expect: ['hop_cannot_reach_registry@ingress'],
  },
  {
    name: 'HEAD without length',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'strip-response-header', names: ['content-length'], when: { methods: ['HEAD'] } }],
    expect: ['head_length_stripped@ingress'],
  },
  {
    name: 'rate limit',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'rate-limit', requests: 2, windowMs: 60_000 }],
    expect: ['rate_limited@ingress'],
  },
  {
    name: 'a hop that swallows',
    identity: nginx,
    kind: 'ingress',
    client: 'docker-containerd',
    faults: (bytes) => [{ kind: 'stall-at', afterBytes: Math.floor(bytes / 2), when: { methods: ['PUT'] } }],
    expect: [],
    unexplained: 1,
    timeoutMs: 1_500,
    verdict: 'inconclusive',
  },
  {
    name: 'uploads sent to another host',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'rewrite-location', scheme: 'http', host: 'registry.invalid' }],
    expect: ['location_elsewhere@ingress'],
  },
  {
    name: 'connections closed before they are used again',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'stale-keep-alive', mode: 'on-reuse' }],
    expect: ['stale_keep_alive@ingress'],
    certain: true,
  },
  {
    name: 'cut in the middle of a body that is passed on',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [{ kind: 'reset-at', afterBytes: Math.floor(bytes * 0.7), direction: 'request' }],
    slow: [150],
    expect: ['size_cut@ingress'],
    verdict: 'inconclusive',
  },
  {
    name: 'cut in the middle of a body that is collected first',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [
      { kind: 'reset-at', afterBytes: Math.floor(bytes * 0.7), direction: 'request' },
      { kind: 'buffer-request' },
    ],
    slow: [150],
    expect: ['cut_while_collecting@ingress'],
    verdict: 'inconclusive',
  },
  {
    name: 'cut in the middle of a body that Cloudflare collects first',
    identity: cf,
    kind: 'edge',
    faults: (bytes) => [
      { kind: 'reset-at', afterBytes: Math.floor(bytes * 0.7), direction: 'request' },
      { kind: 'buffer-request' },
    ],
    expect: ['cloudflare_body_buffering@edge'],
    verdict: 'inconclusive',
  },
  // The registry's own.
  {
    name: 'storage fails',
    identity: nginx,
    kind: 'ingress',
    intercept: (method) =>
      method === 'PUT' ? { kind: 'answer', status: 500, body: '{"errors":[{"code":"UNKNOWN"}]}' } : undefined,
    expect: ['storage_failing@registry_storage'],
  },
  {
    name: 'quota',
    identity: nginx,
    kind: 'ingress',
    registry: { settings: { quotaBytes: 1_000 } },
    expect: ['quota@registry_app'],
  },
  // Nobody is to blame but the registry.
  {
    name: 'registry down behind HAProxy',
    preset: 'haproxy',
    kind: 'loadbalancer',
    down: true,
    expect: ['registry_down@registry_app'],
  },
  {
    name: 'registry down behind Cloudflare',
    preset: 'cloudflared-quic',
    kind: 'edge',
    down: true,
    expect: ['registry_down@registry_app'],
  },
  {
    name: 'registry down behind nginx',
    preset: 'ingress-nginx-default',
    kind: 'ingress',
    down: true,
    expect: ['registry_down@registry_app'],
  },
  {
    name: 'registry down behind Traefik',
    preset: 'traefik-3',
    kind: 'ingress',
    down: true,
    expect: ['registry_down@registry_app'],
  },
  {
    name: 'registry down, nothing to compare',
    preset: 'haproxy',
    kind: 'loadbalancer',
    down: true,
    alone: true,
    expect: ['unreachable@unknown'],
    verdict: 'inconclusive',
  },
  // Mixtures.
  {
    name: 'nginx limit and streamed bodies lost',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [...limit(0.5)(bytes), { kind: 'drop-undeclared-body' }],
    expect: ['nginx_body_limit@ingress', 'streamed_body_dropped@ingress'],
  },
  {
    name: 'PATCH blocked and nginx limit',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [{ kind: 'block-method', methods: ['PATCH'], status: 405 }, ...limit(0.5)(bytes)],
    expect: ['method_blocked@ingress', 'nginx_body_limit@ingress'],
  },
  {
    name: 'Traefik limits time and size',
    preset: 'traefik-3',
    kind: 'ingress',
    faults: limit(0.5),
    slow: [200, 1_500],
    expect: ['traefik_body_limit@ingress', 'traefik_read_timeout@ingress'],
  },
  {
    name: 'nginx limit, registry slow',
    identity: nginx,
    kind: 'ingress',
    faults: (bytes) => [...limit(0.5)(bytes), { kind: 'response-timeout', limitMs: 400, status: 504 }],
    registry: { settings: { commitDelayMs: 520 } },
    expect: ['nginx_body_limit@ingress', 'nginx_read_timeout@registry_storage'],
  },
  {
    name: 'HEAD without length and a limit',
    identity: cf,
    kind: 'edge',
    faults: (bytes) => [
      { kind: 'strip-response-header', names: ['content-length'], when: { methods: ['HEAD'] } },
      ...limit(0.5)(bytes),
    ],
    expect: ['cloudflare_body_limit@edge', 'head_length_stripped@edge'],
  },
  {
    name: 'PATCH blocked and time limit',
    identity: { style: 'traefik' },
    kind: 'ingress',
    faults: () => [
      { kind: 'block-method', methods: ['PATCH'], status: 405 },
      { kind: 'total-duration', limitMs: 600, ending: 'linger', status: 499 },
    ],
    slow: [200, 1_500],
    expect: ['method_blocked@ingress', 'traefik_read_timeout@ingress'],
  },
];

test('the table is long enough', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});

async function examineCase(
  one: Case,
  sizeBytes: number,
  seed: string,
): Promise<{ diagnosis: Diagnosis; most: number }> {
  const registry = await startRegistry({ quirks: 'gitea', ...one.registry });
  if (one.intercept !== undefined) {
    const { intercept } = one;
    registry.intercept = ({ method }) => intercept(method);
  }
  const preset = one.preset === undefined ? undefined : presetOf(one.preset, scale);
  const edge = await startEdge({
    upstream: registry.url,
    identity: preset?.identity ?? one.identity ?? nginx,
    faults: [...(preset?.faults ?? []), ...(one.faults?.(sizeBytes) ?? [])],
    lingerMs: 300,
  });
  if (one.down) await registry.close();
  try {
    const path = pathTo(edge.url, { name: 'subject', kind: one.kind ?? 'ingress' });
    const check = checkOf(edge.url, {
      client: one.client ?? 'docker',
      sizeBytes,
      path,
      check: { timeoutMs: one.timeoutMs ?? 10_000 },
    });
    const deps = runDeps({ payloads: createPayloadSource(seed) });
    const options = {
      check,
      direct: one.alone ? undefined : pathTo(registry.url, { name: 'internal', kind: 'internal' }),
      durationsMs: one.slow ?? [],
      durationResolutionMs: 300,
      resolutionBytes: Math.ceil(sizeBytes / 4),
      hesitationMs: 20,
      signal: new AbortController().signal,
    };
    const examination = await examine(options, {
      run: createRunner(deps),
      paced: (pacer) => createRunner({ ...deps, pacer }),
      checkApi: (target, { timeoutMs, signal }) =>
        checkApi(target, { now: () => performance.now(), timeoutMs, signal }),
    });
    return { diagnosis: diagnose(examination), most: mostExaminedBytes(options) };
  } finally {
    await Promise.all([edge.close(), registry.close()]);
  }
}

describe.each([
  ['first', 1_200_000, 'one'],
  ['second', 1_730_000, 'two'],
] as const)('%s run, %d bytes', (_run, sizeBytes, seed) => {
  const outcomes = new Map<string, { diagnosis: Diagnosis; most: number }>();
  // Most of a case is waiting, so many can be under way at the same time.
  beforeAll(async () => {
    const work = async (waiting: Case[]): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        outcomes.set(one.name, await examineCase(one, sizeBytes, seed));
      }
    };
    const quick = cases.filter(({ slow }) => slow === undefined);
    await Promise.all(Array.from({ length: 10 }, () => work(quick)));
    // Limits on time are told from small bodies sent at once, which a busy machine slows down.
    const slow = cases.filter(({ slow }) => slow !== undefined);
    await Promise.all(Array.from({ length: 3 }, () => work(slow)));
  }, 60_000);

  test.each(cases)('$name', (one) => {
    const { diagnosis, most } = outcomes.get(one.name)!;
    const named = diagnosis.findings.map(({ cause, hop }) => `${cause}@${hop}`).sort();
    onTestFailed(() => void process.stderr.write(`${diagnosis.facts.join('\n')}\n`));
    expect({ named, unexplained: diagnosis.unexplained.length }).toEqual({
      named: [...one.expect].sort(),
      unexplained: one.unexplained ?? 0,
    });
    expect(diagnosis.findings.filter(({ confidence }) => one.certain && confidence !== 'certain')).toEqual([]);
    expect(diagnosis.kind).toBe(one.verdict ?? (one.expect.length === 0 ? 'healthy' : 'fault'));
    expect(diagnosis.bytesSpent).toBeLessThanOrEqual(most);
  });
});

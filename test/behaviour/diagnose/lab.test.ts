import { beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import type { Fault, FaultOf } from '../../support/lab/faults/fault.ts';
import type { EdgeIdentity } from '../../../src/lab/proxy-styles.ts';
import type { RegistryOptions } from '../../support/lab/registry.ts';
import type { Diagnosis } from '../../../src/probe/diagnose/finding.ts';
import { bothRuns, type CaseOutcome, examineAll, type LabCase, named, open } from './lab-case.ts';

const KiB = 1024;

interface Case extends LabCase {
  /** `cause@hop`, all of them. */
  readonly expect: readonly string[];
  readonly verdict?: Diagnosis['kind'];
  /** A contrast leaves no doubt. */
  readonly certain?: true;
  /** Causes that are open, all of them. */
  readonly open?: readonly string[];
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

/** A link that hangs for a while in the middle of a large body, and behind it an edge that does not wait so long. */
const hangsBefore = (cut: Partial<FaultOf<'idle-cut'>>): ((sizeBytes: number) => readonly Fault[]) => {
  return (sizeBytes) => [
    { kind: 'pause-at', afterBytes: Math.floor(sizeBytes / 2), pauseMs: 900 },
    { kind: 'idle-cut', limitMs: 500, ending: 'reset', status: 408, ...cut },
  ];
};
/** 1 MB/s: the sizes of this table take longer than a token lives, small bodies do not. */
const throttled: Fault = { kind: 'throttle', bytesPerSecond: 1_000_000, direction: 'request', when: onBodies };
const shortTokens: RegistryOptions = {
  quirks: 'distribution-3',
  auth: {
    kind: 'bearer',
    users: [],
    anonymous: ['pull', 'push', 'delete'],
    tokenLifetimeMs: 1_000,
    expiresInSeconds: 60,
  },
};

const manifests = { methods: ['PUT'], pathContains: '/manifests/' } as const;
const dockers = 'application/vnd.docker.distribution.manifest.v2+json';
/** The registry's own answer to the PUT of a manifest; undefined: it takes it. */
const atManifest = (answers: (type: string) => { status: number; code: string } | undefined): LabCase['intercept'] => {
  return () => {
    return ({ method, path, headers }) => {
      const answered =
        method === 'PUT' && path.includes('/manifests/') ? answers(String(headers['content-type'])) : undefined;
      if (answered === undefined) return undefined;
      const body = JSON.stringify({ errors: [{ code: answered.code, message: '' }] });
      return { kind: 'answer', status: answered.status, headers: { 'content-type': 'application/json' }, body };
    };
  };
};

const cases: readonly Case[] = [
  // Those that take longest come first.
  {
    name: 'tokens that live shorter than an upload',
    identity: nginx,
    kind: 'ingress',
    faults: () => [throttled],
    registry: shortTokens,
    expect: ['token_expired@auth_server'],
  },
  {
    name: 'tokens that expire while nginx collects the body',
    identity: nginx,
    kind: 'ingress',
    client: 'docker-containerd',
    faults: () => [throttled, { kind: 'buffer-request' }],
    registry: shortTokens,
    expect: ['token_expired@auth_server'],
  },
  // Healthy.
  { name: 'nothing in the way', identity: { style: 'plain' }, expect: [] },
  { name: 'nothing in the way, slow bodies', identity: { style: 'plain' }, slow: [150, 400], expect: [] },
  { name: 'nginx that buffers', identity: nginx, faults: () => [{ kind: 'buffer-request' }], expect: [] },
  { name: 'Enterprise plan, below its limit', preset: 'cloudflare-enterprise', kind: 'edge', expect: [] },
  { name: 'healthy without a path to compare', identity: nginx, alone: true, expect: [] },
  // Every blob is taken, and no manifest.
  {
    name: 'manifests are forbidden by a hop',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'answer', status: 403, when: manifests }],
    expect: ['manifest_blocked@ingress'],
    certain: true,
  },
  {
    name: 'manifests are hung up on',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'reset-at', afterBytes: 0, direction: 'request', when: manifests }],
    expect: ['manifest_blocked@ingress'],
    certain: true,
  },
  {
    name: 'manifests of more than 4 KiB are refused by a hop',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'body-limit', limitBytes: 4 * KiB, ending: 'linger', when: manifests }],
    expect: ['nginx_body_limit@ingress'],
    certain: true,
  },
  {
    name: 'a bit of the manifest is turned',
    identity: nginx,
    kind: 'ingress',
    client: 'skopeo',
    faults: () => [{ kind: 'corrupt-body', atByte: 1, when: manifests }],
    expect: ['body_corrupted@ingress'],
    certain: true,
  },
  {
    name: 'the Content-Type of manifests is lost',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'strip-request-header', names: ['content-type'], when: manifests }],
    registry: { quirks: 'distribution-3' },
    intercept: atManifest((type) => (type === 'undefined' ? { status: 400, code: 'MANIFEST_INVALID' } : undefined)),
    expect: ['manifest_altered@ingress'],
    certain: true,
  },
  {
    name: 'Docker-Content-Digest is lost',
    identity: nginx,
    kind: 'ingress',
    faults: () => [{ kind: 'strip-response-header', names: ['docker-content-digest'] }],
    expect: ['manifest_digest_lost@ingress'],
    certain: true,
  },
  {
    name: 'Docker-Content-Digest is lost, and the client does without',
    identity: nginx,
    client: 'skopeo',
    faults: () => [{ kind: 'strip-response-header', names: ['docker-content-digest'] }],
    expect: [],
  },
  {
    name: 'a registry that does not name digests',
    intercept: () => () => ({ kind: 'pass', headers: { 'docker-content-digest': undefined } }),
    expect: ['manifest_digest_unnamed@registry_app'],
    certain: true,
  },
  {
    name: 'only docker’s kind of manifest is refused by the registry',
    intercept: atManifest((type) => (type === dockers ? { status: 400, code: 'MANIFEST_INVALID' } : undefined)),
    expect: ['manifest_kind_refused@registry_app'],
    certain: true,
  },
  {
    name: 'the registry refuses every manifest, and says little',
    intercept: atManifest(() => ({ status: 400, code: 'MANIFEST_INVALID' })),
    expect: ['manifest_refused@registry_app'],
  },
  {
    name: 'the registry refuses every manifest, and there is no path to compare',
    intercept: atManifest(() => ({ status: 400, code: 'MANIFEST_INVALID' })),
    alone: true,
    expect: [],
    open: ['manifest_altered@ingress', 'manifest_refused@registry_app'],
    verdict: 'inconclusive',
  },
  {
    name: 'the registry does not know the blobs at the manifest',
    intercept: atManifest(() => ({ status: 404, code: 'MANIFEST_BLOB_UNKNOWN' })),
    expect: ['manifest_blobs_missing@registry_storage'],
    certain: true,
  },
  {
    name: 'the registry does not know the blobs at the manifest, and there is no path to compare',
    intercept: atManifest(() => ({ status: 404, code: 'MANIFEST_BLOB_UNKNOWN' })),
    alone: true,
    expect: [],
    open: ['manifest_blobs_missing@registry_storage', 'manifest_led_elsewhere@ingress'],
    verdict: 'inconclusive',
  },
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
    expect: ['no_answer_here@ingress'],
    timeoutMs: 5_000,
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
    // The registry holds nothing: it may forget what broke off, so a limit on size is not ruled out.
    expect: [],
    open: ['cut_while_collecting@ingress', 'size_cut@ingress'],
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
    expect: [],
    open: ['cloudflare_body_buffering@edge', 'cut_while_collecting@edge', 'size_cut@edge'],
    verdict: 'inconclusive',
  },
  // What a client meets in time: silence, and an edge that waits for the origin.
  {
    name: 'a load balancer that ends silent connections, registry slow',
    identity: { style: 'plain' },
    kind: 'loadbalancer',
    client: 'docker-containerd',
    faults: () => [{ kind: 'idle-cut', limitMs: 400, ending: 'reset', status: 0, whileWaiting: true }],
    registry: { settings: { commitBytesPerSecond: 2_000_000 } },
    slow: [900],
    expect: ['idle_time_limit@registry_storage'],
    certain: true,
  },
  {
    name: 'AWS load balancer ends bodies that pause',
    identity: { style: 'alb' },
    kind: 'loadbalancer',
    faults: hangsBefore({ ending: 'linger' }),
    expect: ['alb_idle_timeout@ingress'],
  },
  {
    name: 'nginx ends bodies that pause without a word',
    identity: nginx,
    kind: 'ingress',
    faults: hangsBefore({}),
    slow: [900],
    expect: ['idle_time_limit@ingress'],
    certain: true,
  },
  {
    name: 'CloudFront, registry slow',
    preset: 'cloudfront',
    kind: 'edge',
    registry: commit(520),
    expect: ['cloudfront_response_timeout@registry_storage'],
  },
  {
    name: 'CloudFront with the methods of a web site',
    preset: 'cloudfront',
    kind: 'edge',
    faults: () => [{ kind: 'block-method', methods: ['POST', 'PUT', 'PATCH', 'DELETE'], status: 403 }],
    expect: ['cloudfront_methods@edge'],
  },
  {
    name: 'CloudFront without origin',
    preset: 'cloudfront',
    kind: 'edge',
    faults: answer(502),
    expect: ['cloudfront_origin_unreachable@edge_to_origin'],
  },
  { name: 'healthy behind CloudFront', preset: 'cloudfront', kind: 'edge', expect: [] },
  // Several replicas behind one path.
  {
    name: 'replicas with secrets of their own',
    identity: nginx,
    kind: 'ingress',
    replicas: [{ quirks: 'distribution-2.8' }, { quirks: 'distribution-2.8' }],
    expect: ['upload_state_not_shared@registry_app'],
  },
  {
    name: 'replicas with one secret and storage of their own',
    identity: { style: 'haproxy' },
    kind: 'loadbalancer',
    replicas: [
      { quirks: 'distribution-3', httpSecret: 'shared' },
      { quirks: 'distribution-3', httpSecret: 'shared' },
    ],
    expect: ['upload_state_not_shared@registry_app'],
  },
  // The registry's own.
  {
    name: 'storage fails',
    identity: nginx,
    kind: 'ingress',
    intercept:
      () =>
      ({ method }) =>
        method === 'PUT' ? { kind: 'answer', status: 500, body: '{"errors":[{"code":"UNKNOWN"}]}' } : undefined,
    expect: ['storage_failing@registry_storage'],
  },
  {
    name: 'Forgejo refuses blobs above LIMIT_SIZE_CONTAINER',
    kind: 'direct',
    registry: { quirks: 'gitea-old', settings: { blobLimitBytes: 500_000 } },
    expect: ['gitea_size_limit@registry_app'],
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
    expect: [],
    open: ['hop_cannot_reach_registry@ingress', 'registry_down@registry_app'],
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
      { kind: 'total-duration', limitMs: 600, ending: 'linger', status: 504 },
    ],
    slow: [200, 1_500],
    expect: ['method_blocked@ingress', 'traefik_read_timeout@ingress'],
  },
];

test('the table is long enough', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});

describe.each(bothRuns)('%s run, %d bytes', (_run, sizeBytes, seed) => {
  let outcomes: Map<string, CaseOutcome>;
  beforeAll(async () => {
    outcomes = await examineAll(cases, sizeBytes, seed);
  });

  test.for(cases)('$name', { timeout: 60_000 }, (one) => {
    const { diagnosis, most } = outcomes.get(one.name)!;
    onTestFailed(() => void process.stderr.write(`${diagnosis.facts.join('\n')}\n`));
    expect({ named: named(diagnosis), open: open(diagnosis), unexplained: diagnosis.unexplained.length }).toEqual({
      named: [...one.expect].sort(),
      open: [...(one.open ?? [])].sort(),
      unexplained: one.unexplained ?? 0,
    });
    expect(diagnosis.findings.filter(({ confidence }) => one.certain && confidence !== 'certain')).toEqual([]);
    expect(diagnosis.kind).toBe(one.verdict ?? (one.expect.length === 0 ? 'healthy' : 'fault'));
    expect(diagnosis.bytesSpent).toBeLessThanOrEqual(most);
  });

  test('every test that tells causes apart is made after a cut, and shown', () => {
    const { facts } = outcomes.get('nginx ends bodies that pause without a word')!.diagnosis;
    const shown = [
      ['another wire shape at the same size', /^subject: docker-containerd, [\d.]+ [KM]iB: /],
      ['chunks', /^subject: chunked, [\d.]+ [KM]iB: /],
      ['a slow small body', /^subject: time limit as docker, /],
      ['a small body that rests', /^subject: docker, [\d.]+ KiB, resting for [\d.]+ m?s in the body: /],
      ['what the registry holds after a cut', /; the registry holds [\d.]+ [KM]iB of it$/],
      ['fresh connections', /, each request on a new connection: /],
      ['the direct path', /^internal: docker, [\d.]+ [KM]iB: /],
      ['whether it comes again', /, the same once more: /],
    ] as const;
    expect(shown.filter(([, pattern]) => !facts.some((fact) => pattern.test(fact))).map(([name]) => name)).toEqual([]);
  });
});

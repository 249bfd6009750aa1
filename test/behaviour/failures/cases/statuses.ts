import { pageOf } from '../../../support/lab/pages.ts';
import type { ProxyStyle } from '../../../../src/lab/proxy-styles.ts';
import type { AnsweredBy, Blame, FailureReason } from '../../../../src/probe/failure.ts';
import type { Scene } from '../../../support/scripted-registry.ts';
import { both, type FailureCase, large, megabyte, scriptedCase } from './case.ts';

const version = { 'Docker-Distribution-Api-Version': 'registry/2.0' };

/** Answers as this proxy does. */
function show(scene: Scene, style: ProxyStyle, status: number, kind?: 'tunnel-down'): void {
  const { headers, body } = pageOf(style, status, kind);
  scene.answer(status, headers, body);
}

interface Row {
  readonly name: string;
  readonly reason: FailureReason;
  readonly style: ProxyStyle;
  readonly status: number;
  readonly answeredBy: AnsweredBy;
  readonly blame: Blame;
  readonly kind?: 'tunnel-down';
}

/** Answered once the whole body has been read. */
function afterTheBody({ name, reason, style, status, answeredBy, blame, kind }: Row): FailureCase {
  return scriptedCase(
    name,
    { PATCH: async (scene) => show((await scene.read(), scene), style, status, kind) },
    { reason, phase: 'wait', answeredBy, blame, status, evidence: { early: false, method: 'PATCH' } },
    { sentBytes: megabyte },
  );
}

const pages: readonly FailureCase[] = (
  [
    ['method_not_allowed', 'nginx', 405, 'nginx', 'ingress'],
    ['method_not_allowed', 'alb', 501, 'alb', 'ingress'],
    ['length_required', 'nginx', 411, 'nginx', 'ingress'],
    ['body_too_large', 'nginx', 413, 'nginx', 'ingress'],
    ['body_too_large', 'cloudflare', 413, 'cloudflare', 'edge'],
    ['body_too_large', 'traefik', 413, 'traefik', 'ingress'],
    ['body_too_large', 'envoy', 413, 'envoy', 'ingress'],
    ['body_too_large', 'haproxy', 413, 'haproxy', 'ingress'],
    ['body_too_large', 'caddy', 413, 'caddy', 'ingress'],
    ['request_timeout', 'haproxy', 408, 'haproxy', 'ingress'],
    ['request_timeout', 'nginx', 408, 'nginx', 'ingress'],
    ['request_timeout', 'envoy', 408, 'envoy', 'ingress'],
    ['request_timeout', 'traefik', 499, 'traefik', 'ingress'],
    ['request_timeout', 'alb', 460, 'alb', 'ingress'],
    ['response_timeout', 'nginx', 504, 'nginx', 'ingress'],
    ['response_timeout', 'traefik', 504, 'traefik', 'ingress'],
    ['response_timeout', 'envoy', 504, 'envoy', 'ingress'],
    ['response_timeout', 'haproxy', 504, 'haproxy', 'ingress'],
    ['response_timeout', 'alb', 504, 'alb', 'ingress'],
    ['response_timeout', 'cloudflare', 524, 'cloudflare', 'edge_to_origin'],
    ['origin_unreachable', 'nginx', 502, 'nginx', 'ingress'],
    ['origin_unreachable', 'nginx', 503, 'nginx', 'ingress'],
    ['origin_unreachable', 'traefik', 502, 'traefik', 'ingress'],
    ['origin_unreachable', 'envoy', 503, 'envoy', 'ingress'],
    ['origin_unreachable', 'haproxy', 503, 'haproxy', 'ingress'],
    ['origin_unreachable', 'cloudflare', 502, 'cloudflare', 'edge'],
    ['origin_unreachable', 'cloudflare', 520, 'cloudflare', 'edge_to_origin'],
    ['origin_unreachable', 'cloudflare', 521, 'cloudflare', 'edge_to_origin'],
    ['origin_unreachable', 'cloudflare', 522, 'cloudflare', 'edge_to_origin'],
    ['origin_unreachable', 'cloudflare', 523, 'cloudflare', 'edge_to_origin'],
    ['origin_unreachable', 'cloudflare', 527, 'cloudflare', 'edge_to_origin'],
  ] as const
).map(([reason, style, status, answeredBy, blame]) =>
  afterTheBody({ name: `a ${status} of ${style}`, reason, style, status, answeredBy, blame }),
);

const tunnel = afterTheBody({
  name: 'a 530 of Cloudflare, error 1033: no tunnel',
  reason: 'origin_unreachable',
  style: 'cloudflare',
  status: 530,
  answeredBy: 'cloudflare',
  blame: 'tunnel',
  kind: 'tunnel-down',
});

/** A refusal while the body is being sent, in every way of ending the connection after it. */
const early: readonly FailureCase[] = (
  [
    ['and goes on reading', async () => {}],
    ['and resets at once', async (scene: Scene) => scene.reset()],
    ['and resets a moment later', async (scene: Scene) => void setTimeout(() => scene.reset(), 60)],
    ['and closes', async (scene: Scene) => scene.end()],
    ['and neither reads nor closes', async (scene: Scene) => void scene.request.pause()],
  ] as const
).flatMap(([ending, after]) =>
  (['patch', 'put'] as const).map((kind) => {
    const { headers, body } = pageOf('nginx', 413);
    const head = Object.entries({ ...headers, 'Content-Length': String(body.length), Connection: 'close' });
    const text = `HTTP/1.1 413 Too Large\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
    const refuse = async (scene: Scene): Promise<void> => {
      await scene.read(2 * megabyte);
      await scene.raw(text);
      if (ending === 'and goes on reading') scene.request.resume();
      await after(scene);
    };
    return scriptedCase(
      `a 413 in mid-${kind}, ${ending}`,
      kind === 'patch' ? { PATCH: refuse } : { PUT: refuse },
      {
        reason: 'body_too_large',
        phase: 'send',
        answeredBy: 'nginx',
        blame: 'ingress',
        status: 413,
        evidence: { early: true },
      },
      {
        over: both,
        sizeBytes: large,
        sentBytes: [megabyte, large - megabyte],
        ...(kind === 'put' ? { client: 'docker-containerd' as const } : {}),
      },
    );
  }),
);

function json(code: string, message = ''): string {
  return JSON.stringify({ errors: [{ code, message, detail: null }] });
}

let patches = 0;
const sizes: readonly FailureCase[] = [
  scriptedCase(
    'the 416 with which GHCR refuses a large PATCH',
    {
      PATCH: async (scene) =>
        scene.answer(
          416,
          {},
          (await scene.read(), json('REQUESTED_RANGE_NOT_SATISFIABLE', 'the request body is too large')),
        ),
    },
    {
      reason: 'body_too_large',
      phase: 'wait',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 416,
      registryCode: 'REQUESTED_RANGE_NOT_SATISFIABLE',
    },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a reset at a size that was refused in the attempt before',
    {
      PATCH: async (scene) => {
        await scene.read(megabyte);
        patches += 1;
        if (patches === 1) show(scene, 'nginx', 413);
        else scene.reset();
      },
    },
    { reason: 'body_too_large', phase: 'send', answeredBy: 'none', blame: 'unknown' },
    { sizeBytes: large, sentBytes: [100_000, large], check: { retries: 2, retryWaitScale: 0.01 }, attempts: 2 },
  ),
];

const limits: readonly FailureCase[] = [
  scriptedCase(
    'a 429 of Docker Hub at the POST',
    { POST: (scene) => scene.answer(429, { 'Retry-After': '60' }, 'Too Many Requests (HAP429).\n') },
    {
      reason: 'rate_limited',
      phase: 'start',
      answeredBy: 'other',
      blame: 'unknown',
      status: 429,
      evidence: { headers: { 'retry-after': '60' } },
    },
  ),
  scriptedCase(
    'a 429 of Cloudflare at the ping',
    { 'GET /v2/': (scene) => show(scene, 'cloudflare', 429) },
    { reason: 'rate_limited', phase: 'auth', answeredBy: 'cloudflare', blame: 'edge', status: 429 },
  ),
  scriptedCase(
    'the empty 403 of a full Gitea',
    { PUT: (scene) => scene.answer(403, version) },
    { reason: 'quota_exceeded', phase: 'commit', answeredBy: 'registry', blame: 'registry_app', status: 403 },
    { sentBytes: megabyte, over: both },
  ),
  scriptedCase(
    'the DENIED of a full Harbor',
    {
      PUT: (scene) =>
        scene.answer(
          403,
          version,
          json('DENIED', 'adding 95.4 MiB ... will exceed the configured upper limit of 1.0 GiB'),
        ),
    },
    {
      reason: 'quota_exceeded',
      phase: 'commit',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 403,
      registryCode: 'DENIED',
    },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a 507',
    { PATCH: async (scene) => scene.answer(507, version, (await scene.read(), '')) },
    { reason: 'quota_exceeded', phase: 'wait', answeredBy: 'registry', blame: 'registry_app', status: 507 },
    { sentBytes: megabyte },
  ),
];

const registryErrors: readonly FailureCase[] = [
  scriptedCase(
    'the empty 500 of Gitea at the commit',
    { PUT: (scene) => scene.answer(500, version) },
    { reason: 'registry_error', phase: 'commit', answeredBy: 'registry', blame: 'registry_storage', status: 500 },
    { sentBytes: megabyte, over: both },
  ),
  scriptedCase(
    'a 500 UNKNOWN at the POST',
    { POST: (scene) => scene.answer(500, {}, json('UNKNOWN')) },
    {
      reason: 'registry_error',
      phase: 'start',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 500,
      registryCode: 'UNKNOWN',
    },
  ),
  scriptedCase(
    'a 503 UNAVAILABLE on the bytes',
    { PATCH: async (scene) => scene.answer(503, {}, (await scene.read(), json('UNAVAILABLE'))) },
    {
      reason: 'registry_error',
      phase: 'wait',
      answeredBy: 'registry',
      blame: 'registry_storage',
      status: 503,
      registryCode: 'UNAVAILABLE',
    },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a 500 that nobody signed',
    { POST: (scene) => scene.answer(500, {}, 'oops') },
    { reason: 'registry_error', phase: 'start', answeredBy: 'other', blame: 'registry_app', status: 500 },
  ),
];

const sessions: readonly FailureCase[] = [
  scriptedCase(
    'a session that another replica opened',
    { PATCH: async (scene) => scene.answer(404, version, (await scene.read(), json('BLOB_UPLOAD_INVALID'))) },
    {
      reason: 'session_lost',
      phase: 'wait',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 404,
      registryCode: 'BLOB_UPLOAD_INVALID',
    },
    { sentBytes: megabyte, over: both },
  ),
  scriptedCase(
    'a session that is gone at the commit',
    { PUT: (scene) => scene.answer(404, version, json('BLOB_UPLOAD_UNKNOWN')) },
    {
      reason: 'session_lost',
      phase: 'commit',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 404,
      registryCode: 'BLOB_UPLOAD_UNKNOWN',
    },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a proxy that does not know where uploads go',
    { PATCH: async (scene) => show((await scene.read(), scene), 'nginx', 404) },
    { reason: 'session_lost', phase: 'wait', answeredBy: 'nginx', blame: 'ingress', status: 404 },
    { sentBytes: megabyte },
  ),
  scriptedCase(
    'a 416 for bytes out of order',
    { PATCH: async (scene) => scene.answer(416, version, (await scene.read(), '')) },
    { reason: 'range_conflict', phase: 'wait', answeredBy: 'registry', blame: 'registry_app', status: 416 },
    { sentBytes: megabyte, client: 'chunked' },
  ),
  scriptedCase(
    'a 400 SIZE_INVALID',
    { PATCH: async (scene) => scene.answer(400, version, (await scene.read(), json('SIZE_INVALID'))) },
    {
      reason: 'range_conflict',
      phase: 'wait',
      answeredBy: 'registry',
      blame: 'registry_app',
      status: 400,
      registryCode: 'SIZE_INVALID',
    },
    { sentBytes: megabyte },
  ),
];

export const statusCases: readonly FailureCase[] = [
  ...pages,
  tunnel,
  ...early,
  ...sizes,
  ...limits,
  ...registryErrors,
  ...sessions,
];

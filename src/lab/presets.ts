import type { Fault } from './faults/fault.ts';
import type { EdgeIdentity } from './proxy-styles.ts';

export const presetNames = [
  'cloudflare-free',
  'cloudflare-enterprise',
  'cloudflared-quic',
  'cloudfront',
  'ingress-nginx-default',
  'traefik-3',
  'envoy',
  'alb',
  'haproxy',
  'envoy-gateway',
  'nginx-gateway-fabric',
  'cilium',
  'traefik-gateway',
] as const;
export type PresetName = (typeof presetNames)[number];

/** Factors on a preset's sizes and times; `{ size: 0.01, time: 0.02 }` makes 100 MB 1 MB and 100 s 2 s. */
export interface PresetScale {
  readonly size: number;
  readonly time: number;
}
const realScale: PresetScale = { size: 1, time: 1 };
export const demoScale: PresetScale = { size: 0.01, time: 0.02 };

/** A proxy as it comes, or as it is mostly set up. */
interface EdgePreset {
  readonly name: PresetName;
  /** What it is called by those who made it. */
  readonly title: string;
  /** What it does to pushes, in words. */
  readonly says: string;
  readonly identity: EdgeIdentity;
  readonly faults: readonly Fault[];
}

const MB = 1_000_000;
const MiB = 1024 * 1024;

/** Cloudflare closes nothing: it reads and drops what comes after its answer. */
function cloudflareLimits(bodyLimitBytes: number): readonly Fault[] {
  return [
    { kind: 'body-limit', limitBytes: bodyLimitBytes, ending: 'keep-alive' },
    // developers.cloudflare.com, error 524: 120 s between a complete request and the origin's response headers.
    { kind: 'response-timeout', limitMs: 120_000, status: 524 },
  ];
}

/** nginx's own defaults, which ingress-nginx and NGINX Gateway Fabric leave as they are. */
const nginxDefaults: readonly Fault[] = [
  { kind: 'body-limit', limitBytes: MiB, ending: 'linger' },
  // nginx 1.22, client_body_timeout: 408 stands in its log only, the connection is closed without a word.
  { kind: 'idle-cut', limitMs: 60_000, ending: 'reset', status: 408 },
  { kind: 'buffer-request' },
  { kind: 'response-timeout', limitMs: 60_000, status: 504 },
];

/** Envoy's own defaults, which Envoy Gateway leaves as they are (gateway.envoyproxy.io, HTTP timeouts). */
const envoyDefaults: readonly Fault[] = [
  { kind: 'response-timeout', limitMs: 15_000, status: 504 },
  { kind: 'idle-cut', limitMs: 300_000, ending: 'close-later', status: 408 },
];

/** Traefik 3.7 as seen: 504 or 499 as its threads fall, about as often; here by turns. */
const traefikDefaults: readonly Fault[] = [
  { kind: 'total-duration', limitMs: 60_000, ending: 'linger', status: [504, 499] },
];

const rows: Readonly<Record<PresetName, Omit<EdgePreset, 'name'>>> = {
  'cloudflare-free': {
    title: 'Cloudflare, Free plan',
    says: 'Cloudflare, Free or Pro plan: bodies above 100 MB are a 413 page of its own; 524 when the origin takes 120 s to answer',
    identity: { style: 'cloudflare' },
    faults: cloudflareLimits(100 * MB),
  },
  'cloudflare-enterprise': {
    title: 'Cloudflare, Enterprise plan',
    says: 'Cloudflare, Enterprise plan: as the Free plan, with a limit of 500 MB',
    identity: { style: 'cloudflare' },
    faults: cloudflareLimits(500 * MB),
  },
  'cloudflared-quic': {
    title: 'Cloudflare Tunnel over QUIC',
    says: 'Cloudflare Tunnel over QUIC: a body without Content-Length does not reach the registry (cloudflare/cloudflared#1485)',
    // The tunnel speaks for an origin that is down; 530 is for a tunnel that is down itself.
    identity: { style: 'cloudflare', upstreamStatus: { refused: 502, broken: 502 } },
    faults: [...cloudflareLimits(100 * MB), { kind: 'drop-undeclared-body' }],
  },
  cloudfront: {
    title: 'AWS CloudFront',
    says: 'AWS CloudFront with all methods allowed: 504 when the origin takes 30 s to answer (origin response timeout)',
    identity: { style: 'cloudfront' },
    faults: [{ kind: 'response-timeout', limitMs: 30_000, status: 504 }],
  },
  'ingress-nginx-default': {
    title: 'ingress-nginx as it comes',
    says: 'ingress-nginx without annotations: bodies above 1 MiB are a 413, bodies are collected before they go on, 60 s of silence in a body end the connection without an answer, 60 s until the registry answers are a 504',
    identity: { style: 'nginx' },
    faults: nginxDefaults,
  },
  'traefik-3': {
    title: 'Traefik 3',
    says: 'Traefik ≥ 2.11.2 or 3: a request that takes longer than 60 s to arrive is ended with 504 or 499, whatever its size (readTimeout, traefik/traefik#10805)',
    identity: { style: 'traefik' },
    faults: traefikDefaults,
  },
  envoy: {
    title: 'Envoy',
    says: 'Envoy: 15 s after a complete request the route times out with 504; a stream idle for 5 min ends',
    identity: { style: 'envoy' },
    faults: envoyDefaults,
  },
  alb: {
    title: 'AWS ALB',
    says: 'AWS Application Load Balancer: 60 s of silence end a request, 408 while the body comes, 504 while the registry thinks',
    identity: { style: 'alb' },
    faults: [
      { kind: 'idle-cut', limitMs: 60_000, ending: 'linger', status: 408 },
      { kind: 'response-timeout', limitMs: 60_000, status: 504 },
    ],
  },
  haproxy: {
    title: 'HAProxy',
    says: 'HAProxy with the timeouts of its example configuration: 504 when 50 s pass without a byte to or from the server; 503 when no server is up',
    identity: { style: 'haproxy' },
    faults: [
      // HAProxy 2.6: a client that pauses in its body runs into `timeout server`; 408 takes `option http-buffer-request`.
      { kind: 'idle-cut', limitMs: 50_000, ending: 'linger', status: 504 },
      { kind: 'response-timeout', limitMs: 50_000, status: 504 },
    ],
  },
  // What follows ingress-nginx, which was retired in March 2026.
  'envoy-gateway': {
    title: 'Envoy Gateway',
    says: 'Envoy Gateway without policies: 15 s after a complete request the route times out with 504 (timeouts.request of the HTTPRoute); a stream idle for 5 min ends',
    identity: { style: 'envoy' },
    faults: envoyDefaults,
  },
  'nginx-gateway-fabric': {
    title: 'NGINX Gateway Fabric',
    says: 'NGINX Gateway Fabric without a ClientSettingsPolicy: bodies above 1 MiB are a 413, bodies are collected, 60 s of silence in a body or until the answer end the request',
    identity: { style: 'nginx' },
    faults: nginxDefaults,
  },
  cilium: {
    title: 'Cilium as Gateway',
    says: 'Cilium’s Gateway: Envoy with a request timeout of an hour (http-request-timeout of the agent)',
    identity: { style: 'envoy' },
    faults: [{ kind: 'response-timeout', limitMs: 3_600_000, status: 504 }],
  },
  'traefik-gateway': {
    title: 'Traefik as Gateway',
    says: 'Traefik as Gateway: the entry point’s readTimeout cuts requests that take longer than 60 s to arrive, as for an Ingress; no policy of the Gateway API changes it',
    identity: { style: 'traefik' },
    faults: traefikDefaults,
  },
};

/** nginx's default is small enough for a demo as it is; scaled, nothing would pass. */
const smallestLimitBytes = 512 * 1024;

/** Below this a busy machine exceeds the limit without any fault. */
const smallestLimitMs = 400;

/** A preset with its documented numbers, or scaled ones. Limits are not scaled below 512 KiB and 400 ms. */
export function presetOf(name: PresetName, scale: PresetScale = realScale): EdgePreset {
  const row = rows[name];
  return { name, ...row, faults: row.faults.map((fault) => scaled(fault, scale)) };
}

function scaled(fault: Fault, scale: PresetScale): Fault {
  if ('limitMs' in fault)
    return { ...fault, limitMs: Math.max(fault.limitMs * scale.time, Math.min(fault.limitMs, smallestLimitMs)) };
  if (fault.kind !== 'body-limit') return fault;
  const limitBytes = Math.round(fault.limitBytes * scale.size);
  return { ...fault, limitBytes: Math.max(limitBytes, Math.min(fault.limitBytes, smallestLimitBytes)) };
}

import { randomBytes, randomUUID } from 'node:crypto';

export const proxyStyles = [
  'nginx',
  'cloudflare',
  'cloudfront',
  'traefik',
  'envoy',
  'alb',
  'haproxy',
  'caddy',
  'plain',
] as const;
/** Whose headers and pages an edge shows. */
export type ProxyStyle = (typeof proxyStyles)[number];

/** What an edge looks like from both sides. */
export interface EdgeIdentity {
  readonly style: ProxyStyle;
  /** Whether the upstream is told the client's scheme and host (X-Forwarded-Proto, -Host); default true. */
  readonly forwardsScheme?: boolean;
  /** Status for an upstream that refuses the connection, or ends it without an answer; default: as the style has it. */
  readonly upstreamStatus?: { readonly refused: number; readonly broken: number };
}

type Headers = Readonly<Record<string, string>>;

interface StyleRow {
  /** Put on what is passed back from the upstream; `server` replaces the upstream's own. */
  readonly passed?: (upstreamMs: number) => Headers;
  /** Sent upstream besides X-Forwarded-*. */
  readonly sent?: (clientAddress: string) => Headers;
  /** Status for an upstream that refuses the connection, or breaks it without an answer. */
  readonly upstreamStatus: { readonly refused: number; readonly broken: number };
  /** Whether its own answers say `Connection: keep-alive`; the others leave that to HTTP/1.1. */
  readonly saysKeepAlive: boolean;
}

const badGateway = { refused: 502, broken: 502 };

const rows: Readonly<Record<ProxyStyle, StyleRow>> = {
  nginx: {
    passed: () => ({ server: 'nginx' }),
    sent: (address) => ({ 'x-real-ip': address }),
    upstreamStatus: badGateway,
    saysKeepAlive: true,
  },
  cloudflare: {
    passed: () => ({ server: 'cloudflare', 'cf-ray': rayId(), 'cf-cache-status': 'DYNAMIC' }),
    sent: (address) => ({ 'cf-ray': rayId(), 'cf-connecting-ip': address, 'cdn-loop': 'cloudflare; loops=1' }),
    upstreamStatus: { refused: 521, broken: 520 },
    saysKeepAlive: true,
  },
  /** The origin's Server stays; `X-Cache` speaks of an error for the origin's own ones as well, which nothing here relies on. */
  cloudfront: {
    passed: () => ({ 'x-cache': 'Miss from cloudfront', ...cloudfrontMarks() }),
    sent: () => ({ via: cloudfrontMarks().via, 'user-agent': 'Amazon CloudFront' }),
    upstreamStatus: badGateway,
    saysKeepAlive: true,
  },
  traefik: { sent: (address) => ({ 'x-real-ip': address }), upstreamStatus: badGateway, saysKeepAlive: false },
  envoy: {
    passed: (upstreamMs) => ({ server: 'envoy', 'x-envoy-upstream-service-time': String(Math.round(upstreamMs)) }),
    sent: () => ({ 'x-request-id': randomUUID() }),
    upstreamStatus: { refused: 503, broken: 503 },
    saysKeepAlive: false,
  },
  alb: {
    sent: () => ({
      'x-amzn-trace-id': `Root=1-${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`,
    }),
    upstreamStatus: badGateway,
    saysKeepAlive: true,
  },
  haproxy: { upstreamStatus: { refused: 503, broken: 502 }, saysKeepAlive: false },
  caddy: {
    passed: () => ({ via: '1.1 Caddy' }),
    sent: () => ({ via: '1.1 Caddy' }),
    upstreamStatus: badGateway,
    saysKeepAlive: false,
  },
  plain: { upstreamStatus: badGateway, saysKeepAlive: true },
};

export function styleOf(style: ProxyStyle): StyleRow {
  return rows[style];
}

/** What CloudFront puts on every answer: the name of an edge, and the request's id, which support asks for. */
export function cloudfrontMarks(): {
  readonly via: string;
  readonly 'x-amz-cf-pop': string;
  readonly 'x-amz-cf-id': string;
} {
  return {
    via: `1.1 ${randomBytes(16).toString('hex')}.cloudfront.net (CloudFront)`,
    'x-amz-cf-pop': 'DMO50-P1',
    'x-amz-cf-id': `${randomBytes(41).toString('base64url')}==`,
  };
}

/** Sixteen hex digits and the code of a data centre that does not exist. */
export function rayId(): string {
  return `${randomBytes(8).toString('hex')}-DMO`;
}

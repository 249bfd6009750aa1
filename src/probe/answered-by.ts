import { type Exchange, header, type HttpResponse } from '../network/exchange.ts';
import { registryErrors } from '../registry/errors.ts';
import type { AnsweredBy } from './failure.ts';

interface Answer {
  readonly response: HttpResponse;
  readonly status: number;
  readonly server: string;
  /** First characters of the body, lower case. */
  readonly body: string;
  has(name: string): boolean;
}

/**
 * Fingerprints in the order in which they are trusted. A body's own signature comes before the Server header, because a CDN
 * overwrites that header on whatever it passes on (registry-made errors read `server: cloudflare`, too).
 */
const fingerprints: readonly { readonly by: AnsweredBy; readonly matches: (answer: Answer) => boolean }[] = [
  // Cloudflare sets these only on pages it made itself.
  { by: 'cloudflare', matches: (a) => a.has('cf-error-type') || a.has('cf-error-origin') || a.has('cf-mitigated') },
  { by: 'cloudflare', matches: (a) => a.body.includes('<center>cloudflare</center>') },
  { by: 'cloudflare', matches: (a) => a.has('cf-ray') && a.status >= 520 && a.status <= 530 },
  { by: 'nginx', matches: (a) => /<center>(?:nginx|openresty)/.test(a.body) },
  { by: 'alb', matches: (a) => a.server.startsWith('awselb') },
  { by: 'cloudfront', matches: (a) => a.server === 'cloudfront' || a.has('x-amz-cf-id') },
  { by: 'envoy', matches: (a) => /^(?:istio-)?envoy/.test(a.server) },
  { by: 'envoy', matches: (a) => /^(?:upstream (?:request timeout|connect error)|stream timeout)/.test(a.body) },
  { by: 'caddy', matches: (a) => a.server === 'caddy' },
  // HAProxy and Traefik send no Server header; their built-in texts are all they leave, also behind Cloudflare, which adds one.
  { by: 'haproxy', matches: (a) => unsigned(a) && /^<html><body><h1>\d{3} [a-z -]+<\/h1>/.test(a.body) },
  {
    by: 'traefik',
    matches: (a) =>
      unsigned(a) &&
      /^(?:bad gateway|gateway timeout|client closed request|service unavailable|404 page not found|request entity too large|internal server error)\s*$/.test(
        a.body,
      ),
  },
  { by: 'cloudflare', matches: (a) => a.server === 'cloudflare' },
  { by: 'nginx', matches: (a) => /^(?:nginx|openresty|tengine)/.test(a.server) },
];

function unsigned({ server }: Answer): boolean {
  return server === '' || server === 'cloudflare';
}

/** Who made this answer: the registry, a hop by its fingerprint, `other`, or `none` when nobody answered. */
export function answeredBy(exchange: Pick<Exchange, 'response'> | undefined): AnsweredBy {
  const response = exchange?.response;
  if (exchange === undefined || response === undefined) {
    return 'none';
  }
  // The distribution specification's version header and error JSON: no proxy makes them.
  if (header(exchange, 'docker-distribution-api-version') !== undefined || registryErrors(exchange).length > 0) {
    return 'registry';
  }
  const answer: Answer = {
    response,
    status: response.status,
    server: (header(exchange, 'server') ?? '').toLowerCase(),
    body: bodyText(response, 4096).toLowerCase(),
    has: (name) => response.headers[name] !== undefined,
  };
  return fingerprints.find((row) => row.matches(answer))?.by ?? 'other';
}

/** The first `maxBytes` of a response body as text. */
export function bodyText(response: HttpResponse, maxBytes: number): string {
  return Buffer.from(response.body.subarray(0, maxBytes)).toString('utf8');
}

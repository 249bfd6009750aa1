import type { OtherPage } from '../../../src/lab/faults/fault.ts';
import { type Page, pageOf as usualPage } from '../../../src/lab/pages.ts';
import type { ProxyStyle } from '../../../src/lab/proxy-styles.ts';

/**
 * Which of a proxy's pages: `error` is what it has for the status. The others are pages of the same status that say something else: a
 * firewall and a challenge, a tunnel that is down (Cloudflare); a request that took too long to arrive or as a whole, load that is shed,
 * a circuit breaker that is open (Envoy).
 */
export type PageKind =
  | 'error'
  | 'waf'
  | 'challenge'
  | 'tunnel-down'
  | 'request-timeout'
  | 'stream-duration'
  | 'overload'
  | 'overflow';

/** What a page of this kind has of its own. */
const rows: Readonly<
  Partial<Record<PageKind, { of: ProxyStyle; body: string; headers?: Readonly<Record<string, string>> }>>
> = {
  waf: {
    of: 'cloudflare',
    body: '<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry, you have been blocked. You are unable to access this site. Error code: 1020</body></html>',
  },
  challenge: {
    of: 'cloudflare',
    body: '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body></body></html>',
    headers: { 'cf-mitigated': 'challenge' },
  },
  'tunnel-down': { of: 'cloudflare', body: 'error code: 1033' },
  'request-timeout': { of: 'envoy', body: 'request timeout' },
  'stream-duration': { of: 'envoy', body: 'downstream duration timeout' },
  overload: { of: 'envoy', body: 'envoy overloaded' },
  overflow: {
    of: 'envoy',
    body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
    headers: { 'x-envoy-overloaded': 'true' },
  },
};

/** The page a proxy of this style answers with; a kind that is another style's changes nothing. */
export function pageOf(style: ProxyStyle, status: number, kind: PageKind = 'error'): Page {
  const page = usualPage(style, status);
  const own = rows[kind];
  return own?.of !== style ? page : { ...page, headers: { ...page.headers, ...own.headers }, body: own.body };
}

/** The same for an answer of a fault. */
export function otherPage(kind: PageKind | undefined): OtherPage | undefined {
  return kind === undefined ? undefined : (style, status) => pageOf(style, status, kind);
}

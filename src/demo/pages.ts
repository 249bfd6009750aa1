import { STATUS_CODES } from 'node:http';
import type { ProxyStyle } from './proxy-styles.ts';
import { rayId } from './proxy-styles.ts';

export interface Page {
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type PageKind = 'error' | 'waf' | 'challenge' | 'tunnel-down';

/** Reason phrases where a proxy has its own; the others say what Node says. */
const nginxReasons: Readonly<Record<number, string>> = {
  405: 'Not Allowed',
  408: 'Request Time-out',
  413: 'Request Entity Too Large',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};
const ownReasons: Readonly<Partial<Record<ProxyStyle, Readonly<Record<number, string>>>>> = {
  nginx: nginxReasons,
  cloudflare: nginxReasons,
  alb: nginxReasons,
  haproxy: { 408: 'Request Time-out', 504: 'Gateway Time-out' },
  traefik: { 413: 'Request Entity Too Large', 499: 'Client Closed Request' },
};

/** The page a proxy of this style answers with, its identifying headers included. */
export function pageOf(style: ProxyStyle, status: number, kind: PageKind = 'error'): Page {
  const reason = ownReasons[style]?.[status] ?? STATUS_CODES[status] ?? '';
  const page = builders[style](status, reason, kind);
  return { reason, headers: page.headers, body: page.body };
}

type Builder = (
  status: number,
  reason: string,
  kind: PageKind,
) => { headers: Readonly<Record<string, string>>; body: string };

const builders: Readonly<Record<ProxyStyle, Builder>> = {
  nginx: (status, reason) => ({
    headers: { Server: 'nginx', 'Content-Type': 'text/html' },
    body: centered(status, reason, 'nginx'),
  }),
  cloudflare: cloudflarePage,
  /** Traefik answers with the bare text of the status and no Server. */
  traefik: (_status, reason) => ({
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
    body: reason,
  }),
  envoy: (status) => ({ headers: { server: 'envoy', 'content-type': 'text/plain' }, body: envoyText(status) }),
  alb: (status, reason) => ({
    headers: { Server: 'awselb/2.0', 'Content-Type': 'text/html' },
    body: `<html>\r\n<head><title>${status} ${reason}</title></head>\r\n<body>\r\n<center><h1>${status} ${reason}</h1></center>\r\n</body>\r\n</html>\r\n`,
  }),
  haproxy: (status, reason) => ({
    headers: { 'Cache-Control': 'no-cache', 'Content-Type': 'text/html' },
    body: `<html><body><h1>${status} ${reason}</h1>\n${haproxyText(status)}\n</body></html>\n`,
  }),
  caddy: () => ({ headers: { Server: 'Caddy' }, body: '' }),
  plain: (status, reason) => ({ headers: { 'Content-Type': 'text/plain' }, body: `${status} ${reason}\n` }),
};

function centered(status: number, reason: string, name: string): string {
  const title = `${status} ${reason}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>${name}</center>\r\n</body>\r\n</html>\r\n`;
}

function cloudflarePage(status: number, reason: string, kind: PageKind): ReturnType<Builder> {
  const headers = { Server: 'cloudflare', 'CF-RAY': rayId(), 'Content-Type': 'text/html; charset=UTF-8' };
  if (kind === 'tunnel-down') return { headers, body: 'error code: 1033' };
  if (kind === 'challenge') {
    const body = '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body></body></html>';
    return { headers: { ...headers, 'cf-mitigated': 'challenge' }, body };
  }
  if (kind === 'waf') {
    const title = 'Attention Required! | Cloudflare';
    const text = 'Sorry, you have been blocked. You are unable to access this site. Error code: 1020';
    return { headers, body: `<!DOCTYPE html><html><head><title>${title}</title></head><body>${text}</body></html>` };
  }
  if (status < 500) return { headers, body: centered(status, reason, 'cloudflare') };
  return { headers, body: `error code: ${status}` };
}

function envoyText(status: number): string {
  switch (status) {
    case 413:
      return 'Payload Too Large';
    case 408:
      return 'stream timeout';
    case 503:
      return 'upstream connect error or disconnect/reset before headers. reset reason: connection failure';
    case 504:
      return 'upstream request timeout';
    default:
      return '';
  }
}

function haproxyText(status: number): string {
  switch (status) {
    case 408:
      return "Your browser didn't send a complete request in time.";
    case 502:
      return 'The server returned an invalid or incomplete response.';
    case 503:
      return 'No server is available to handle this request.';
    case 504:
      return "The server didn't respond in time.";
    default:
      return 'Request forbidden by administrative rules.';
  }
}

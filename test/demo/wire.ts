import type { ClientRequestArgs, IncomingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface WireRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
  /** true: Transfer-Encoding: chunked; else Content-Length. */
  readonly chunked?: boolean;
  readonly ca?: string;
  readonly agent?: ClientRequestArgs['agent'];
}
export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** One request with node:http alone. An answer counts even if the socket fails afterwards; without one the error rejects. */
export function send(url: string, wire: WireRequest = {}): Promise<WireResponse> {
  const { method = 'GET', body = Buffer.alloc(0), chunked = false } = wire;
  const headers: Record<string, string> = { ...wire.headers };
  if (!chunked && !['GET', 'HEAD', 'DELETE'].includes(method)) headers['content-length'] ??= String(body.length);
  if (chunked) headers['transfer-encoding'] = 'chunked';
  return new Promise((resolve, reject) => {
    const open = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = open(url, { method, headers, agent: wire.agent ?? false, ...(wire.ca ? { ca: wire.ca } : {}) });
    let answered = false;
    request.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flat(response.headers),
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(chunks),
        });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', done);
      response.on('error', reject);
    });
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
    for (let offset = 0; offset < body.length; offset += 32_768) request.write(body.subarray(offset, offset + 32_768));
    request.end();
  });
}

function flat(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

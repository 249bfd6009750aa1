import { type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { parseUrl } from '../network/parse-url.ts';
import { UsageError } from './flags.ts';

const mostAnswerBytes = 16 * 1024 * 1024;

/** The URL of a path below the one that a flag gives, a route prefix included. Throws UsageError. */
export function urlBelow(flag: string, base: string, path: string): URL {
  const url = parseUrl(`${base.replace(/\/+$/, '')}${path}`);
  if (!/^https?:\/\//i.test(base) || url === undefined)
    throw new UsageError(`flag --${flag}: expected an http or https URL, got ${JSON.stringify(base)}`);
  return url;
}

export interface AskOptions {
  readonly method: 'GET' | 'POST';
  readonly timeoutMs: number;
  readonly headers?: OutgoingHttpHeaders;
  /** Whether a certificate has to be valid; default true. */
  readonly rejectUnauthorized?: boolean;
}

/** One request without a body, over a connection of its own. Rejects with an error of one line. */
export function askUrl(
  url: URL,
  { timeoutMs, ...options }: AskOptions,
): Promise<{ readonly status: number; readonly text: string }> {
  const open = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    const request = open(url, { ...options, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > mostAnswerBytes) request.destroy(new Error('the answer has no end'));
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    request.on('error', fail).end();
  });
}

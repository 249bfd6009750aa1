import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { parseUrl } from '../network/parse-url.ts';
import { UsageError } from './flags.ts';

const timeoutMs = 10_000;
const mostAnswerBytes = 16 * 1024 * 1024;

/** A daemon that does not answer as one. The message is one line. */
export class DaemonError extends Error {
  override readonly name = 'DaemonError';
}

/** The URL of a path of the API below `base`, as `--daemon` gives it, route prefix included. Throws UsageError. */
export function daemonUrl(base: string, path: string): URL {
  const url = parseUrl(`${base.replace(/\/+$/, '')}${path}`);
  if (!/^https?:\/\//i.test(base) || url === undefined)
    throw new UsageError(`flag --daemon: expected an http or https URL, got ${JSON.stringify(base)}`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError('flag --daemon: a login in a URL is seen by everybody on this host');
  return url;
}

/** GET of JSON, certificates verified. Throws DaemonError. */
export async function askDaemon(url: URL): Promise<unknown> {
  const { status, text } = await fetchText(url).catch((error: unknown) => {
    throw new DaemonError(`${url.origin}: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (status === 401) throw new DaemonError(`${url.origin} wants a login, which this command does not have`);
  if (status === 404) throw new DaemonError(`${url.origin} answered 404: is it a blobprobe of this version or newer?`);
  if (status !== 200) throw new DaemonError(`${url.origin} answered ${status}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new DaemonError(`${url.origin} answered something that is not JSON`);
  }
}

function fetchText(url: URL): Promise<{ readonly status: number; readonly text: string }> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    const request = get(url, { signal, agent: false }, (response) => {
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
    request.on('error', fail);
  });
}

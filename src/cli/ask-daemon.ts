import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { parseUrl } from '../network/parse-url.ts';
import { readFileSync } from 'node:fs';
import { errorCode } from '../network/error-code.ts';
import { type Flags, type FlagValues, UsageError } from './flags.ts';

const timeoutMs = 10_000;
const mostAnswerBytes = 16 * 1024 * 1024;

/** For a daemon that wants a login; a password on the command line would be seen by everybody on this host. */
export const daemonLoginFlags: Flags = {
  'daemon-user': { kind: 'text', placeholder: 'NAME', help: 'User name for the daemon, where it wants a login.' },
  'daemon-password-file': { kind: 'text', placeholder: 'FILE', help: 'File with the password of --daemon-user.' },
};

/** What goes into the header Authorization; undefined: no login was given. Throws UsageError. */
export function daemonLogin(values: FlagValues): string | undefined {
  const [user, file] = [values.text('daemon-user'), values.text('daemon-password-file')];
  if (user === undefined && file === undefined) return undefined;
  if (!values.isSet('daemon')) throw new UsageError('flag --daemon-user needs --daemon');
  if (user === undefined || file === undefined)
    throw new UsageError('flags --daemon-user and --daemon-password-file go together');
  let password: string;
  try {
    password = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const why = errorCode(error) ?? 'unknown error';
    throw new UsageError(`flag --daemon-password-file: ${JSON.stringify(file)} cannot be read (${why})`);
  }
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

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

/** GET of JSON, certificates verified, redirects not followed. Throws DaemonError. */
export async function askDaemon(url: URL, authorization: string | undefined): Promise<unknown> {
  const { status, text } = await fetchText(url, authorization).catch((error: unknown) => {
    throw new DaemonError(`${url.origin}: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (status === 401) {
    const given = authorization !== undefined;
    throw new DaemonError(
      `${url.origin} ${given ? 'refuses this login' : 'wants a login: give --daemon-user and --daemon-password-file'}`,
    );
  }
  if (status === 404) throw new DaemonError(`${url.origin} answered 404: is it a blobprobe of this version or newer?`);
  if (status !== 200) throw new DaemonError(`${url.origin} answered ${status}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new DaemonError(`${url.origin} answered something that is not JSON`);
  }
}

function fetchText(
  url: URL,
  authorization: string | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    const headers = authorization === undefined ? {} : { authorization };
    const request = get(url, { signal, agent: false, headers }, (response) => {
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

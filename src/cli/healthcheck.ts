import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { type Command, exitFailure } from './command.ts';
import { UsageError } from './flags.ts';
import { parseUrl } from '../network/parse-url.ts';

const timeoutMs = 5_000;
const defaultUrl = 'http://127.0.0.1:10719';

/** Asks a running daemon whether it is ready; made for container health checks, hence without any output when it is. */
export const healthcheckCommand: Command = {
  name: 'healthcheck',
  summary: 'Asks a running blobprobe whether it is ready; exit code 0 or 1.',
  flags: {
    url: { kind: 'text', placeholder: 'URL', help: `Where it listens, route prefix included (default ${defaultUrl}).` },
  },
  async run(values, terminal) {
    const url = readyUrl(values.text('url') ?? defaultUrl);
    try {
      const status = await fetchStatus(url);
      if (status === 200) return 0;
      terminal.err(`blobprobe healthcheck: ${url.href} answered ${status}\n`);
    } catch (error) {
      terminal.err(`blobprobe healthcheck: ${url.href}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    return exitFailure;
  },
};

function readyUrl(base: string): URL {
  const text = `${base.replace(/\/+$/, '')}/-/ready`;
  const url = parseUrl(text);
  if (!/^https?:\/\//i.test(base) || url === undefined)
    throw new UsageError(`flag --url: expected an http or https URL, got ${JSON.stringify(base)}`);
  return url;
}

function fetchStatus(url: URL): Promise<number> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    // The daemon's certificate names its public host, not the loopback address asked here; nothing secret is sent.
    const request = get(url, { signal, agent: false, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', (error) => reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error));
  });
}

import { messageOf } from '../network/errors.ts';
import { askUrl, urlBelow } from './ask-url.ts';
import { type Command, exitFailure } from './command.ts';
import { oneValue } from './flags.ts';

const timeoutMs = 5_000;
const defaultUrl = 'http://127.0.0.1:10719';

/** Asks a running daemon whether it is ready; made for container health checks, hence without any output when it is. */
export const healthcheckCommand: Command = {
  name: 'healthcheck',
  summary: 'Asks a running blobprobe whether it is ready; exit code 0 or 1.',
  flags: {
    url: oneValue('URL', `Where it listens, route prefix included (default ${defaultUrl}).`),
  },
  async run(values, terminal) {
    const url = urlBelow('url', values.text('url') ?? defaultUrl, '/-/ready');
    try {
      // The daemon's certificate names its public host, not the loopback address asked here; nothing secret is sent.
      const { status } = await askUrl(url, { method: 'GET', timeoutMs, rejectUnauthorized: false });
      if (status === 200) return 0;
      terminal.err(`blobprobe healthcheck: ${url.href} answered ${status}\n`);
    } catch (error) {
      terminal.err(`blobprobe healthcheck: ${url.href}: ${messageOf(error)}\n`);
    }
    return exitFailure;
  },
};

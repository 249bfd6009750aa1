import { messageOf } from '../network/errors.ts';
import type { Known } from '../probe/advise/known.ts';
import { askUrl, urlBelow } from './ask-url.ts';
import { type Flags, type FlagValues, oneValue, UsageError } from './flags.ts';
import { passwordInFile } from './password-line.ts';

const timeoutMs = 10_000;

/** For a daemon that wants a login; a password on the command line would be seen by everybody on this host. */
export const daemonLoginFlags: Flags = {
  'daemon-user': oneValue('NAME', 'User name for the daemon, where it wants a login.'),
  'daemon-password-file': oneValue('FILE', 'File with the password of --daemon-user.'),
};

/** What goes into the header Authorization; undefined: no login was given. Throws UsageError. */
export function daemonLogin(values: FlagValues): string | undefined {
  const [user, file] = [values.text('daemon-user'), values.text('daemon-password-file')];
  if (user === undefined && file === undefined) return undefined;
  if (!values.isSet('daemon')) throw new UsageError('flag --daemon-user needs --daemon');
  if (user === undefined || file === undefined)
    throw new UsageError('flags --daemon-user and --daemon-password-file go together');
  const password = passwordInFile('daemon-password-file', file);
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A daemon that does not answer as one. The message is one line. */
export class DaemonError extends Error {
  override readonly name = 'DaemonError';
}

/** The URL of what a daemon knows for advice, below `base`, as `--daemon` gives it. Throws UsageError. */
export function knowledgeUrl(base: string): URL {
  const url = urlBelow('daemon', base, '/api/v1/advise');
  if (url.username !== '' || url.password !== '')
    throw new UsageError('flag --daemon: a login in a URL is seen by everybody on this host');
  return url;
}

/**
 * What the daemon knows, certificates verified, redirects not followed. Throws DaemonError.
 * `authorization`: as `daemonLogin` gives it.
 */
export async function knownBy(url: URL, authorization: string | undefined): Promise<readonly Known[]> {
  const headers = authorization === undefined ? {} : { authorization };
  const { status, text } = await askUrl(url, { method: 'GET', timeoutMs, headers }).catch((error: unknown) => {
    throw new DaemonError(`${url.origin}: ${messageOf(error)}`);
  });
  if (status === 401) {
    const given = authorization !== undefined;
    throw new DaemonError(
      `${url.origin} ${given ? 'refuses this login' : 'wants a login: give --daemon-user and --daemon-password-file'}`,
    );
  }
  if (status === 404) throw new DaemonError(`${url.origin} answered 404: is it a blobprobe of this version or newer?`);
  if (status !== 200) throw new DaemonError(`${url.origin} answered ${status}`);
  let answer: Partial<{ known: Known[] }>;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw new DaemonError(`${url.origin} answered something that is not JSON`);
  }
  if (!Array.isArray(answer.known)) throw new DaemonError('the daemon answered without saying what it knows');
  return answer.known;
}

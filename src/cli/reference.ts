import { isIP } from 'node:net';
import { bareHost } from '../network/hosts.ts';
import { parseUrl } from '../network/parse-url.ts';
import { UsageError } from './flags.ts';

/** A registry and a repository, as people write them. */
interface Reference {
  readonly url: string;
  readonly repository: string | undefined;
  /** What was guessed and what was left out, one sentence each. */
  readonly notes: readonly string[];
}

/** Where docker sends what it calls docker.io. */
const dockerHub = 'https://registry-1.docker.io';

/**
 * Reads `git.example.org/team/app`, with a tag or digest, which are left out, or a URL. Without a scheme, https is taken, and
 * http for this host itself and for port 80. Throws UsageError.
 */
export function parseReference(text: string): Reference {
  if (/^https?:\/\//i.test(text)) return { url: text, repository: undefined, notes: [] };
  const [, host = '', path = ''] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  const isHost = /[.:]/.test(host) || host === 'localhost';
  if (host === '' && /^[^/]+[.:][^/]*$/.test(text))
    throw new UsageError(`${JSON.stringify(text)} names no repository: write for example ${text}/team/app`);
  if (!isHost || parseUrl(`https://${host}`) === undefined) {
    if (host.includes(':') && path !== '') {
      const rule = 'IPv6 stands in brackets ([::1]:5000/app), a port is at most 65535';
      throw new UsageError(`${JSON.stringify(text)} names no host: ${rule}`);
    }
    const hint = path === '' || path.includes('/') ? 'git.example.org/team/app' : `docker.io/${text}`;
    throw new UsageError(`${JSON.stringify(text)} names no host: write for example ${hint}`);
  }
  const [, repository, tag, digest] = /^([^:@]+)(?::([^@/]+))?(?:@(.+))?$/.exec(path) ?? [];
  if (repository === undefined) throw new UsageError(`${JSON.stringify(text)} is no reference to an image`);
  const url = host === 'docker.io' ? dockerHub : `${guessedScheme(host)}://${host}`;
  const left = [tag, digest].flatMap((part) => part ?? []);
  const without = left.map((part) => `${part} is left out: blobs have no tag`);
  return { url, repository, notes: [`no scheme was given: using ${url}`, ...without] };
}

function guessedScheme(host: string): 'http' | 'https' {
  const url = parseUrl(`http://${host}`);
  const address = url === undefined ? '' : bareHost(url);
  const isHere = address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
  return isHere || host.endsWith(':80') ? 'http' : 'https';
}

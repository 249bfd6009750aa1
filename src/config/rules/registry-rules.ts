import { isIP } from 'node:net';
import { proxyFromEnvironment } from '../../network/environment-proxy.ts';
import { messageOf } from '../../network/errors.ts';
import { parseUrl } from '../../network/parse-url.ts';
import type { ConfigPath } from '../problem.ts';
import { at, entriesOf, present, textAt } from '../raw.ts';
import type { ResolvedSources } from '../sources.ts';
import { checkFile, checkSecret } from './files.ts';
import type { Report } from './rule.ts';

/** Credentials and paths of all registries. */
export function registryRules(config: unknown, report: Report, sources: ResolvedSources): void {
  const seen = new Map<string, string>();
  for (const [name, registry] of entriesOf(at(config, 'registries'))) {
    const path = ['registries', name];
    const identity = identityOf(registry);
    const first = seen.get(identity);
    if (first !== undefined)
      report(path, `expected each registry once, got the repository, addresses and login of ${first} again`);
    seen.set(identity, name);
    checkCredentials(at(registry, 'credentials'), [...path, 'credentials'], report, sources);
    for (const [pathName, networkPath] of entriesOf(at(registry, 'paths')))
      checkPath(networkPath, [...path, 'paths', pathName], report, sources);
  }
}

/** Two entries with the same are one registry under two names. */
function identityOf(registry: unknown): string {
  const urls = entriesOf(at(registry, 'paths')).map(([, networkPath]) => textAt(networkPath, 'url') ?? '');
  return JSON.stringify([
    at(registry, 'repository'),
    urls.toSorted((a, b) => a.localeCompare(b)),
    at(registry, 'credentials'),
  ]);
}

function checkCredentials(credentials: unknown, path: ConfigPath, report: Report, sources: ResolvedSources): void {
  if (typeof credentials !== 'object' || credentials === null || Array.isArray(credentials)) return;
  const password = checkSecret(credentials, path, 'password', report, sources);
  const token = checkSecret(credentials, path, 'token', report, sources);
  const identityToken = checkSecret(credentials, path, 'identityToken', report, sources);
  checkFile(credentials, path, 'dockerConfig', report, sources);

  const username = present(credentials, ['username']);
  const dockerConfig = present(credentials, ['dockerConfig']);
  const ways = [[...username, ...password], token, identityToken, dockerConfig].filter((keys) => keys.length > 0);
  if (ways.length !== 1) {
    const got = ways.length === 0 ? 'none' : ways.map((keys) => keys[0]).join(' and ');
    report(
      path,
      `expected exactly one of username with a password, a token, an identity token, dockerConfig, got ${got}`,
    );
  } else if (username.length > 0 && password.length === 0) {
    report(path, 'expected one of password, passwordFile, passwordEnv beside username, got none');
  } else if (password.length > 0 && username.length === 0) {
    report(path, `expected username beside ${password[0]}, got nothing`);
  }
}

function checkPath(networkPath: unknown, path: ConfigPath, report: Report, sources: ResolvedSources): void {
  checkTls(networkPath, path, report, sources);
  checkProxy(at(networkPath, 'proxy'), textAt(networkPath, 'url'), [...path, 'proxy'], report, sources);
  checkLocalAddress(networkPath, path, report);

  const headers = new Map<string, string>();
  for (const [name] of entriesOf(at(networkPath, 'headers'))) {
    const first = headers.get(name.toLowerCase());
    if (first !== undefined) report([...path, 'headers', name], `expected each header once, got it as ${first} too`);
    headers.set(name.toLowerCase(), name);
  }
}

function checkTls(networkPath: unknown, path: ConfigPath, report: Report, sources: ResolvedSources): void {
  const tls = at(networkPath, 'tls');
  const tlsPath = [...path, 'tls'];
  for (const key of ['caFile', 'certFile', 'keyFile']) checkFile(tls, tlsPath, key, report, sources);
  const pair = present(tls, ['certFile', 'keyFile']);
  if (pair.length === 1) report(tlsPath, `expected certFile and keyFile together, got only ${pair[0]}`);
  // Defaults, written out, do no harm: the page of the running configuration shows them.
  const telling = entriesOf(tls).filter(([, value]) => value !== false && value !== 'TLSv1.2');
  if (telling.length > 0 && /^http:/i.test(textAt(networkPath, 'url') ?? ''))
    report(tlsPath, 'expected tls settings only beside an https url, got them beside an http url');
}

function checkProxy(
  proxy: unknown,
  url: string | undefined,
  path: ConfigPath,
  report: Report,
  sources: ResolvedSources,
): void {
  if (proxy === 'env') return checkEnvironmentProxy(url, path, report, sources);
  const password = checkSecret(proxy, path, 'password', report, sources);
  if (password.length > 0 && at(proxy, 'username') === undefined)
    report(path, `expected username beside ${password[0]}, got nothing`);
}

function checkEnvironmentProxy(
  text: string | undefined,
  path: ConfigPath,
  report: Report,
  sources: ResolvedSources,
): void {
  const url = parseUrl(text ?? '');
  if (url === undefined) return;
  try {
    proxyFromEnvironment(sources.env)(url);
  } catch (error) {
    report(path, `expected a proxy of the environment that can be used: ${messageOf(error)}`);
  }
}

function checkLocalAddress(networkPath: unknown, path: ConfigPath, report: Report): void {
  const given = at(networkPath, 'family');
  const family = given === 4 || given === 'ipv4' ? 4 : given === 6 || given === 'ipv6' ? 6 : undefined;
  const own = isIP(textAt(networkPath, 'localAddress') ?? '');
  if (own !== 0 && family !== undefined && family !== own)
    report([...path, 'localAddress'], `expected an IPv${family} address as family says, got an IPv${own} address`);
}

import { isIP } from 'node:net';
import { addressRanges, isAddressIn } from './address-ranges.ts';
import { bareHost, effectivePort } from './hosts.ts';
import { parseUrl } from './parse-url.ts';
import type { HttpProxy } from './path.ts';
import { Secret } from './secrets/secret.ts';

type Environment = Readonly<Record<string, string | undefined>>;
/** One entry of NO_PROXY. `ip`: the host is an address, and no name rule may match it. */
type Bypass = (host: string, port: number, ip: 0 | 4 | 6) => boolean;

/**
 * The proxy that Go's clients take from the environment for a URL (golang.org/x/net/http/httpproxy): HTTPS_PROXY for https,
 * HTTP_PROXY for http, upper case before lower, none for `localhost`, loopback addresses and what NO_PROXY names. ALL_PROXY is
 * not read, as Go does not read it. Pure: `env` is all it looks at. The returned function throws an Error that holds no secret
 * when the proxy is one that cannot be used here (SOCKS, TLS to the proxy) or Go would refuse it (HTTP_PROXY under CGI).
 */
export function proxyFromEnvironment(env: Environment): (url: URL) => HttpProxy | undefined {
  const bypasses = bypassesOf(firstOf(env, 'NO_PROXY', 'no_proxy'));
  return (url) => {
    const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
    const value = firstOf(env, name, name.toLowerCase());
    if (value === '') return undefined;

    if (name === 'HTTP_PROXY' && (env['REQUEST_METHOD'] ?? '') !== '')
      throw new Error('HTTP_PROXY is not used in a CGI environment (REQUEST_METHOD is set), as Go does not use it');

    const host = bareHost(url).toLowerCase();
    const ip = isIP(host) as 0 | 4 | 6;
    const direct = host === 'localhost' || isLoopback(host, ip);
    return direct || bypasses.some((matches) => matches(host, effectivePort(url), ip))
      ? undefined
      : parsed(name, value);
  };
}

function firstOf(env: Environment, ...names: readonly string[]): string {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '') ?? '';
}

/** undefined: no URL, which Go passes over in silence. A value without scheme is an HTTP proxy. */
function parsed(name: string, value: string): HttpProxy | undefined {
  const first = value.includes('://') ? parseUrl(value) : undefined;
  const url = first ?? parseUrl(`http://${value}`);
  if (url === undefined) return undefined;

  if (url.protocol !== 'http:')
    throw new Error(`${name} names a ${url.protocol.slice(0, -1)} proxy; only http proxies can be used`);

  try {
    return {
      host: bareHost(url),
      port: effectivePort(url),
      username: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: url.password === '' ? undefined : Secret.of(decodeURIComponent(url.password)),
    };
  } catch {
    // A wrong percent encoding: to Go that is no URL either.
    return undefined;
  }
}

function bypassesOf(list: string): readonly Bypass[] {
  const entries = list.split(',').map((entry) => entry.trim().toLowerCase());
  if (entries.includes('*')) return [() => true];

  return entries.flatMap((entry) => bypassOf(entry) ?? []);
}

/** undefined: an entry without a host, which Go passes over. */
function bypassOf(entry: string): Bypass | undefined {
  const [, network = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (isIP(network) !== 0 && Number(bits) <= (isIP(network) === 4 ? 32 : 128)) {
    const subnet = addressRanges(entry);
    return (host) => isAddressIn(subnet, host);
  }
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  const named = bracketed ?? plain ?? entry;
  if (named === '') return undefined;

  const onPort = (port: number): boolean => portText === undefined || Number(portText) === port;
  if (isIP(named) !== 0) {
    const alone = addressRanges(`${named}/${isIP(named) === 4 ? 32 : 128}`);
    return (host, port) => isAddressIn(alone, host) && onPort(port);
  }
  const suffix = named.startsWith('*.') ? named.slice(1) : named.startsWith('.') ? named : `.${named}`;
  return (host, port, ip) => ip === 0 && (host === named || host.endsWith(suffix)) && onPort(port);
}

function isLoopback(host: string, ip: 0 | 4 | 6): boolean {
  return (ip === 4 && host.startsWith('127.')) || host === '::1' || host.startsWith('::ffff:7f');
}

import { isIP } from 'node:net';
import { parseUrl } from '../../network/parse-url.ts';

interface HostPort {
  readonly host: string;
  readonly port?: number;
}

const hostName = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))*\.?$/;

/**
 * Splits `host`, `host:port`, `192.0.2.1:443`, `[2001:db8::1]:443` or `2001:db8::1`; brackets are removed.
 * @returns undefined when the text is none of these.
 */
export function splitHostPort(text: string): HostPort | undefined {
  if (isIP(text) === 6) return { host: text };
  const [, bracketed, plain, digits] = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const valid = bracketed === undefined ? isHost(plain ?? '') : isIP(bracketed) === 6;
  if (host === undefined || !valid) return undefined;
  if (digits === undefined) return { host };
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** A list of four numbers is an address or nothing: `300.1.1.1` must not pass as a name. */
function isHost(host: string): boolean {
  return isIP(host) !== 0 || (hostName.test(host) && !/^[\d.]+$/.test(host));
}

/**
 * Says what is wrong with the base URL of a path, as the end of "expected …"; undefined: nothing is.
 * The `/v2/` tree stands at the root of a registry's host (OCI distribution specification, "Endpoints"), so a path has no path of its own.
 */
export function urlComplaint(text: string): string | undefined {
  const url = parseUrl(text);
  if (url === undefined || !/^https?:\/\//i.test(text) || splitHostPort(url.host) === undefined)
    return 'a URL that starts with http:// or https:// such as https://registry.example.org';
  if (text.includes('@')) return 'a URL without user name and password (they have keys of their own)';
  if (/[?#]/.test(text)) return 'a URL without query and fragment';
  if (url.pathname !== '/')
    return 'a URL without path (/v2/ is added; the registry must stand at the root of its host)';
  return undefined;
}

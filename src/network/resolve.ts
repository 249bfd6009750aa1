import { codeOf } from './errors.ts';
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { NetworkError } from './exchange.ts';
import type { NetworkPath } from './path.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Addresses of a host as the path resolves them, anew on each call: the system's resolver (hosts file included), or the
 * path's own DNS servers. Addresses of a family the path or its local address cannot use are left out.
 * `ended` takes back questions to own servers that are still open; the system's resolver cannot be stopped.
 * Throws NetworkError with stage `dns`.
 */
export async function resolveHost(
  host: string,
  path: NetworkPath,
  ended: AbortSignal,
): Promise<readonly ResolvedAddress[]> {
  const family = path.family ?? (path.localAddress === undefined ? 0 : isIP(path.localAddress));
  try {
    const found =
      path.dnsServers.length > 0
        ? await askServers(host, path.dnsServers, family, ended)
        : await askSystem(host, family);
    if (found.length === 0)
      throw Object.assign(new Error(`no address of the wanted family for ${host}`), { code: 'ENODATA' });
    return found;
  } catch (error) {
    const code = codeOf(error);
    throw new NetworkError({ stage: 'dns', code, message: `cannot resolve ${host}: ${code}`, cause: error });
  }
}

async function askSystem(host: string, family: number): Promise<ResolvedAddress[]> {
  const found = await lookup(host, { all: true, family, order: 'verbatim' });
  return found.map((entry) => ({ address: entry.address, family: entry.family === 6 ? 6 : 4 }));
}

async function askServers(
  host: string,
  servers: readonly string[],
  family: number,
  ended: AbortSignal,
): Promise<ResolvedAddress[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([...servers]);
  ended.addEventListener('abort', () => resolver.cancel());
  const ask = async (wanted: 4 | 6): Promise<ResolvedAddress[]> => {
    const addresses = wanted === 4 ? await resolver.resolve4(host) : await resolver.resolve6(host);
    return addresses.map((address) => ({ address, family: wanted }));
  };
  if (family === 4 || family === 6) return ask(family);
  const [four, six] = await Promise.allSettled([ask(4), ask(6)]);
  const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0 && four.status === 'rejected') throw four.reason;
  return found;
}

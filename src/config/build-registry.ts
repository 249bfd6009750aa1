import { originOf, WrittenUrl } from '../network/parse-url.ts';
import { proxyFromEnvironment } from '../network/environment-proxy.ts';
import { bareHost, effectivePort } from '../network/hosts.ts';
import type { HttpProxy, NetworkPath } from '../network/path.ts';
import type { Credentials } from '../registry/target.ts';
import type { ProbedRegistry } from './config.ts';
import { splitHostPort } from './schema/address.ts';
import type { PathInput, RegistryInput } from './schema/root.ts';
import { type ResolvedSources, secretOf } from './sources.ts';

/** Makes the domain's registry of an entry that has passed schema and rules. */
export function buildRegistry(name: string, input: RegistryInput, sources: ResolvedSources): ProbedRegistry {
  return {
    name,
    repository: input.repository,
    credentials: buildCredentials(input.credentials, sources),
    cleanup: input.cleanup,
    paths: Object.entries(input.paths).map(([pathName, path]) => buildPath(pathName, path, sources)),
  };
}

function buildCredentials(input: RegistryInput['credentials'], sources: ResolvedSources): Credentials {
  const password = secretOf(input, 'password', sources);
  if (input?.username !== undefined && password !== undefined)
    return { kind: 'basic', username: input.username, password };
  const token = secretOf(input, 'token', sources);
  if (token !== undefined) return { kind: 'bearer', token };
  const identityToken = secretOf(input, 'identityToken', sources);
  if (identityToken !== undefined) return { kind: 'identity', token: identityToken };
  if (input?.dockerConfig !== undefined)
    return { kind: 'docker-config', file: sources.resolveFile(input.dockerConfig) };
  return { kind: 'anonymous' };
}

function buildPath(name: string, input: PathInput, sources: ResolvedSources): NetworkPath {
  const connectTo = splitHostPort(input.connectTo ?? '');
  return {
    name,
    origin: originOf(new WrittenUrl(input.url)),
    kind: input.kind,
    connectTo: connectTo?.port === undefined ? undefined : { host: connectTo.host, port: connectTo.port },
    dnsServers: input.dns ?? [],
    family: input.family === undefined ? undefined : input.family === 4 || input.family === 'ipv4' ? 4 : 6,
    localAddress: input.localAddress,
    proxy: buildProxy(input, sources),
    environmentProxy: input.proxy === 'env' ? proxyFromEnvironment(sources.env) : undefined,
    headers: input.headers,
    tls: buildTls(input.tls, sources),
    allowHosts: input.allowHosts ?? [],
    realm: input.realm,
  };
}

function buildTls(input: PathInput['tls'], sources: ResolvedSources): NetworkPath['tls'] {
  const { caFile, certFile, keyFile, serverName, insecure, minVersion } = input;
  return {
    caFile: caFile === undefined ? undefined : sources.resolveFile(caFile),
    certFile: certFile === undefined ? undefined : sources.resolveFile(certFile),
    keyFile: keyFile === undefined ? undefined : sources.resolveFile(keyFile),
    serverName,
    insecure,
    minVersion,
  };
}

function buildProxy({ proxy: input, url: target }: PathInput, sources: ResolvedSources): HttpProxy | undefined {
  if (input === undefined) return undefined;
  if (input === 'env') return proxyFromEnvironment(sources.env)(new URL(target));
  const url = new URL(input.url);
  const password = secretOf(input, 'password', sources);
  return { host: bareHost(url), port: effectivePort(url), username: input.username, password };
}

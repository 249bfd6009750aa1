import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { splitHostPort, urlComplaint } from '../config/schema/address.ts';
import type { NetworkPath } from '../network/path.ts';
import { Secret } from '../network/secret.ts';
import type { RegistryTarget } from '../registry/target.ts';
import { type Flags, type FlagValues, UsageError } from './flags.ts';
import { parseUrl } from '../network/parse-url.ts';

/** Flags of commands that work on a registry without a configuration. */
export const adHocFlags: Flags = {
  url: { kind: 'text', placeholder: 'URL', help: 'Registry to push to, without a configuration file.' },
  repository: { kind: 'text', placeholder: 'NAME', help: 'Repository to push to with --url (default blobprobe).' },
  user: { kind: 'text', placeholder: 'NAME', help: 'User name for --url; the password comes from --password-stdin.' },
  'password-stdin': { kind: 'switch', help: 'Read the password from standard input.' },
  ca: { kind: 'text', placeholder: 'FILE', help: 'PEM file of the CA to trust with --url.' },
  insecure: { kind: 'switch', help: 'Do not verify certificates with --url.' },
  'connect-to': {
    kind: 'text',
    placeholder: 'HOST:PORT',
    help: 'Connect there instead of to the host of --url; Host header and SNI stay.',
  },
};

/** Where an ad-hoc command pushes. */
export interface AdHocTarget {
  readonly registry: RegistryTarget;
  readonly path: NetworkPath;
}

/**
 * The registry and path that the flags name; undefined when there is no `--url`. The URL may name a repository:
 * `https://registry.example.org/team/probe`. Throws UsageError. `readInput` gives all of standard input.
 */
export function adHocTarget(
  values: FlagValues,
  readInput: () => string = () => readFileSync(0, 'utf8'),
): AdHocTarget | undefined {
  const url = values.text('url');
  if (url === undefined) {
    const stray = Object.keys(adHocFlags).find((name) => values.isSet(name));
    if (stray !== undefined) {
      throw new UsageError(`flag --${stray} needs --url`);
    }
    return undefined;
  }
  const { origin, repository } = splitUrl(url, values.text('repository'));
  const ca = values.text('ca');
  return {
    registry: {
      name: new URL(origin).host,
      repository,
      credentials: credentialsOf(values, readInput),
      cleanup: 'delete',
    },
    path: {
      name: 'url',
      origin,
      kind: 'direct',
      ...connectToOf(values.text('connect-to')),
      dnsServers: [],
      headers: {},
      tls: {
        ...(ca === undefined ? {} : { caFile: resolve(ca) }),
        insecure: values.isSet('insecure'),
        minVersion: 'TLSv1.2',
      },
      allowHosts: [],
      realm: 'follow',
    },
  };
}

const repositoryPattern = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;

function splitUrl(text: string, named: string | undefined): { origin: string; repository: string } {
  const url = parseUrl(text);
  const path = url?.pathname.replace(/^\/+|\/+$/g, '') ?? '';
  const complaint = urlComplaint(
    url === undefined || path === '' ? text : text.replace(/(:\/\/[^/?#]*)\/[^?#]*/, '$1'),
  );
  if (complaint !== undefined || url === undefined) {
    throw new UsageError(`flag --url: expected ${complaint ?? 'a URL'}`);
  }
  if (path !== '' && named !== undefined) {
    throw new UsageError('the repository stands in --url and in --repository');
  }
  const repository = named ?? (path === '' ? 'blobprobe' : path);
  if (!repositoryPattern.test(repository)) {
    throw new UsageError(
      `flag --${named === undefined ? 'url' : 'repository'}: ${JSON.stringify(repository)} is no name of a repository`,
    );
  }
  return { origin: url.origin, repository };
}

function credentialsOf(values: FlagValues, readInput: () => string): RegistryTarget['credentials'] {
  const username = values.text('user');
  const hasPassword = values.isSet('password-stdin');
  if (username === undefined && !hasPassword) {
    return { kind: 'anonymous' };
  }
  if (username === undefined || !hasPassword) {
    throw new UsageError('flags --user and --password-stdin go together');
  }
  const password = readInput().replace(/\r?\n$/, '');
  if (password === '') {
    throw new UsageError('flag --password-stdin: standard input is empty');
  }
  return { kind: 'basic', username, password: Secret.of(password) };
}

function connectToOf(text: string | undefined): Pick<NetworkPath, 'connectTo'> {
  if (text === undefined) {
    return {};
  }
  const target = splitHostPort(text);
  if (target?.port === undefined) {
    throw new UsageError(`flag --connect-to: expected HOST:PORT, got ${JSON.stringify(text)}`);
  }
  return { connectTo: { host: target.host, port: target.port } };
}

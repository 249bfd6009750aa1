import { messageOf } from '../network/errors.ts';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { splitHostPort, urlComplaint } from '../config/schema/address.ts';
import { proxyFromEnvironment } from '../network/environment-proxy.ts';
import { type NetworkPath, pathDefaults } from '../network/path.ts';
import { Secret } from '../network/secrets/secret.ts';
import { originOf, parseUrl } from '../network/parse-url.ts';
import { isRepositoryName, type RegistryTarget } from '../registry/target.ts';
import type { Terminal } from './command.ts';
import { type Flags, type FlagValues, noValue, oneValue, UsageError } from './flags.ts';
import { passwordInFile, passwordLine } from './password-line.ts';
import { parseReference } from './reference.ts';

/** Flags of commands that work on a registry without a configuration. */
export const adHocFlags: Flags = {
  url: oneValue('URL', 'Address of the registry, without a configuration file.'),
  repository: oneValue(
    'NAME',
    'Repository to push to with --url (default: USER/blobprobe with --user, else blobprobe).',
  ),
  user: oneValue('NAME', 'User name. The command asks for the password, or reads it with --password-stdin.'),
  'password-stdin': noValue('Read the password from standard input.'),
  'docker-config': oneValue(
    'FILE',
    'Take the login from this config.json of docker (default with a reference: ~/.docker/config.json).',
  ),
  ca: oneValue('FILE', 'PEM file of the CA to trust with --url.'),
  insecure: noValue('Do not verify certificates with --url.'),
  'connect-to': oneValue(
    'HOST:PORT',
    'Connect there instead of to the host of --url; Host header and SNI stay the same.',
  ),
};

/** What commands take in the place of `--url`. */
export const referenceArgument = {
  placeholder: 'REFERENCE',
  help: 'git.example.org/team/app, or a URL. Replaces --url and uses the logins of docker.',
} as const;

/** Where an ad-hoc command pushes. */
export interface AdHocTarget {
  readonly registry: RegistryTarget;
  readonly path: NetworkPath;
  /** No repository was named: this one was chosen. */
  readonly isDefaultRepository: boolean;
  /** What was guessed, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The registry and path that the reference or the flags name; undefined when there is neither. The URL may name a repository:
 * `https://registry.example.org/team/probe`. Throws UsageError.
 */
export async function adHocTarget(
  values: FlagValues,
  terminal: Pick<Terminal, 'env' | 'ask' | 'isInteractive' | 'readInput'>,
): Promise<AdHocTarget | undefined> {
  const { argument } = values;
  if (argument !== undefined && values.isSet('url')) throw new UsageError('give a reference or --url, not both');
  const reference = argument === undefined ? undefined : parseReference(argument);
  const url = reference?.url ?? values.text('url');
  if (url === undefined) {
    const stray = Object.keys(adHocFlags).find((name) => values.isSet(name));
    if (stray !== undefined) throw new UsageError(`flag --${stray} needs --url`);
    return undefined;
  }
  if (reference?.repository !== undefined && values.isSet('repository'))
    throw new UsageError('the repository stands in the reference and in --repository');
  const user = values.text('user');
  const { origin, repository, isDefault } = splitUrl(url, reference?.repository ?? values.text('repository'), user);
  const path = pathOf(origin, values, terminal.env);
  const credentials = await credentialsOf(values, terminal, reference !== undefined);
  return {
    registry: { name: new URL(origin).host, repository, credentials, cleanup: 'delete' },
    path,
    isDefaultRepository: isDefault,
    notes: [
      ...(reference?.notes ?? []),
      ...(path.proxy === undefined
        ? []
        : [`through the proxy ${path.proxy.host}:${path.proxy.port}, by the environment`]),
    ],
  };
}

function pathOf(origin: string, values: FlagValues, env: Terminal['env']): NetworkPath {
  const ca = values.text('ca');
  const caFile = ca === undefined ? undefined : readable('ca', ca);
  return {
    name: 'url',
    origin,
    kind: 'direct',
    ...pathDefaults,
    ...connectToOf(values.text('connect-to')),
    proxy: proxyOf(origin, env),
    environmentProxy: proxyFromEnvironment(env),
    tls: { ...pathDefaults.tls, caFile, insecure: values.isSet('insecure') },
  };
}

/** As every client takes it. Throws UsageError for a proxy that cannot be used here. */
function proxyOf(origin: string, env: Terminal['env']): NetworkPath['proxy'] {
  try {
    return proxyFromEnvironment(env)(new URL(origin));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

interface Split {
  readonly origin: string;
  readonly repository: string;
  readonly isDefault: boolean;
}

function splitUrl(text: string, named: string | undefined, user: string | undefined): Split {
  const url = parseUrl(text);
  const path = url?.pathname.replace(/^\/+|\/+$/g, '') ?? '';
  const complaint = urlComplaint(
    url === undefined || path === '' ? text : text.replace(/(:\/\/[^/?#]*)\/[^?#]*/, '$1'),
  );
  if (complaint !== undefined || url === undefined)
    throw new UsageError(`flag --url: expected ${complaint ?? 'a URL'}`);
  if (path !== '' && named !== undefined) throw new UsageError('the repository stands in --url and in --repository');
  const given = named ?? (path === '' ? undefined : path);
  if (given !== undefined && !isRepositoryName(given)) {
    const flag = named === undefined ? 'url' : 'repository';
    throw new UsageError(`flag --${flag}: ${JSON.stringify(given)} is no name of a repository`);
  }
  return { origin: originOf(url), repository: given ?? ownedBy(user), isDefault: given === undefined };
}

/** Gitea, Forgejo, Harbor and Docker Hub have no repositories without an owner; what is no name of one there is left out. */
function ownedBy(user: string | undefined): string {
  const owner = user?.toLowerCase() ?? '';
  return isRepositoryName(owner) ? `${owner}/blobprobe` : 'blobprobe';
}

async function credentialsOf(
  values: FlagValues,
  { env, ask, isInteractive = false, readInput }: Pick<Terminal, 'env' | 'ask' | 'isInteractive' | 'readInput'>,
  byReference: boolean,
): Promise<RegistryTarget['credentials']> {
  const username = values.text('user');
  const dockerConfig = values.text('docker-config');
  const together = 'flags --user and --password-stdin go together';
  if (username === undefined && values.isSet('password-stdin')) throw new UsageError(together);
  if (username !== undefined && dockerConfig !== undefined)
    throw new UsageError('flags --user and --docker-config exclude each other');
  if (dockerConfig !== undefined) return { kind: 'docker-config', file: readable('docker-config', dockerConfig) };
  if (username === undefined) {
    const file = byReference ? usualDockerConfig(env) : undefined;
    return file === undefined ? { kind: 'anonymous' } : { kind: 'docker-config', file };
  }
  const file = values.text('password-file');
  if (file !== undefined)
    return { kind: 'basic', username, password: Secret.of(passwordInFile('password-file', file)) };
  if (isInteractive && ask !== undefined)
    return { kind: 'basic', username, password: Secret.of(await ask(`Password of ${username}: `, true)) };
  if (!values.isSet('password-stdin')) throw new UsageError(together);
  const password = passwordLine(readInput(), 'flag --password-stdin: standard input');
  return { kind: 'basic', username, password: Secret.of(password) };
}

function readable(flag: string, file: string): string {
  if (!existsSync(file)) throw new UsageError(`flag --${flag}: there is no file ${JSON.stringify(file)}`);
  return resolve(file);
}

/** Where docker has its logins, and then where podman has them; undefined: neither is there. */
function usualDockerConfig(env: Terminal['env']): string | undefined {
  const { DOCKER_CONFIG: docker, HOME: home, REGISTRY_AUTH_FILE: auth, XDG_RUNTIME_DIR: runtime } = env;
  const places = [
    docker === undefined ? undefined : join(docker, 'config.json'),
    home === undefined ? undefined : join(home, '.docker/config.json'),
    auth,
    runtime === undefined ? undefined : join(runtime, 'containers/auth.json'),
  ];
  return places.flatMap((place) => place ?? []).find((place) => existsSync(place));
}

function connectToOf(text: string | undefined): Pick<NetworkPath, 'connectTo'> {
  if (text === undefined) return {};
  const target = splitHostPort(text);
  if (target?.port === undefined)
    throw new UsageError(`flag --connect-to: expected HOST:PORT, got ${JSON.stringify(text)}`);
  return { connectTo: { host: target.host, port: target.port } };
}

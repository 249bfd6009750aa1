import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { Secret } from '../../network/secrets/secret.ts';
import { errorCodeSuffix, type ResolvedCredentials } from './credentials.ts';
import { AuthError, unreadable } from './auth-error.ts';
import { askCredentialHelper } from './credential-helper.ts';
import { parseUrl } from '../../network/parse-url.ts';
import { isObject, parseJson } from '../json.ts';

interface DockerConfigOptions {
  /** A Docker `config.json` (or podman's `auth.json`, which has the same shape). */
  readonly file: string;
  /** Origin of the path: `https://registry.example.org:5000`. */
  readonly origin: string;
  readonly repository: string;
  readonly signal: AbortSignal;
  readonly helperTimeoutMs?: number;
}

const maxFileBytes = 1024 * 1024;
const defaultHelperTimeoutMs = 10_000;

/**
 * Credentials for a registry, looked up as docker does: the host's entry in `credHelpers`, else `credsStore`, else `auths`.
 * Of several entries that fit, the one with the longest path wins (`host/team/app` before `host/team` before `host`), as for podman.
 * Read anew on each call. Anonymous when nothing fits; throws AuthError `credentials_unreadable`, which quotes no content.
 */
export async function readDockerCredentials(options: DockerConfigOptions): Promise<ResolvedCredentials> {
  const config = await readConfig(options.file);
  const origin = new URL(options.origin);
  const places = placesOf(origin, options.repository);
  const helper = bestEntries(config['credHelpers'], places, origin)[0];
  if (helper !== undefined) {
    // An empty name switches the store off for this host.
    if (helper.value === '') return fromAuths(config, places, origin, options.file);
    return fromHelper(helper.value, helper.key, options);
  }
  const store = config['credsStore'];
  if (store !== undefined && store !== '') {
    const found = await fromHelper(store, places.at(-1) === dockerHub ? dockerHubKey : origin.host, options);
    if (found.kind !== 'anonymous') return found;
  }
  return fromAuths(config, places, origin, options.file);
}

async function fromHelper(name: unknown, server: string, options: DockerConfigOptions): Promise<ResolvedCredentials> {
  if (typeof name !== 'string') throw unreadable(`${options.file}: the name of a credential helper is not a string`);
  const timeoutMs = options.helperTimeoutMs ?? defaultHelperTimeoutMs;
  const answer = await askCredentialHelper({ name, server, timeoutMs, signal: options.signal });
  if (answer === undefined) return { kind: 'anonymous' };
  if (answer.username === '<token>') return { kind: 'identity', token: Secret.of(answer.secret) };
  return { kind: 'basic', username: answer.username, password: Secret.of(answer.secret) };
}

function fromAuths(
  config: Record<string, unknown>,
  places: readonly string[],
  origin: URL,
  file: string,
): ResolvedCredentials {
  for (const { key, value } of bestEntries(config['auths'], places, origin)) {
    const found = fromEntry(value, (why) => unreadable(`${file}: the entry for ${key} ${why}`));
    if (found !== undefined) return found;
  }
  return { kind: 'anonymous' };
}

/** undefined for an entry without credentials, such as docker leaves beside a credsStore. */
function fromEntry(value: unknown, refuse: (why: string) => AuthError): ResolvedCredentials | undefined {
  const damaged = (): AuthError => refuse('cannot be understood');
  if (!isObject(value)) throw damaged();
  const text = (name: string): string => {
    const field = value[name] ?? '';
    if (typeof field !== 'string') throw damaged();
    return field;
  };
  if (text('registrytoken') !== '') return { kind: 'bearer', token: Secret.of(text('registrytoken')) };
  if (text('identitytoken') !== '') return { kind: 'identity', token: Secret.of(text('identitytoken')) };
  const encoded = text('auth').trim();
  if (encoded === '') {
    if (text('username') === '') return undefined;
    return { kind: 'basic', username: text('username'), password: Secret.of(text('password')) };
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw damaged();
  const bytes = Buffer.from(encoded, 'base64');
  // Docker sends such bytes as they are; read as text they would be another password.
  if (!isUtf8(bytes)) throw refuse('holds a login that is not UTF-8');
  const pair = bytes.toString();
  const colon = pair.indexOf(':');
  if (colon < 1) throw damaged();
  // docker trims the NULs that old versions padded with.
  return {
    kind: 'basic',
    username: pair.slice(0, colon),
    password: Secret.of(pair.slice(colon + 1).replaceAll(/^\0+|\0+$/g, '')),
  };
}

const dockerHub = 'docker.io';
const dockerHubKey = 'https://index.docker.io/v1/';
const dockerHubHosts = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** `host/a/b`, `host/a`, `host` for the repository `a/b`. */
function placesOf(origin: URL, repository: string): string[] {
  const parts = repository.split('/');
  const host = dockerHubHosts.has(origin.host) ? dockerHub : origin.host;
  return [...parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/')), host];
}

/** Entries whose key fits one of the places, the most specific first; of keys that mean the same the plain spelling comes first. */
function bestEntries(table: unknown, places: readonly string[], origin: URL): { key: string; value: unknown }[] {
  if (typeof table !== 'object' || table === null) return [];
  return Object.entries(table)
    .map(([key, value]) => ({ key, value, rank: places.indexOf(normalised(key, origin)) }))
    .filter(({ rank }) => rank >= 0)
    .toSorted((a, b) => a.rank - b.rank || Number(!places.includes(a.key)) - Number(!places.includes(b.key)));
}

/** Keys come as `host`, `host:port`, `host/path`, `https://host/v1/`, `https://host/v2/` … */
function normalised(key: string, origin: URL): string {
  const text = /^https?:\/\//i.test(key) ? key : `${origin.protocol}//${key}`;
  const url = parseUrl(text);
  if (url === undefined) return '';
  const path = url.pathname.replace(/^\/v[12](?:\/|$)/, '/').replace(/\/+$/, '');
  return `${dockerHubHosts.has(url.host) ? dockerHub : url.host}${path}`;
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    if ((await stat(file)).size > maxFileBytes) throw unreadable(`${file} is larger than ${maxFileBytes} bytes`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw error instanceof AuthError ? error : unreadable(`${file} cannot be read${errorCodeSuffix(error)}`);
  }
  const value = parseJson(text);
  if (isObject(value)) return value;
  throw unreadable(`${file} is not a JSON object`);
}

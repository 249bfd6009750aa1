import { type LoopbackServer, type TlsIdentity, startLoopbackServer } from './loopback-server.ts';
import { noAuth, type RegistryAuth } from './oci/auth.ts';
import { type RegistryCall, refuseInText, type RegistrySettings, sendError } from './oci/call.ts';
import { type RegistryQuirks, spec } from './oci/quirks.ts';
import { type Route, refuseRoute, routeOf } from './oci/router.ts';
import { Store } from './oci/store.ts';
import { parseUrl } from '../network/parse-url.ts';

export interface RegistryOptions {
  readonly port?: number;
  readonly tls?: TlsIdentity;
  /** Default: none. */
  readonly auth?: RegistryAuth;
  /** Default: as the specification has it. */
  readonly quirks?: RegistryQuirks;
  /** `keep` (default): blobs can be pulled, up to `keptBytesLimit`; `discard`: bytes are hashed, counted and dropped. */
  readonly bytes?: 'keep' | 'discard';
  /** Default 256 MiB; beyond it uploads end in 500. */
  readonly keptBytesLimit?: number;
  readonly maxUploads?: number;
  readonly uploadLifetimeMs?: number;
  /** Blobs that no manifest names are removed after this time, as Gitea's clean-up does; default: never. */
  readonly blobLifetimeMs?: number;
  readonly settings?: Partial<Omit<RegistrySettings, 'quirks'>>;
  /** Asked first of each request; true: it was answered there. */
  readonly answersItself?: AnswersItself | undefined;
}

/** `reset` ends the connection with a TCP RST. */
export type AnswersItself = (call: RegistryCall, reset: () => void) => Promise<boolean>;

/**
 * A running registry.
 *
 *     const registry = await startRegistry({ auth: basicAuth([{ name: 'u', password: 'p' }]) });
 *     … registry.url, registry.store …
 *     await registry.close();
 */
export interface DemoRegistry extends LoopbackServer {
  /** What it holds. */
  readonly store: Store;
  /** In force for each request. */
  readonly settings: RegistrySettings;
}

/** Starts a registry on 127.0.0.1. Rejects when the port is taken. */
export async function startRegistry(options: RegistryOptions = {}): Promise<DemoRegistry> {
  const store = new Store({
    keepsBytes: options.bytes !== 'discard',
    keptBytesLimit: options.keptBytesLimit ?? 256 * 1024 * 1024,
    maxUploads: options.maxUploads ?? 10_000,
    uploadLifetimeMs: options.uploadLifetimeMs ?? 3_600_000,
    blobLifetimeMs: options.blobLifetimeMs ?? Number.POSITIVE_INFINITY,
  });
  const settings = settingsOf(options);
  const { auth = noAuth, answersItself } = options;
  const server = await startLoopbackServer({
    port: options.port ?? 0,
    tls: options.tls,
    onRequest(request, response) {
      const url = urlOf(request.url);
      const call = { request, response, url, settings, store, mayPull: () => false };
      const reset = (): void => server.reset(request.socket);
      response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
      const handled = answersItself === undefined ? Promise.resolve(false) : answersItself(call, reset);
      handled.then((isAnswered) => (isAnswered ? undefined : handle(call, auth))).catch(reset);
    },
  });
  return Object.assign(server, { store, settings });
}

/** The request's target; one that is no URL is treated as an unknown path. */
function urlOf(target: string | undefined): URL {
  return parseUrl(target ?? '', urlBase) ?? new URL('/', urlBase);
}

const urlBase = 'http://registry.invalid';

function settingsOf(options: RegistryOptions): RegistrySettings {
  return {
    quirks: options.quirks ?? spec,
    quotaBytes: undefined,
    blobLimitBytes: undefined,
    chunkMinBytes: undefined,
    commitDelayMs: 0,
    commitBytesPerSecond: undefined,
    realmOrigin: undefined,
    uploadState: undefined,
    ...options.settings,
  };
}

async function handle(call: RegistryCall, auth: RegistryAuth): Promise<void> {
  const { quirks } = call.settings;
  const { authorization } = call.request.headers;
  const route = routeOf(call.request.method ?? '', call.url.pathname);
  if (typeof route === 'string') return refuseRoute(call, route);
  const inText = quirks.plainRefusals !== 'none';
  const caller = auth.callerOf(authorization);
  if (caller === undefined && quirks.plainRefusals === 'rights-and-logins' && authorization !== undefined)
    return refuseInText(call, 401, 'authGroup.Verify');
  if (caller === undefined) return challenge(call, auth, route, false);
  if (inText && route.repository?.includes('/') === false) return refuseInText(call, 404, 'Not found.');
  if (route.repository !== undefined && !caller.may(route.repository, route.action)) {
    if (inText)
      return refuseInText(call, 401, 'reqPackageAccess', { 'WWW-Authenticate': 'Basic realm="Gitea Package API"' });
    return caller.byToken ? challenge(call, auth, route, true) : sendError(call, 403, 'DENIED');
  }
  await route.run({ ...call, mayPull: (repository) => caller.may(repository, 'pull') });
}

/** 401 with the way to credentials. `known`: a token came, but it does not reach so far. */
function challenge(call: RegistryCall, auth: RegistryAuth, route: Route, known: boolean): void {
  sendError(call, 401, 'UNAUTHORIZED', undefined, { 'WWW-Authenticate': auth.challenge(call, route, known) });
}

import { randomBytes } from 'node:crypto';
import { LabServer } from './lab-server.ts';
import { type LoopbackServer, type TlsIdentity, startLoopbackServer } from './loopback-server.ts';
import { type RegistryAuth, allows, authenticate, createTokenSigner } from './oci/auth.ts';
import { type RegistryCall, refuseInText, type RegistrySettings, requestOrigin, sendError } from './oci/call.ts';
import { type Intercept, type Reaction, react } from './oci/intercept.ts';
import { type QuirksName, type RegistryQuirks, quirksOf } from './oci/quirks.ts';
import { type Route, refuseRoute, routeOf } from './oci/router.ts';
import { Store } from './oci/store.ts';
import { answerToken } from './oci/token-service.ts';
import { RequestLog, watch } from './request-log.ts';
import { parseUrl } from '../network/parse-url.ts';

export interface RegistryOptions {
  readonly port?: number;
  readonly tls?: TlsIdentity;
  /** Default: none. */
  readonly auth?: RegistryAuth;
  /** A row by name, with fields of it replaced if need be; default `spec`. */
  readonly quirks?: QuirksName;
  readonly quirksChanges?: Partial<RegistryQuirks>;
  /** `keep` (default): blobs can be pulled, up to `keptBytesLimit`; `discard`: bytes are hashed, counted and dropped. */
  readonly bytes?: 'keep' | 'discard';
  /** Default 256 MiB; beyond it uploads end in 500. */
  readonly keptBytesLimit?: number;
  readonly maxUploads?: number;
  readonly uploadLifetimeMs?: number;
  /** Blobs that no manifest names are removed after this time, as Gitea's clean-up does; default: never. */
  readonly blobLifetimeMs?: number;
  readonly logCapacity?: number;
  /** distribution's `http.secret`, which replicas have to share; default: one of its own. */
  readonly httpSecret?: string;
  readonly settings?: Partial<Omit<RegistrySettings, 'quirks'>>;
  /** Scripted answers; see `Reaction`. Can be replaced at any time. */
  readonly intercept?: Intercept;
}

/**
 * A running registry.
 *
 *     const registry = await startRegistry({ auth: { kind: 'basic', users: [{ name: 'u', password: 'p' }] } });
 *     registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'reset', readBytes: 1024 } : undefined);
 *     … registry.url, registry.requests, registry.openSessions, registry.blobs …
 *     await registry.close();
 */
export class DemoRegistry extends LabServer {
  readonly #store: Store;
  readonly #live: LiveState;

  constructor(server: LoopbackServer, log: RequestLog, store: Store, live: LiveState) {
    super(server, log);
    this.#store = store;
    this.#live = live;
  }

  /** Upload sessions that are neither committed nor cancelled. */
  get openSessions(): readonly { readonly id: string; readonly repository: string; readonly sizeBytes: number }[] {
    return [...this.#store.uploads.values()].map(({ id, repository, sizeBytes }) => ({ id, repository, sizeBytes }));
  }

  /** Digest → size of committed blobs. */
  get blobs(): ReadonlyMap<string, number> {
    return new Map([...this.#store.blobs].map(([digest, blob]) => [digest, blob.sizeBytes]));
  }

  /** `NAME:TAG` and `NAME@DIGEST` → digest. */
  get manifests(): ReadonlyMap<string, string> {
    const all = new Map<string, string>();
    for (const [name, content] of this.#store.repositories) {
      for (const digest of content.manifests.keys()) all.set(`${name}@${digest}`, digest);
      for (const [tag, digest] of content.tags) all.set(`${name}:${tag}`, digest);
    }
    return all;
  }

  get keptBytes(): number {
    return this.#store.keptBytes;
  }

  get intercept(): Intercept | undefined {
    return this.#live.intercept;
  }

  set intercept(next: Intercept | undefined) {
    this.#live.intercept = next;
  }

  /** Changes settings while running, for example the realm once an edge's address is known. */
  change(changes: Partial<Omit<RegistrySettings, 'quirks'>>): void {
    this.#live.settings = { ...this.#live.settings, ...changes };
  }

  /** As a restarted process: connections are reset, open sessions are lost, state signed before is unknown. */
  restart(): void {
    this.dropConnections();
    for (const upload of this.#store.uploads.values()) this.#store.closeUpload(upload);
    this.#live.stateSecret = secretOf(this.#live);
  }
}

/** What changes while the registry runs. */
interface LiveState {
  settings: RegistrySettings;
  stateSecret: Buffer;
  readonly httpSecret?: string | undefined;
  intercept: Intercept | undefined;
}

/** Starts a registry on 127.0.0.1. Rejects when the port is taken. */
export async function startRegistry(options: RegistryOptions = {}): Promise<DemoRegistry> {
  const log = new RequestLog(options.logCapacity ?? 1000);
  const store = new Store({
    keepsBytes: options.bytes !== 'discard',
    keptBytesLimit: options.keptBytesLimit ?? 256 * 1024 * 1024,
    maxUploads: options.maxUploads ?? 10_000,
    uploadLifetimeMs: options.uploadLifetimeMs ?? 3_600_000,
    blobLifetimeMs: options.blobLifetimeMs ?? Number.POSITIVE_INFINITY,
  });
  const live: LiveState = {
    settings: initialSettings(options),
    stateSecret: secretOf(options),
    httpSecret: options.httpSecret,
    intercept: options.intercept,
  };
  const handle = createHandler(options.auth ?? { kind: 'none' });
  const server = await startLoopbackServer({
    port: options.port ?? 0,
    tls: options.tls,
    onRequest(request, response) {
      const entry = log.add(request);
      watch(request, response, entry);
      const { settings, stateSecret } = live;
      const url = urlOf(request.url);
      const reaction = live.intercept?.(entry);
      const blobBody = reaction?.kind === 'pass' ? (reaction.blobBody ?? {}) : {};
      const call = { request, response, url, entry, settings, store, stateSecret, blobBody, mayPull: () => false };
      const reset = (): void => server.reset(request.socket);
      handle(call, reaction, reset).catch(reset);
    },
  });
  return new DemoRegistry(server, log, store, live);
}

function secretOf({ httpSecret }: { readonly httpSecret?: string | undefined }): Buffer {
  return httpSecret === undefined ? randomBytes(32) : Buffer.from(httpSecret);
}

/** The request's target; one that is no URL is treated as an unknown path. */
function urlOf(target: string | undefined): URL {
  return parseUrl(target ?? '', urlBase) ?? new URL('/', urlBase);
}

const urlBase = 'http://registry.invalid';

function initialSettings(options: RegistryOptions): RegistrySettings {
  return {
    quirks: { ...quirksOf(options.quirks ?? 'spec'), ...options.quirksChanges },
    quotaBytes: undefined,
    blobLimitBytes: undefined,
    chunkMinBytes: undefined,
    commitDelayMs: 0,
    commitBytesPerSecond: undefined,
    realmOrigin: undefined,
    ...options.settings,
  };
}

type Handler = (call: RegistryCall, reaction: Reaction | undefined, reset: () => void) => Promise<void>;

function createHandler(auth: RegistryAuth): Handler {
  const signer = createTokenSigner();
  return async (call, reaction, reset) => {
    const { quirks } = call.settings;
    call.response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    if (reaction && (await react(call, reaction, reset))) return;
    if (auth.kind === 'bearer' && call.url.pathname === quirks.tokenPath) return answerToken(call, auth, signer);
    const route = routeOf(call.request.method ?? '', call.url.pathname);
    if (typeof route === 'string') return refuseRoute(call, route);
    if (quirks.plainRefusals && route.repository?.includes('/') === false) return refuseInText(call, 404, 'Not found.');
    const caller = authenticate(auth, signer, call.request.headers.authorization, quirks.basicBesideBearer);
    const wrongLogin = !caller && call.request.headers.authorization !== undefined;
    if (quirks.plainRefusals && wrongLogin) return refuseInText(call, 401, 'authGroup.Verify');
    if (!caller) return challenge(call, auth, route, false);
    if (route.repository !== undefined && !allows(caller, route.repository, route.action)) {
      if (quirks.plainRefusals) return refuseInText(call, 401, 'reqPackageAccess');
      if (caller.access) return challenge(call, auth, route, true);
      return sendError(call, 403, 'DENIED');
    }
    await route.run({ ...call, mayPull: (repository) => allows(caller, repository, 'pull') });
  };
}

/** 401 with the way to credentials. `known`: a token came, but it does not reach so far. */
function challenge(call: RegistryCall, auth: RegistryAuth, route: Route, known: boolean): void {
  const { quirks, realmOrigin } = call.settings;
  let value = 'Basic realm="registry"';
  if (auth.kind === 'bearer') {
    const realm = (realmOrigin ?? requestOrigin(call.request)) + quirks.tokenPath;
    value = `Bearer realm="${realm}",service="${auth.service ?? 'registry'}"`;
    const actions = { pull: 'pull', push: 'pull,push', delete: 'delete' }[route.action];
    if (route.repository !== undefined) value += `,scope="repository:${route.repository}:${actions}"`;
    const token = /^bearer /i.test(call.request.headers.authorization ?? '');
    if (token) value += known ? ',error="insufficient_scope"' : ',error="invalid_token"';
  }
  const second = auth.kind === 'bearer' && quirks.secondChallenge !== undefined ? [quirks.secondChallenge] : [];
  sendError(call, 401, 'UNAUTHORIZED', undefined, { 'WWW-Authenticate': [value, ...second] });
}

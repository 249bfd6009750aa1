import { randomBytes } from 'node:crypto';
import {
  type DemoRegistry as ShippedRegistry,
  type RegistryOptions as ShippedOptions,
  startRegistry as startShipped,
} from '../../../src/lab/registry.ts';
import { authOf, createTokenSigner, type RegistryAuth } from './auth.ts';
import { type Intercept, react } from './intercept.ts';
import { type QuirksName, quirksOf, type RegistryQuirks } from './quirks.ts';
import { type Logged, RequestLog } from './request-log.ts';
import { answerToken } from './token-service.ts';
import { uploadStateOf } from './upload-state.ts';

export interface RegistryOptions extends Omit<ShippedOptions, 'auth' | 'quirks' | 'answersItself'> {
  /** Default: none. */
  readonly auth?: RegistryAuth;
  /** A row by name, with fields of it replaced if need be; default `spec`. */
  readonly quirks?: QuirksName;
  readonly quirksChanges?: Partial<RegistryQuirks>;
  /** Scripted answers; see `Reaction`. Can be replaced at any time. */
  readonly intercept?: Intercept;
  /** distribution's `http.secret`, which replicas have to share; default: one of its own. */
  readonly httpSecret?: string;
  /** Requests that the log keeps; default 1000. */
  readonly logCapacity?: number;
}

interface Watched {
  intercept: Intercept | undefined;
  /** Upload sessions that are neither committed nor cancelled. */
  readonly openSessions: readonly { readonly id: string; readonly repository: string; readonly sizeBytes: number }[];
  /** Digest → size of committed blobs. */
  readonly blobs: ReadonlyMap<string, number>;
  /** `NAME:TAG` and `NAME@DIGEST` → digest. */
  readonly manifests: ReadonlyMap<string, string>;
  readonly keptBytes: number;
  /** Changes settings while running, for example the realm once an edge's address is known. */
  change(changes: NonNullable<ShippedOptions['settings']>): void;
  /** As a restarted process: connections are reset, open sessions are lost, state signed before is unknown. */
  restart(): void;
}

/** The lab's registry, as tests need it: with a token service, the oddities of other registries, scripted answers, a log, and what it holds. */
export type DemoRegistry = ShippedRegistry & Watched & Logged;

/**
 * Starts a registry on 127.0.0.1. Rejects when the port is taken.
 *
 *     const registry = await startRegistry({ auth: { kind: 'basic', users: [{ name: 'u', password: 'p' }] } });
 *     registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'reset', readBytes: 1024 } : undefined);
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<DemoRegistry> {
  const { auth = { kind: 'none' }, quirks: name = 'spec', quirksChanges, intercept, httpSecret, ...rest } = options;
  const { logCapacity, ...shipped } = rest;
  const quirks = { ...quirksOf(name), ...quirksChanges };
  const signer = createTokenSigner();
  const logins = authOf(auth, quirks, signer);
  const secretOf = (): Buffer => (httpSecret === undefined ? randomBytes(32) : Buffer.from(httpSecret));
  const live = { intercept, secret: secretOf() };
  const log = new RequestLog(logCapacity);
  const registry = await startShipped({
    ...shipped,
    quirks,
    settings: { ...shipped.settings, uploadState: uploadStateOf(quirks.signedState, () => live.secret) },
    auth: logins,
    async answersItself(call, reset) {
      const entry = log.add(call.request, call.response);
      const reaction = live.intercept?.(entry);
      if (reaction !== undefined && (await react(call, reaction, reset))) return true;
      if (auth.kind !== 'bearer' || call.url.pathname !== quirks.tokenPath) return false;
      await answerToken(call, { auth, signer, quirks, challenge: logins.challenge });
      return true;
    },
  });
  return watched(log.shownBy(registry), live, secretOf);
}

function watched(
  registry: ShippedRegistry & Logged,
  live: { intercept: Intercept | undefined; secret: Buffer },
  newSecret: () => Buffer,
): DemoRegistry {
  const { store, settings } = registry;
  const seen: Watched = {
    get intercept() {
      return live.intercept;
    },
    set intercept(next) {
      live.intercept = next;
    },
    get openSessions() {
      return [...store.uploads.values()].map(({ id, repository, sizeBytes }) => ({ id, repository, sizeBytes }));
    },
    get blobs() {
      return new Map([...store.blobs].map(([digest, blob]) => [digest, blob.sizeBytes]));
    },
    get manifests() {
      const all = new Map<string, string>();
      for (const [name, content] of store.repositories) {
        for (const digest of content.manifests.keys()) all.set(`${name}@${digest}`, digest);
        for (const [tag, digest] of content.tags) all.set(`${name}:${tag}`, digest);
      }
      return all;
    },
    get keptBytes() {
      return store.keptBytes;
    },
    change: (changes) => void Object.assign(settings, changes),
    restart() {
      registry.dropConnections();
      for (const upload of store.uploads.values()) store.closeUpload(upload);
      live.secret = newSecret();
    },
  };
  return Object.defineProperties(registry, Object.getOwnPropertyDescriptors(seen)) as DemoRegistry;
}

/** The demo's registry as it is, with a log. */
export async function startLoggedRegistry(options: ShippedOptions): Promise<ShippedRegistry & Logged> {
  const log = new RequestLog();
  const answersItself: ShippedOptions['answersItself'] = async ({ request, response }) => {
    log.add(request, response);
    return false;
  };
  return log.shownBy(await startShipped({ ...options, answersItself }));
}

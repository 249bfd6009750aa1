import type { WireMeter } from '../network/wire-meter.ts';
import { createTransport, type Transport, transportDefaults } from '../network/transport.ts';
import type { NetworkPath } from '../network/path.ts';
import { createAuthorizer } from '../registry/authorizer.ts';
import { listRepositories } from '../registry/catalog.ts';
import { ProtocolError, type Step } from '../registry/errors.ts';
import { knownSecrets } from '../registry/known-secrets.ts';
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts';
import { listTags } from '../registry/tags.ts';
import type { RegistryTarget } from '../registry/target.ts';
import { tokenBehaviours } from '../registry/token-behaviour.ts';
import { RunAborted } from './aborted.ts';
import { classify } from './classify.ts';
import { noContext } from './facts.ts';
import type { Failure } from './failure.ts';

export const apiCheckEndpoints = ['ping', 'auth', 'catalog', 'tags'] as const;
export type ApiCheckEndpoint = (typeof apiCheckEndpoints)[number];

/** What one endpoint did. `note`: up, but not with what was asked for (a registry without catalog). */
export type EndpointState =
  | { readonly up: true; readonly note?: string }
  | { readonly up: false; readonly failure: Failure };

/** The registry's API as it is over one path. */
export interface ApiReport {
  readonly registry: string;
  readonly path: string;
  readonly endpoints: Readonly<Record<ApiCheckEndpoint, EndpointState>>;
}

export interface ApiCheckOptions {
  readonly now: () => number;
  /** Bound on each endpoint. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Counts what goes over the wire. */
  readonly wire?: WireMeter | undefined;
}

/** Enough to see whether paging works; a registry with more tags is not read to the end. */
const paging = { pageSize: 100, maxPages: 5 } as const;

/**
 * Asks the endpoints that cost no transfer, each over a connection and with a token of its own:
 * - `ping`: GET /v2/ without credentials is answered as a registry does, 200 or a 401 with a challenge
 * - `auth`: GET /v2/ with the credentials (or, anonymous, with the token that everybody gets) is answered 200
 * - `catalog`: `_catalog` gives a list, or there is none (404, 405), or the registry says that it is not for us (401, 403)
 * - `tags`: `tags/list` gives a list whose pages can be followed, or the registry itself says that there is no such repository
 *
 * Resolves with undefined when `signal` aborts; never rejects.
 */
export async function checkApi(
  target: { readonly registry: RegistryTarget; readonly path: NetworkPath },
  options: ApiCheckOptions,
): Promise<ApiReport | undefined> {
  const nothing: Allowed = () => false;
  const look = (work: Work, allowed = nothing, anonymous = false): Promise<EndpointState> =>
    lookAt(target, anonymous, options, work, allowed);
  const endpoints = {
    ping: await look(base, (status, byRegistry) => byRegistry && status === 401, true),
    auth: await look(base),
    // A Go server answers 404 without a word of its own for what it does not have.
    catalog: await look(
      async (client) => void (await listRepositories(client, 100)),
      (status, byRegistry) => status === 404 || status === 405 || (byRegistry && (status === 401 || status === 403)),
    ),
    tags: await look(
      async (client) => void (await listTags(client, paging)),
      (status, byRegistry) => byRegistry && status === 404,
    ),
  };
  return options.signal.aborted ? undefined : { registry: target.registry.name, path: target.path.name, endpoints };
}

type Work = (client: RegistryClient) => Promise<void>;
/** Whether an endpoint may be refused like this and counts as up all the same. */
type Allowed = (status: number, byRegistry: boolean) => boolean;

async function lookAt(
  { registry, path }: { readonly registry: RegistryTarget; readonly path: NetworkPath },
  anonymous: boolean,
  { now, timeoutMs, signal: caller, wire }: ApiCheckOptions,
  work: Work,
  allowed: Allowed,
): Promise<EndpointState> {
  const transport = createTransport(path, { ...transportDefaults, httpVersion: '1.1', now, wire });
  const ending = new AbortController();
  const onCaller = (): void => ending.abort(new RunAborted('cancelled'));
  const timer = setTimeout(() => ending.abort(new RunAborted('deadline')), timeoutMs);
  caller.addEventListener('abort', onCaller, { once: true });
  if (caller.aborted) {
    onCaller();
  }
  const confidences = knownSecrets(path, registry);
  let step: Step = 'auth';
  try {
    const onSecret = (secret: string): void => confidences.add(secret);
    const options = { path, registry, transport, anonymous, signal: ending.signal, onSecret };
    await work(openClient(options, (next) => (step = next)));
    return { up: true };
  } catch (error) {
    const failure = classify(error, { ...noContext, step }, confidences);
    const { status, answeredBy } = failure;
    const refused = error instanceof ProtocolError && error.problem === 'unexpected_status' && status !== undefined;
    return refused && allowed(status, answeredBy === 'registry')
      ? { up: true, note: `answered ${status}` }
      : { up: false, failure };
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', onCaller);
    await transport.close();
  }
}

/** GET /v2/ (end-1); with the credentials, once they are asked for. */
async function base(client: RegistryClient): Promise<void> {
  const url = new URL('/v2/', client.path.origin);
  await client.send({ step: 'auth', method: 'GET', url, actions: [], accepted: [200] });
}

const headers = { 'user-agent': 'blobprobe (api check)' } as const;

function openClient(
  options: {
    readonly path: NetworkPath;
    readonly registry: RegistryTarget;
    readonly transport: Transport;
    readonly anonymous: boolean;
    readonly signal: AbortSignal;
    readonly onSecret: (secret: string) => void;
  },
  onStep: (step: Step) => void,
): RegistryClient {
  const { path, registry, transport, anonymous, signal, onSecret } = options;
  const authorizer = createAuthorizer({
    path,
    target: registry,
    transport,
    tokenBehaviour: tokenBehaviours.monolithic,
    headers,
    now: () => Date.now(),
    onSecret,
  });
  return createRegistryClient({
    path,
    repository: registry.repository,
    transport,
    authorizer: anonymous
      ? { ...authorizer, authorization: async () => undefined, challenged: async () => false }
      : authorizer,
    requestHeaders: headers,
    signal,
    onStep,
  });
}

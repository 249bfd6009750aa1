import { WrittenUrl } from '../../network/parse-url.ts';
import type { WireMeter } from '../../network/wire-meter.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { Authorizer } from '../../registry/auth/authorizer.ts';
import { header } from '../../network/exchange.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { knownSecrets } from '../../registry/auth/known-secrets.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { openRegistryClient } from '../../registry/open-client.ts';
import { listRepositories, listTags } from '../../registry/lists.ts';
import type { RegistryTarget } from '../../registry/target.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import { ownClient } from '../clients/controls.ts';
import { classify } from '../judge/classify.ts';
import { noContext } from '../judge/facts.ts';
import type { Failure } from '../failure.ts';

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
 * - `ping`: GET /v2/ without credentials is answered as a registry does, 200 and no page for people, or 401, by it or with a challenge of whoever asks for a login before it
 * - `auth`: GET /v2/ with the credentials (or, anonymous, with the token that everybody gets) is answered 200
 * - `catalog`: `_catalog` gives a list, or there is none (404, 405, where a registry answers the ping), or the registry says that it is not for us (401, 403)
 * - `tags`: `tags/list` gives a list whose pages can be followed, or the registry itself says that there is no such repository
 *
 * Resolves with undefined when `signal` aborts; never rejects.
 */
export async function checkApi(
  target: { readonly registry: RegistryTarget; readonly path: NetworkPath },
  options: ApiCheckOptions,
): Promise<ApiReport | undefined> {
  const nothing: Allowed = () => false;
  const asks: Allowed = (status, byRegistry, { evidence }) =>
    status === 401 && (byRegistry || evidence.challenge !== undefined);
  const look = (work: Work, allowed = nothing, anonymous = false): Promise<EndpointState> =>
    lookAt(target, anonymous, options, work, allowed);
  const ping = await look(base, asks, true);
  const endpoints = {
    ping,
    auth: await look(base),
    // A Go server answers 404 without a word of its own for what it does not have; so does a proxy without a route.
    catalog: await look(
      async (client) => void (await listRepositories(client, 100)),
      (status, byRegistry) =>
        (ping.up && (status === 404 || status === 405)) || (byRegistry && (status === 401 || status === 403)),
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
type Allowed = (status: number, byRegistry: boolean, failure: Failure) => boolean;

async function lookAt(
  { registry, path }: { readonly registry: RegistryTarget; readonly path: NetworkPath },
  anonymous: boolean,
  { now, timeoutMs, signal: caller, wire }: ApiCheckOptions,
  work: Work,
  allowed: Allowed,
): Promise<EndpointState> {
  const ending = new BoundedSignal(caller, timeoutMs);
  const redactor = knownSecrets(path, registry);
  const client = openRegistryClient({
    path,
    target: registry,
    client: ownClient('blobprobe (api check)'),
    nowMs: now,
    wire,
    redactor,
    signal: ending.signal,
    authorizer: anonymous ? () => nobody : undefined,
  });
  try {
    await work(client);
    return { up: true };
  } catch (error) {
    // An error that does not know its own step is the login's.
    const failure = classify(error, { ...noContext, step: 'auth' }, redactor);
    const { status, answeredBy } = failure;
    const refused = error instanceof ProtocolError && status !== undefined;
    return refused && allowed(status, answeredBy === 'registry', failure)
      ? { up: true, note: `answered ${status}` }
      : { up: false, failure };
  } finally {
    ending.stop();
    await client.close();
  }
}

/** GET /v2/ (end-1); with the credentials, once they are asked for. */
async function base(client: RegistryClient): Promise<void> {
  const url = new WrittenUrl('/v2/', client.path.origin);
  const exchange = await client.send({ step: 'auth', method: 'GET', url, actions: [], accepted: [200] });
  const isPage = header(exchange, 'content-type')?.toLowerCase().startsWith('text/html') === true;
  if (isPage && header(exchange, 'docker-distribution-api-version') === undefined) {
    throw new ProtocolError({
      step: 'auth',
      problem: 'not_an_api',
      exchange,
      message: `GET ${url.pathname} was answered with a page for people`,
    });
  }
}

/** Has no credentials, whatever is asked. */
const nobody: Authorizer = { authorization: async () => undefined, challenged: async () => false };

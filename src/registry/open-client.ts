import type { Exchange } from '../network/exchange.ts';
import type { Redactor } from '../network/secrets/redactor.ts';
import { createTransport, type Transport } from '../network/transport.ts';
import { type TransportOptions, transportDefaults } from '../network/transport-options.ts';
import type { NetworkPath } from '../network/path.ts';
import { type Authorizer, ChallengeAuthorizer } from './auth/authorizer.ts';
import type { AuthFact } from './auth/realm.ts';
import type { TokenBehaviour } from './auth/token-behaviour.ts';
import type { Refusal } from './refusals.ts';
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from './registry-client.ts';
import type { RegistryTarget } from './target.ts';

/** What of a client shows in every request, whatever it asks for. */
export interface ClientManners {
  readonly userAgent: string;
  readonly httpVersion: TransportOptions['httpVersion'];
  /** What it sends with every request to a registry. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly tokens: TokenBehaviour;
  /** Longest wait for response headers; undefined: the client waits for ever. */
  readonly responseHeaderTimeoutMs?: number | undefined;
  /** The Locations that it refuses by itself; undefined: none. */
  readonly refusesLocation?: Refusal | undefined;
}

/** Where a client speaks to, and as whom. */
export interface Speaker {
  readonly path: NetworkPath;
  readonly target: RegistryTarget;
  readonly client: ClientManners;
  /** Learns what is sent in confidence. */
  readonly redactor: Redactor;
}

type Wiring = Pick<TransportOptions, 'pacer' | 'wire' | 'readTcpInfo' | 'onExchange' | 'onProgress'> &
  Pick<RegistryClientOptions, 'signal' | 'onStep' | 'stallTimeoutMs' | 'resend'>;

export interface OpenClientOptions extends Speaker, Wiring {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** An authorization that outlives this client; undefined: one of its own. */
  readonly authorizer?: ((transport: Transport) => Authorizer) | undefined;
}

/** A client over connections of its own, until it is closed. */
export interface OpenClient extends RegistryClient {
  close(): Promise<void>;
}

/** Opens a client; the first request opens its connection. */
export function openRegistryClient(options: OpenClientOptions): OpenClient {
  const { path, target, client: manners, authorizer = (transport) => ownAuthorizer(options, transport) } = options;
  const transport = openTransport(options);
  const client = createRegistryClient({
    ...options,
    repository: target.repository,
    transport,
    authorizer: authorizer(transport),
    requestHeaders: { 'user-agent': manners.userAgent, ...manners.requestHeaders },
    responseHeaderTimeoutMs: manners.responseHeaderTimeoutMs,
    refusesLocation: manners.refusesLocation,
  });
  return { ...client, path, close: () => transport.close() };
}

/** Connections as the client opens them. What goes over them in confidence is known before anything of the answer is shown. */
export function openTransport(
  options: Pick<OpenClientOptions, 'path' | 'client' | 'nowMs' | 'redactor'> & Partial<Wiring>,
): Transport {
  const { path, client, nowMs, redactor, pacer, wire, readTcpInfo, onProgress } = options;
  const onExchange = (exchange: Exchange): void => {
    redactor.learn(exchange);
    options.onExchange?.(exchange);
  };
  const { httpVersion } = client;
  const own = { httpVersion, now: nowMs, pacer, wire, readTcpInfo, onExchange, onProgress };
  return createTransport(path, { ...transportDefaults, ...own });
}

/** Of a client that did not ping: it learns where it can. */
function ownAuthorizer(options: Speaker, transport: Transport): Authorizer {
  const tokens: TokenBehaviour = { ...options.client.tokens, learnsFrom: 'each-401' };
  return authorizerOf({ ...options, client: { ...options.client, tokens } }, transport);
}

/** Asks for tokens over `transport` as the client does. */
export function authorizerOf(
  { path, target, client, redactor }: Speaker,
  transport: Pick<Transport, 'exchange'>,
  onFact?: (fact: AuthFact) => void,
): Authorizer {
  return new ChallengeAuthorizer({
    path,
    target,
    transport,
    tokenBehaviour: client.tokens,
    headers: tokenHeaders(client),
    now: () => Date.now(),
    onFact,
    onSecret: (secret) => redactor.add(secret),
  });
}

/** What Go's transport adds everywhere. */
const ofTransport = ['accept-encoding', 'connection'];

/** Of what the client sends to a registry the token service gets its name, unless it has another, and what its transport adds. */
function tokenHeaders({ userAgent, requestHeaders, tokens }: ClientManners): Readonly<Record<string, string>> {
  const added = Object.entries(requestHeaders).filter(([name]) => ofTransport.includes(name));
  return { 'user-agent': tokens.userAgent ?? userAgent, ...Object.fromEntries(added) };
}

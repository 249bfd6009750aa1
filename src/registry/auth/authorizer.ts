import type { Exchange, HttpRequest } from '../../network/exchange.ts';
import { isAllowedHost, isOwnOrigin } from '../../network/hosts.ts';
import type { NetworkPath } from '../../network/path.ts';
import { type Action, Bearer } from './bearer.ts';
import { basicHeader, bearerHeader, type ResolvedCredentials } from './credentials.ts';
import { AuthError } from './auth-error.ts';
import type { AuthFact } from './realm.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { readDockerCredentials } from './docker-config.ts';
import type { RegistryTarget } from '../target.ts';
import type { TokenBehaviour } from './token-behaviour.ts';

/**
 * Authentication of one run: tokens live through its attempts as they do in a client, and an authorizer made anew for the next run
 * picks up rotated credentials.
 */
export interface Authorizer {
  /**
   * Value of the Authorization header for a request to this URL; undefined before that host has challenged, as real clients
   * do, and always for a host that the path does not allow. Fetches or refreshes a token when the client would.
   * No actions: the scope that the challenge itself named (`_catalog`, ping).
   * Throws AuthError, or what the transport throws when `signal` aborts.
   */
  authorization(url: URL, actions: readonly Action[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Learns from a 401. true: send the request once more, with `authorization` asked again. false: the 401 stands
   * (no credentials for what is offered, credentials rejected, or the client does not try again).
   * Throws AuthError when the challenge cannot be followed.
   */
  challenged(exchange: Exchange, actions: readonly Action[], signal: AbortSignal): Promise<boolean>;
}

interface AuthorizerOptions {
  readonly path: NetworkPath;
  readonly target: RegistryTarget;
  /** Must not follow redirects. */
  readonly transport: { exchange(request: HttpRequest): Promise<Exchange> };
  readonly tokenBehaviour: TokenBehaviour;
  /** Headers of token requests: the client's User-Agent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch: `issued_at` is wall time. */
  readonly now: () => number;
  readonly onFact?: (fact: AuthFact) => void;
  /** Told of credentials and tokens, for what answers may repeat. */
  readonly onSecret?: (secret: string) => void;
}

/** How one host wants to be answered. Each origin has its own, so that a challenge of one never releases credentials to another. */
interface HostScheme {
  readonly basic: boolean;
  readonly bearer: Bearer | undefined;
}

/** Tokens live as long as it does: the run. Each host is answered as it challenged. */
export class ChallengeAuthorizer implements Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #hosts = new Map<string, HostScheme>();
  #credentials: Promise<ResolvedCredentials> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  async authorization(url: URL, actions: readonly Action[], signal: AbortSignal): Promise<string | undefined> {
    const scheme = this.#hosts.get(url.origin) ?? this.#unasked(url);
    if (scheme === undefined || !isAllowedHost(this.#options.path, url)) return undefined;
    const credentials = await this.#resolve(signal);
    if (credentials.kind === 'bearer') return bearerHeader(credentials.token);
    const token = await scheme.bearer?.token(credentials, actions, signal);
    if (scheme.basic && credentials.kind === 'basic') return basicHeader(credentials);
    return token === undefined ? undefined : bearerHeader(token);
  }

  async challenged(exchange: Exchange, actions: readonly Action[], signal: AbortSignal): Promise<boolean> {
    const { path } = this.#options;
    const { origin } = exchange.url;
    if (!isAllowedHost(path, exchange.url)) return false;
    const before = this.#hosts.get(origin);
    if (before === undefined && this.#isTooLate(exchange)) return false;
    const sent = before !== undefined && hasAuthorization(exchange);
    if (sent && (before.bearer === undefined || !renewsAfter401(this.#options.tokenBehaviour, exchange))) return false;
    const challenges = readChallenges(exchange, sent);
    const credentials = await this.#resolve(signal);
    // Asked for again: another layer's 401 may have been answered in the meantime.
    const known = this.#hosts.get(origin)?.bearer;
    const scheme = this.#choose(challenges, credentials, exchange, known);
    if (scheme === undefined) return false;
    this.#hosts.set(origin, scheme);
    if (credentials.kind === 'bearer') return true;
    if (sent) scheme.bearer?.forget(actions);
    await scheme.bearer?.token(credentials, actions, signal);
    return true;
  }

  /** What a client sends to a registry whose ping asked for nothing. */
  #unasked(url: URL): HostScheme | undefined {
    const { path, tokenBehaviour } = this.#options;
    const goes = tokenBehaviour.learnsFrom === 'ping-else-basic' && isOwnOrigin(path, url) && !isPing(url);
    return goes ? { basic: true, bearer: undefined } : undefined;
  }

  /** A challenge that such a client does not answer. Throws AuthError when it sent nothing because nothing was asked for. */
  #isTooLate(exchange: Exchange): boolean {
    const { path, tokenBehaviour } = this.#options;
    const answers =
      tokenBehaviour.learnsFrom === 'each-401' || isPing(exchange.url) || !isOwnOrigin(path, exchange.url);
    if (!answers && !hasAuthorization(exchange)) {
      const message = `GET /v2/ asks for no login, so this client sends none, and the 401 to ${exchange.method} is final`;
      throw new AuthError({ problem: 'ping_asked_nothing', message, exchange });
    }
    return !answers;
  }

  #resolve(signal: AbortSignal): Promise<ResolvedCredentials> {
    const { path, target } = this.#options;
    const { credentials, repository } = target;
    if (credentials.kind !== 'docker-config') return Promise.resolve(credentials);
    if (this.#credentials === undefined) {
      const found = readDockerCredentials({ file: credentials.file, origin: path.origin, repository, signal });
      // A helper that failed once is asked again by the next attempt.
      found.catch(() => (this.#credentials = undefined));
      this.#credentials = found;
    }
    return this.#credentials;
  }

  /** undefined: there are no credentials for what is offered. */
  #choose(
    challenges: readonly Challenge[],
    credentials: ResolvedCredentials,
    exchange: Exchange,
    known: Bearer | undefined,
  ): HostScheme | undefined {
    const { tokenBehaviour } = this.#options;
    const usable = challenges.filter((one) => isUsable(one, credentials));
    const first = usable.toSorted((a, b) => rank(a, tokenBehaviour) - rank(b, tokenBehaviour))[0];
    if (first === undefined) return undefined;
    const bearerChallenge = usable.find((one) => one.scheme === 'bearer');
    const needsToken =
      credentials.kind !== 'bearer' && (first.scheme === 'bearer' || tokenBehaviour.prefers === 'basic-after-token');
    return {
      basic: first.scheme === 'basic',
      bearer: bearerChallenge && needsToken ? this.#bearer(bearerChallenge, exchange, known) : undefined,
    };
  }

  #bearer(challenge: Challenge, challenged: Exchange, known: Bearer | undefined): Bearer {
    const { path, target, transport, tokenBehaviour, headers = {}, now, onFact = () => {}, onSecret } = this.#options;
    if (known?.learn(challenge, challenged)) return known;
    return new Bearer({
      path,
      repository: target.repository,
      service: { transport, behaviour: tokenBehaviour, now, onSecret },
      headers,
      challenge,
      challenged,
      onFact,
    });
  }
}

function isPing(url: URL): boolean {
  return url.pathname.endsWith('/v2/');
}

function hasAuthorization(exchange: Exchange): boolean {
  return Object.keys(exchange.requestHeaders).some((name) => name.toLowerCase() === 'authorization');
}

function renewsAfter401({ refresh }: TokenBehaviour, exchange: Exchange): boolean {
  if (refresh === 'reuse-post') {
    // Only the PUT of a blob repeats the POST's header; a manifest's PUT goes through the client's usual handling.
    return exchange.method !== 'PUT' || exchange.url.pathname.includes('/manifests/');
  }
  return refresh === 'on-401' || refresh === 'clock-and-401';
}

/** Throws unless something in the answer can be understood; after a sent token that is no fault of the challenge any more. */
function readChallenges(exchange: Exchange, sent: boolean): Challenge[] {
  const values = exchange.response?.headers['www-authenticate'] ?? [];
  const understood = parseChallenges(values).filter(({ scheme, parameters }) => {
    return scheme === 'basic' || (scheme === 'bearer' && Boolean(parameters.get('realm')));
  });
  if (understood.length > 0 || sent) return understood;
  if (values.length === 0)
    throw new AuthError({ problem: 'challenge_missing', message: '401 without WWW-Authenticate', exchange });
  throw new AuthError({
    problem: 'challenge_unparsable',
    message: 'WWW-Authenticate offers neither Basic nor Bearer with a realm',
    exchange,
  });
}

function isUsable(challenge: Challenge, credentials: ResolvedCredentials): boolean {
  return challenge.scheme === 'bearer' || credentials.kind === 'basic';
}

function rank(challenge: Challenge, { prefers }: TokenBehaviour): number {
  if (prefers === 'first') return 0;
  return (challenge.scheme === 'bearer') === (prefers === 'bearer') ? 0 : 1;
}

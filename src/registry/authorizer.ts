import { type Exchange, type HttpRequest } from '../network/exchange.ts';
import type { NetworkPath } from '../network/path.ts';
import { isAllowedHost } from './allowed-hosts.ts';
import { AuthError } from './auth-error.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials, RegistryTarget } from './target.ts';
import type { TokenBehaviour } from './token-behaviour.ts';

/** What a token must allow, in the words of the token specification's repository scope. */
export type Action = 'pull' | 'push' | 'delete';

/** Authentication of one attempt: made anew for each, so that rotated credentials are picked up. */
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

/** Told as it happens, for `Run.pathFacts`. */
export type AuthFact = {
  readonly kind: 'foreign_realm';
  /** Host (and port) of the token service that the challenge named. */
  readonly host: string;
  /** `rewritten`: asked at the path's own origin instead. */
  readonly treatment: 'refused' | 'allowed' | 'rewritten';
};

export interface AuthorizerOptions {
  readonly path: NetworkPath;
  readonly target: RegistryTarget;
  /** The transport of the attempt; must not follow redirects. */
  readonly transport: { exchange(request: HttpRequest): Promise<Exchange> };
  readonly tokenBehaviour: TokenBehaviour;
  /** Headers of token requests: the client's User-Agent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch: `issued_at` is wall time. */
  readonly now: () => number;
  readonly onFact?: (fact: AuthFact) => void;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { path } = options;
  const schemes = new Map<string, 'basic'>();
  return {
    async authorization(url) {
      if (!isAllowedHost(path, url) || schemes.get(url.origin) === undefined) return undefined;
      return basicHeader(options.target.credentials);
    },
    async challenged(exchange) {
      if (!isAllowedHost(path, exchange.url) || schemes.has(exchange.url.origin)) return false;
      const values = exchange.response?.headers['www-authenticate'] ?? [];
      if (values.length === 0) {
        throw new AuthError({ problem: 'challenge_missing', message: '401 without WWW-Authenticate', exchange });
      }
      const challenges = parseChallenges(values);
      if (options.target.credentials.kind !== 'basic' || !challenges.some((one) => one.scheme === 'basic'))
        return false;
      schemes.set(exchange.url.origin, 'basic');
      return true;
    },
  };
}

function basicHeader(credentials: Credentials): string | undefined {
  if (credentials.kind !== 'basic') return undefined;
  const pair = `${credentials.username}:${credentials.password.reveal()}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

import type { Refusal } from '../refusals.ts';

/** How a client asks for registry tokens and when it asks again: data, each row as the client's source has it. */
export interface TokenBehaviour {
  /** The source this row was read from. */
  readonly source: string;
  /** How user name and password are traded for a token. An identity token always goes by POST: it is an oauth2 refresh token. */
  readonly method: 'get' | 'post-then-get' | 'get-then-post';
  /**
   * `by-clock`: a new token before a request when the old one's time is over; a 401 with a token is final.
   * `on-401`: a new token only after a 401. `clock-and-401`: both.
   * `reuse-post`: as `on-401`, but the PUT that ends an upload repeats the POST's header, and a 401 on it is final.
   * `never`: one token, and a 401 with it is final.
   */
  readonly refresh: 'by-clock' | 'on-401' | 'clock-and-401' | 'reuse-post' | 'never';
  /** Lifetime when the reply has no `expires_in`. */
  readonly defaultLifetimeSeconds: number;
  /** Shorter lifetimes are taken for this long. */
  readonly minLifetimeSeconds: number;
  /** Share of the lifetime after which the token counts as old. */
  readonly refreshAt: number;
  /** What it calls itself to a token service, where that is not its name for the registry. */
  readonly userAgent?: string;
  /** `client_id` of the POST. */
  readonly clientId: string;
  /** The GET says it, too. */
  readonly clientIdInGet?: boolean;
  /** Charset that the client names in the Content-Type of the POST; the others name none. */
  readonly formCharset?: 'utf-8';
  /** The GET names the user as `account`. */
  readonly account: boolean;
  /** Which of several challenges is followed. `basic-after-token`: a token is fetched too, and not used. */
  readonly prefers: 'bearer' | 'basic' | 'basic-after-token' | 'first';
  /**
   * Which 401 teaches the client how to log in. `each-401`: any. `ping`: only that of GET /v2/; where that asks for no login none is
   * sent, and a later 401 is final (moby/moby#40290). `ping-else-basic`: the same, but user and password then go along as Basic.
   */
  readonly learnsFrom: 'each-401' | 'ping' | 'ping-else-basic';
  /** The scopes of the challenge are asked for besides the repository's own. */
  readonly addsChallengeScope: boolean;
  /** Order in which the client writes `pull` and `push` in a scope. */
  readonly actionOrder: 'pull,push' | 'push,pull';
  /** The token services that the client refuses by itself; undefined: none. */
  readonly refusesRealm?: Refusal;
  /** Longest wait for the token service's response headers; undefined: as long as the run may take. */
  readonly timeoutMs?: number;
}

/** What several clients have in common: a token counts for a minute unless the reply says more. */
export const tokensByClock = { minLifetimeSeconds: 60, defaultLifetimeSeconds: 60, refreshAt: 1 } as const;

import type { Exchange } from '../../network/exchange.ts';
import { isAllowedHost } from '../../network/hosts.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { Refusal } from '../refusals.ts';
import { AuthError } from './auth-error.ts';
import { parseUrl } from '../../network/parse-url.ts';

/** Told as it happens, for `Run.pathFacts`. */
export interface AuthFact {
  readonly kind: 'foreign_realm';
  /** Host (and port) of the token service that the challenge named. */
  readonly host: string;
  /** `rewritten`: asked at the path's own origin instead. */
  readonly treatment: 'refused' | 'allowed' | 'rewritten';
}

/**
 * Where to ask for a token. `realm` may be relative to the request that was challenged. With `realm: rewrite` any realm is asked
 * for at the path's own origin; else one that the client itself does not follow, or that the path does not allow, throws, so that no request ever goes to a host (a loopback or metadata
 * address, say) only because a registry named it.
 */
export function resolveRealm(
  path: NetworkPath,
  challenged: Exchange,
  realm: string,
  onFact: (fact: AuthFact) => void,
  refuses?: Refusal,
): URL {
  const url = parse(realm, challenged);
  const own = new URL(path.origin);
  const foreign = url.host !== own.host;
  const note = (treatment: AuthFact['treatment']): void => {
    if (foreign) onFact({ kind: 'foreign_realm', host: url.host, treatment });
  };
  if (path.realm === 'rewrite' && url.origin !== own.origin) {
    note('rewritten');
    // Set piece by piece: resolving `//host/x` as a reference would lead to that host.
    own.pathname = url.pathname;
    own.search = url.search;
    return own;
  }
  const refusal = refuses?.(url, challenged.url);
  if (refusal !== undefined) {
    note('refused');
    throw new AuthError({
      problem: 'realm_refused_by_client',
      message: `the client does not ask a token service ${refusal}`,
      exchange: challenged,
      host: url.host,
    });
  }
  if (!isAllowedHost(path, url)) {
    note('refused');
    throw new AuthError({
      problem: 'realm_not_allowed',
      message: `the token service ${url.origin} is not one of the hosts this path allows: our rule, not the client's`,
      exchange: challenged,
      host: url.host,
    });
  }
  note('allowed');
  return url;
}

function parse(realm: string, challenged: Exchange): URL {
  const url = realm === '' ? undefined : parseUrl(realm, challenged.url);
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const message = 'the realm of the Bearer challenge is not an http(s) URL';
    throw new AuthError({ problem: 'challenge_unparsable', message, exchange: challenged });
  }
  // Userinfo in a realm would be credentials of the challenger's choice.
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

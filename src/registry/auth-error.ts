import type { Exchange } from '../network/exchange.ts';
import { requestSecrets, secretSpellings } from '../network/request-secrets.ts';

export type AuthProblem =
  /** A 401 without `WWW-Authenticate`. */
  | 'challenge_missing'
  /** `WWW-Authenticate` offers nothing that is understood, or a Bearer realm that is no http(s) URL. */
  | 'challenge_unparsable'
  /** The realm is on a host that the path does not allow; no request was made to it. */
  | 'realm_not_allowed'
  /** The token service gave no response; `cause` is the NetworkError. */
  | 'realm_unreachable'
  /** The token service answered with something else than 2xx. */
  | 'token_refused'
  /** 2xx, but no usable token in it. */
  | 'token_reply_invalid'
  /** A file, helper or variable that should hold the credentials cannot be read or makes no sense. */
  | 'credentials_unreadable';

/** Why a challenge could not be followed. Rich in facts, judges nothing, and holds no secret: not in message, cause or exchange. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly problem: AuthProblem;
  /** The exchange that showed it: the 401 itself or the one with the token service. Authorization and token bodies are removed. */
  readonly exchange: Exchange | undefined;
  /** Host (and port) of the token service, when the problem is about one. */
  readonly host: string | undefined;

  constructor(facts: {
    problem: AuthProblem;
    message: string;
    exchange?: Exchange | undefined;
    host?: string | undefined;
    cause?: unknown;
  }) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.problem = facts.problem;
    this.exchange = facts.exchange === undefined ? undefined : withoutCredentials(facts.exchange);
    this.host = facts.host;
  }
}

const secretHeaders = /^(?:authorization|proxy-authorization|cookie|set-cookie)$/i;

/**
 * The same exchange with the values of credential headers replaced and userinfo and query values taken off the URL, also where
 * the answer repeats them; and without its error, which leads back to the exchange as it was.
 */
export function withoutCredentials(exchange: Exchange): Exchange {
  const url = new URL(exchange.url);
  url.username = '';
  url.password = '';
  for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, '');
  const { response, error: _error, ...facts } = withoutSecrets(exchange, requestSecrets(exchange));
  return {
    ...facts,
    url,
    requestHeaders: redacted(exchange.requestHeaders, '<secret>'),
    ...(response === undefined ? {} : { response: { ...response, headers: redacted(response.headers, ['<secret>']) } }),
  };
}

function redacted<T>(headers: Readonly<Record<string, T>>, substitute: T): Record<string, T> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.test(name) ? substitute : value]),
  );
}

/** The same exchange with these values blanked wherever the response repeats them: some servers echo what they were sent. */
export function withoutSecrets(exchange: Exchange, secrets: readonly string[]): Exchange {
  const { response } = exchange;
  if (response === undefined) return exchange;
  // latin1 keeps every byte of a body, whatever its encoding; secrets are turned into the same shape.
  const needles = secrets.flatMap(secretSpellings).map((text) => Buffer.from(text, 'utf8').toString('latin1'));
  const clean = (text: string): string =>
    needles.reduce((rest, needle) => (needle === '' ? rest : rest.replaceAll(needle, '<secret>')), text);
  return {
    ...exchange,
    response: {
      ...response,
      body: Buffer.from(clean(Buffer.from(response.body).toString('latin1')), 'latin1'),
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, values]) => [name, values.map(clean)])),
    },
  };
}

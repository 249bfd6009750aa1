import type { Exchange } from '../../network/exchange.ts';
import { Redactor } from '../../network/secrets/redactor.ts';

/** Closed set: why a login did not come about. */
export const authProblems = [
  /** A 401 without `WWW-Authenticate`. */
  'challenge_missing',
  /** `WWW-Authenticate` offers nothing that is understood, or a Bearer realm that is no http(s) URL. */
  'challenge_unparsable',
  /** 401 to a client that learns from GET /v2/ alone, which asked for no login. */
  'ping_asked_nothing',
  /** The realm is on a host that the path does not allow; no request was made to it. */
  'realm_not_allowed',
  /** The client that is imitated would not follow this realm; no request was made to it. */
  'realm_refused_by_client',
  /** The token service gave no response; `cause` is the NetworkError. */
  'realm_unreachable',
  /** The token service answered with something else than 2xx. */
  'token_refused',
  /** 2xx, but no usable token in it. */
  'token_reply_invalid',
  /** A file, helper or variable that should hold the credentials cannot be read or makes no sense. */
  'credentials_unreadable',
] as const;
export type AuthProblem = (typeof authProblems)[number];

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

/** A file, helper or variable does not give the credentials. */
export function unreadable(message: string): AuthError {
  return new AuthError({ problem: 'credentials_unreadable', message });
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
  const redactor = new Redactor();
  redactor.learn(exchange);
  const { response, error: _error, ...facts } = withAnswerBlanked(exchange, redactor);
  return {
    ...facts,
    url,
    requestHeaders: redacted(exchange.requestHeaders, '<secret>'),
    response: response === undefined ? undefined : { ...response, headers: redacted(response.headers, ['<secret>']) },
  };
}

function redacted<T>(headers: Readonly<Record<string, T>>, substitute: T): Record<string, T> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.test(name) ? substitute : value]),
  );
}

/** The same exchange with all that `redactor` knows blanked wherever the response repeats it: some servers echo what they were sent. */
export function withAnswerBlanked(exchange: Exchange, redactor: Redactor): Exchange {
  const { response } = exchange;
  if (response === undefined) return exchange;
  const clean = (text: string): string => redactor.redact(text, exchange);
  const body = Buffer.from(response.body).toString('utf8');
  const cleanBody = clean(body);
  return {
    ...exchange,
    response: {
      ...response,
      body: cleanBody === body ? response.body : Buffer.from(cleanBody),
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, values]) => [name, values.map(clean)])),
    },
  };
}

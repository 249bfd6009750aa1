import { WrittenUrl } from '../../network/parse-url.ts';
import { NetworkError, type Exchange, type HttpRequest } from '../../network/exchange.ts';
import { Secret } from '../../network/secrets/secret.ts';
import { basicHeader, reveal, type ResolvedCredentials } from './credentials.ts';
import { Redactor } from '../../network/secrets/redactor.ts';
import { AuthError, withoutCredentials, withAnswerBlanked } from './auth-error.ts';
import { parseTokenReply } from './token-reply.ts';
import { followed, type TokenRequest } from './token-redirect.ts';
import type { TokenBehaviour } from './token-behaviour.ts';

export interface Token {
  readonly value: Secret;
  /** Milliseconds since the epoch from which the client takes the token for old. */
  readonly renewAtMs: number;
}

export interface TokenQuestion {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Exclude<ResolvedCredentials, { kind: 'bearer' }>;
}

export interface TokenService {
  readonly transport: { exchange(request: HttpRequest): Promise<Exchange> };
  readonly behaviour: TokenBehaviour;
  /** Headers of any request to this URL: the client's User-Agent, and what the path's own requests carry. */
  readonly headersFor: (url: URL) => Readonly<Record<string, string>>;
  readonly now: () => number;
  /** Told of credentials as they are sent and of tokens as they come, for what later answers may repeat. */
  readonly onSecret?: ((secret: string) => void) | undefined;
  /** Where the Location of an answer leads; throws AuthError where the path allows no request to go. */
  readonly vetted: (answer: Exchange, location: string) => URL;
}

/**
 * One token from the token service, by GET or oauth2 POST as the client does it.
 * Throws AuthError (`realm_unreachable`, `token_refused`, `token_reply_invalid`, `credentials_unreadable`), or the transport's own error
 * when `signal` aborted.
 */
export async function fetchToken(service: TokenService, question: TokenQuestion, signal: AbortSignal): Promise<Token> {
  const methods = methodsFor(service.behaviour, question.credentials);
  const { onSecret = () => {} } = service;
  secretsIn(question.credentials).forEach(onSecret);
  for (const [index, method] of methods.entries()) {
    const exchange = await ask(service, question, method, signal);
    const status = exchange.response?.status ?? 0;
    if (status >= 200 && status < 300) {
      const reply = parseTokenReply(exchange, service.behaviour, service.now());
      onSecret(reply.token);
      return { value: Secret.of(reply.token), renewAtMs: reply.renewAtMs };
    }
    if (index === methods.length - 1 || !fallbackStatuses.has(status)) {
      throw new AuthError({
        problem: 'token_refused',
        message: `the token service ${exchange.url.host} answered ${status}`,
        exchange: withAnswerBlanked(exchange, Redactor.of(secretsIn(question.credentials))),
        host: exchange.url.host,
      });
    }
  }
  throw new TypeError('a client without a way to ask for tokens');
}

/** Token services without one of the methods answer it with 404 (GCR), 401 (JFrog), 400 (ACR) or 405: containerd authorizer.go. */
const fallbackStatuses = new Set([400, 401, 404, 405]);

function methodsFor(behaviour: TokenBehaviour, credentials: TokenQuestion['credentials']): readonly ('GET' | 'POST')[] {
  if (credentials.kind === 'anonymous') return ['GET'];
  if (credentials.kind === 'identity') return ['POST'];
  return { get: ['GET'], 'post-then-get': ['POST', 'GET'], 'get-then-post': ['GET', 'POST'] }[behaviour.method] as (
    | 'GET'
    | 'POST'
  )[];
}

async function ask(
  service: TokenService,
  question: TokenQuestion,
  method: 'GET' | 'POST',
  signal: AbortSignal,
): Promise<Exchange> {
  const parts = method === 'GET' ? getRequest(service.behaviour, question) : postRequest(service.behaviour, question);
  return followed({ ...parts, method }, (request) => send(service, request, signal), service.vetted);
}

async function send(service: TokenService, request: TokenRequest, signal: AbortSignal): Promise<Exchange> {
  const headers = { ...service.headersFor(request.url), ...request.headers };
  const { timeoutMs } = service.behaviour;
  try {
    return await service.transport.exchange({ ...request, headers, signal, responseHeaderTimeoutMs: timeoutMs });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    if (error.exchange !== undefined) error.exchange = withoutCredentials(error.exchange);
    if (signal.aborted) throw error;
    throw new AuthError({
      problem: 'realm_unreachable',
      message: `the token service ${request.url.host} gave no response (${error.code})`,
      exchange: error.exchange,
      host: request.url.host,
      cause: error,
    });
  }
}

type RequestParts = Omit<TokenRequest, 'method'>;

function getRequest(behaviour: TokenBehaviour, { realm, credentials, ...rest }: TokenQuestion): RequestParts {
  const url = new WrittenUrl(realm);
  if (rest.service) url.searchParams.append('service', rest.service);
  for (const scope of rest.scopes) url.searchParams.append('scope', scope);
  if (behaviour.clientIdInGet === true) url.searchParams.append('client_id', behaviour.clientId);
  if (credentials.kind !== 'basic') return { url: sorted(url), headers: {} };
  if (behaviour.account) url.searchParams.append('account', credentials.username);
  return { url: sorted(url), headers: { authorization: basicHeader(credentials) } };
}

/** Go writes query parameters in the order of their names. */
function sorted(url: URL): URL {
  url.searchParams.sort();
  return url;
}

function postRequest(
  { clientId, formCharset }: TokenBehaviour,
  { realm, credentials, scopes, ...rest }: TokenQuestion,
): RequestParts {
  const form = new URLSearchParams({ client_id: clientId });
  if (rest.service) form.set('service', rest.service);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  if (credentials.kind === 'identity') {
    form.set('grant_type', 'refresh_token');
    form.set('refresh_token', reveal(credentials.token, 'the identity token'));
  } else if (credentials.kind === 'basic') {
    form.set('grant_type', 'password');
    form.set('username', credentials.username);
    form.set('password', reveal(credentials.password, 'the password'));
  }
  form.sort();
  const charset = formCharset === undefined ? '' : `; charset=${formCharset}`;
  return {
    url: new WrittenUrl(realm),
    headers: { 'content-type': `application/x-www-form-urlencoded${charset}` },
    body: { kind: 'bytes', bytes: Buffer.from(form.toString()) },
  };
}

/** In every form in which they were sent: a server may echo what it got. */
function secretsIn(credentials: TokenQuestion['credentials']): string[] {
  if (credentials.kind === 'anonymous') return [];
  if (credentials.kind === 'identity') return [reveal(credentials.token, 'the identity token')];
  return [reveal(credentials.password, 'the password'), basicHeader(credentials).slice('Basic '.length)];
}

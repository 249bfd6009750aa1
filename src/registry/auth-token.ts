import { NetworkError } from '../network/errors.ts';
import type { Exchange, HttpRequest } from '../network/exchange.ts';
import { Secret } from '../network/secret.ts';
import { basicHeader, reveal, type ResolvedCredentials } from './auth-credentials.ts';
import { AuthError, withoutCredentials, withoutSecrets } from './auth-error.ts';
import { parseTokenReply } from './auth-token-reply.ts';
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
  readonly headers: Readonly<Record<string, string>>;
  readonly now: () => number;
  /** Told of credentials as they are sent and of tokens as they come, for what later answers may repeat. */
  readonly onSecret?: ((secret: string) => void) | undefined;
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
        message: `the token service ${question.realm.host} answered ${status}`,
        exchange: withoutSecrets(exchange, secretsIn(question.credentials)),
        host: question.realm.host,
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
  const request = method === 'GET' ? getRequest(service, question) : postRequest(service, question);
  const { timeoutMs } = service.behaviour;
  try {
    return await service.transport.exchange({
      ...request,
      method,
      signal,
      ...(timeoutMs === undefined ? {} : { responseHeaderTimeoutMs: timeoutMs }),
    });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    if (error.exchange !== undefined) error.exchange = withoutCredentials(error.exchange);
    if (signal.aborted) throw error;
    throw new AuthError({
      problem: 'realm_unreachable',
      message: `the token service ${question.realm.host} gave no response (${error.code})`,
      exchange: error.exchange,
      host: question.realm.host,
      cause: error,
    });
  }
}

type RequestParts = Pick<HttpRequest, 'url' | 'headers' | 'body'>;

function getRequest(
  { behaviour, headers }: TokenService,
  { realm, credentials, ...rest }: TokenQuestion,
): RequestParts {
  const url = new URL(realm);
  if (rest.service) url.searchParams.append('service', rest.service);
  for (const scope of rest.scopes) url.searchParams.append('scope', scope);
  if (credentials.kind !== 'basic') return { url: sorted(url), headers };
  if (behaviour.account) url.searchParams.append('account', credentials.username);
  return { url: sorted(url), headers: { ...headers, authorization: basicHeader(credentials) } };
}

/** Go writes query parameters in the order of their names. */
function sorted(url: URL): URL {
  url.searchParams.sort();
  return url;
}

function postRequest(service: TokenService, { realm, credentials, scopes, ...rest }: TokenQuestion): RequestParts {
  const form = new URLSearchParams({ client_id: service.behaviour.clientId });
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
  const { formCharset } = service.behaviour;
  const charset = formCharset === undefined ? '' : `; charset=${formCharset}`;
  return {
    url: new URL(realm),
    headers: { ...service.headers, 'content-type': `application/x-www-form-urlencoded${charset}` },
    body: { kind: 'bytes', bytes: Buffer.from(form.toString(), 'utf8') },
  };
}

/** In every form in which they were sent: a server may echo what it got. */
function secretsIn(credentials: TokenQuestion['credentials']): string[] {
  if (credentials.kind === 'anonymous') return [];
  if (credentials.kind === 'identity') return [reveal(credentials.token, 'the identity token')];
  return [reveal(credentials.password, 'the password'), basicHeader(credentials).slice('Basic '.length)];
}

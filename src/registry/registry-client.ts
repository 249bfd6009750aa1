import type { NetworkPath } from '../network/path.ts';
import { type Exchange, type HttpRequest, header, NetworkError } from '../network/exchange.ts';
import type { Authorizer } from './auth/authorizer.ts';
import { isOwnOrigin } from '../network/hosts.ts';
import { WrittenUrl } from '../network/parse-url.ts';
import { addressForbidden } from '../network/reach.ts';
import { ProtocolError, type Step } from './errors.ts';
import type { RegistryRequest } from './registry-request.ts';
import { maxRequests } from './redirect-rules.ts';
import { redirected, refererHeader } from './redirects.ts';
import type { Refusal } from './refusals.ts';
import { type HostMemory, type ResendPolicy, retryAfterMs } from './resend.ts';

export interface RegistryClientOptions {
  readonly path: NetworkPath;
  readonly repository: string;
  readonly transport: { exchange(request: HttpRequest): Promise<Exchange> };
  readonly authorizer: Authorizer;
  /** Headers of every request: User-Agent and what else the client always sends. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaderTimeoutMs?: number | undefined;
  readonly stallTimeoutMs?: number | undefined;
  readonly signal: AbortSignal;
  /** The Locations that the client refuses by itself; undefined: none. */
  readonly refusesLocation?: Refusal | undefined;
  /** The client's resends inside an attempt, and how to wait for them. */
  readonly resend?: Resending | undefined;
  /** Told before each request which step it belongs to; `auth` while tokens are fetched. */
  readonly onStep?: ((step: Step) => void) | undefined;
}

interface Resending {
  readonly policy: ResendPolicy;
  /** Milliseconds to wait before any request, for clients that remember. */
  readonly waitMs?: HostMemory['waitMs'] | undefined;
  readonly sleep: (delayMs: number) => Promise<void>;
}

/** Speaks to one repository over one path with one client's manners: authorization, headers, timeouts, accepted answers. */
export interface RegistryClient {
  readonly path: NetworkPath;
  readonly repository: string;
  readonly refusesLocation?: Refusal | undefined;
  /** Whether what the client does after a refusal within an attempt is in force; false: each answer stands as it is. */
  readonly resends: boolean;
  /** Aborts when nothing more is to be sent. */
  readonly signal: AbortSignal;
  /** `/v2/<repository>/<rest>` on the path's own origin. */
  url(rest: string): URL;
  /**
   * Sends a request, where redirects lead, too (redirects.ts); after a 401 that can be answered, once more. Throws ProtocolError when the status is none of the accepted
   * ones, AuthError when a challenge cannot be followed, NetworkError when no answer came.
   */
  send(request: RegistryRequest): Promise<Exchange>;
}

export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { path, repository, refusesLocation, signal } = options;
  return {
    path,
    repository,
    refusesLocation,
    resends: options.resend !== undefined,
    signal,
    url: (rest) => new WrittenUrl(`/v2/${repository}/${rest}`, path.origin),
    async send(request) {
      const { exchange, challenged, first } = await sendWithResends(options, request);
      if (!request.accepted.includes(exchange.response?.status ?? 0) && challenged !== true)
        throw unexpectedStatus(request, exchange, first);
      return exchange;
    },
  };
}

function unexpectedStatus(request: RegistryRequest, exchange: Exchange, first?: Ended): ProtocolError {
  const { method, step } = request;
  const status = exchange.response?.status ?? 0;
  const problem = status >= 300 && status < 400 ? 'redirected' : 'unexpected_status';
  const message = `${method} for ${step} was answered ${status}`;
  const firstSending =
    first !== undefined && 'exchange' in first ? unexpectedStatus(request, first.exchange) : first?.error;
  return new ProtocolError({ step, problem, exchange, message, firstSending });
}

/** `challenged`: the 401 is what the request was for. */
type Answered = { readonly exchange: Exchange; readonly challenged?: boolean };
type Ended = Answered | { readonly error: unknown };

/** The request, and again as long as the client's own policy says so. Throws what the last sending threw. */
async function sendWithResends(
  options: RegistryClientOptions,
  request: RegistryRequest,
): Promise<Answered & { readonly first?: Ended | undefined }> {
  let first: Ended | undefined;
  let statusBefore: number | undefined;
  for (let sending = 1; ; sending += 1) {
    const pauseMs = options.resend?.waitMs?.() ?? 0;
    if (pauseMs > 0) await options.resend?.sleep(pauseMs);
    const end = await sendAuthorized(options, request);
    const delayMs = (request.signal ?? options.signal).aborted
      ? undefined
      : resendDelayMs(options, request, end, sending, statusBefore);
    if (delayMs === undefined) {
      if ('error' in end) throw end.error;
      return { ...end, first };
    }
    first ??= end;
    statusBefore = 'exchange' in end ? end.exchange.response?.status : undefined;
    await options.resend?.sleep(delayMs);
  }
}

function resendDelayMs(
  options: RegistryClientOptions,
  request: RegistryRequest,
  end: Ended,
  sending: number,
  statusBefore: number | undefined,
): number | undefined {
  if (request.sentOnce === true) return undefined;
  const exchange = 'exchange' in end ? end.exchange : undefined;
  const error = 'error' in end && end.error instanceof NetworkError ? end.error : undefined;
  return options.resend?.policy({
    sending,
    statusBefore,
    status: exchange?.response?.status,
    code: error?.code,
    hasBody: request.body?.kind === 'stream' && request.body.sizeBytes > 0,
    retryAfterMs: exchange === undefined ? undefined : retryAfterMs(header(exchange, 'retry-after'), Date.now()),
    durationMs: durationMs(exchange ?? error?.exchange),
    forgives: request.refusalForgives,
  });
}

function durationMs(exchange: Exchange | undefined): number {
  return exchange === undefined ? 0 : exchange.endedAtMs - exchange.startedAtMs;
}

/** One sending, and one more when its 401 can be answered. */
async function sendAuthorized(options: RegistryClientOptions, request: RegistryRequest): Promise<Ended> {
  try {
    const first = await sendFollowing(options, request);
    if (!(await maySendAgain(options, request, first))) return { exchange: first };
    return request.asksForChallenge === true
      ? { exchange: first, challenged: true }
      : { exchange: await sendFollowing(options, request) };
  } catch (error) {
    return { error };
  }
}

/** The request, and those to which redirects lead; each is an exchange of its own, and the last one's answer counts. */
async function sendFollowing(options: RegistryClientOptions, request: RegistryRequest): Promise<Exchange> {
  let exchange = await sendOnce(options, request);
  let next = redirected(options.path, request, exchange);
  for (let hops = 1; next !== undefined && hops < maxRequests; hops += 1) {
    exchange = await sendRedirected(options, next, exchange);
    next = redirected(options.path, next, exchange);
  }
  return exchange;
}

async function sendRedirected(
  options: RegistryClientOptions,
  request: RegistryRequest,
  redirect: Exchange,
): Promise<Exchange> {
  try {
    return await sendOnce(options, request);
  } catch (error) {
    if (!(error instanceof NetworkError) || error.code !== addressForbidden) throw error;
    const { message } = error;
    throw new ProtocolError({ step: request.step, problem: 'location_foreign', exchange: redirect, message });
  }
}

async function sendOnce(options: RegistryClientOptions, request: RegistryRequest): Promise<Exchange> {
  const { path, authorizer } = options;
  const { signal = options.signal, step: purpose } = request;
  options.onStep?.('auth');
  const authorization = await authorizer.authorization(request.url, request.actions, signal);
  options.onStep?.(request.step);
  return options.transport.exchange({
    method: request.method,
    url: request.url,
    headers: {
      ...(request.method === 'HEAD' ? withoutCoding(options.requestHeaders) : options.requestHeaders),
      // Extra headers may be credentials of the operator's proxy: they stay on the path's own host.
      ...(isOwnOrigin(path, request.url) ? path.headers : {}),
      ...refererHeader(request),
      ...request.headers,
      ...(authorization === undefined ? {} : { authorization }),
    },
    redirectedFrom: request.redirectedFrom,
    signal,
    purpose,
    body: request.body,
    resendBody: request.resendBody,
    ...(options.responseHeaderTimeoutMs === undefined
      ? {}
      : { responseHeaderTimeoutMs: options.responseHeaderTimeoutMs }),
    stallTimeoutMs: options.stallTimeoutMs,
    onResponseChunk: request.onResponseChunk,
    responseLimitBytes: request.responseLimitBytes,
  });
}

/** Go's transport offers gzip by itself, except for HEAD (net/http, Transport.roundTrip). */
function withoutCoding(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'accept-encoding'));
}

async function maySendAgain(
  options: RegistryClientOptions,
  request: RegistryRequest,
  exchange: Exchange,
): Promise<boolean> {
  const consumed = request.body?.kind === 'stream' && request.body.sizeBytes > 0 && request.resendBody !== true;
  if (exchange.response?.status !== 401 || consumed) return false;
  options.onStep?.('auth');
  return options.authorizer.challenged(exchange, request.actions, options.signal);
}

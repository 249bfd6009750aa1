import type { NetworkPath } from '../network/path.ts';
import { type Exchange, type HttpRequest, header, type RequestBody } from '../network/exchange.ts';
import { NetworkError } from '../network/errors.ts';
import type { Action, Authorizer } from './authorizer.ts';
import { isOwnOrigin } from '../network/hosts.ts';
import { ProtocolError, type Step } from './errors.ts';
import { type ResendPolicy, retryAfterMs } from './resend.ts';

/** One request of the protocol, before authorization. */
export interface RegistryRequest {
  readonly step: Step;
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly actions: readonly Action[];
  readonly accepted: readonly number[];
  /** Whether a 401 may be answered by sending the same body again; false for clients whose body is consumed by then. */
  readonly resendBody?: boolean;
  /** A challenge that can be followed is an answer too: after it the request is not sent again. */
  readonly asksForChallenge?: boolean;
  readonly onResponseChunk?: (chunk: Uint8Array) => void;
  /** More than this to `onResponseChunk` ends the request. */
  readonly responseLimitBytes?: number;
}

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
  /** The client's resends inside an attempt, and how to wait for them. */
  readonly resend?: { readonly policy: ResendPolicy; readonly sleep: (delayMs: number) => Promise<void> } | undefined;
  /** Told before each request which step it belongs to; `auth` while tokens are fetched. */
  readonly onStep: (step: Step) => void;
}

/** Speaks to one repository over one path with one client's manners: authorization, headers, timeouts, accepted answers. */
export interface RegistryClient {
  readonly path: NetworkPath;
  readonly repository: string;
  /** `/v2/<repository>/<rest>` on the path's own origin. */
  url(rest: string): URL;
  /**
   * Sends a request; after a 401 that can be answered, once more. Throws ProtocolError when the status is none of the accepted
   * ones, AuthError when a challenge cannot be followed, NetworkError when no answer came.
   */
  send(request: RegistryRequest): Promise<Exchange>;
}

export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { path, repository } = options;
  return {
    path,
    repository,
    url: (rest) => new URL(`/v2/${repository}/${rest}`, path.origin),
    async send(request) {
      const { exchange, challenged } = await sendWithResends(options, request);
      const status = exchange.response?.status ?? 0;
      if (!request.accepted.includes(status) && challenged !== true) {
        const problem = status >= 300 && status < 400 ? 'redirected' : 'unexpected_status';
        const message = `${request.method} for ${request.step} was answered ${status}`;
        throw new ProtocolError({ step: request.step, problem, exchange, message });
      }
      return exchange;
    },
  };
}

/** `challenged`: the 401 is what the request was for. */
type Answered = { readonly exchange: Exchange; readonly challenged?: boolean };
type Ended = Answered | { readonly error: unknown };

/** The request, and again as long as the client's own policy says so. Throws what the last sending threw. */
async function sendWithResends(options: RegistryClientOptions, request: RegistryRequest): Promise<Answered> {
  let statusBefore: number | undefined;
  for (let sending = 1; ; sending += 1) {
    const end = await sendAuthorized(options, request);
    const delayMs = options.signal.aborted ? undefined : resendDelayMs(options, request, end, sending, statusBefore);
    if (delayMs === undefined) {
      if ('error' in end) {
        throw end.error;
      }
      return end;
    }
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
  const exchange = 'exchange' in end ? end.exchange : undefined;
  return options.resend?.policy({
    sending,
    statusBefore,
    status: exchange?.response?.status,
    code: 'error' in end && end.error instanceof NetworkError ? end.error.code : undefined,
    hasBody: request.body?.kind === 'stream' && request.body.sizeBytes > 0,
    retryAfterMs: exchange === undefined ? undefined : retryAfterMs(header(exchange, 'retry-after'), Date.now()),
  });
}

/** One sending, and one more when its 401 can be answered. */
async function sendAuthorized(options: RegistryClientOptions, request: RegistryRequest): Promise<Ended> {
  try {
    const first = await sendOnce(options, request);
    if (!(await maySendAgain(options, request, first))) {
      return { exchange: first };
    }
    return request.asksForChallenge === true
      ? { exchange: first, challenged: true }
      : { exchange: await sendOnce(options, request) };
  } catch (error) {
    return { error };
  }
}

async function sendOnce(options: RegistryClientOptions, request: RegistryRequest): Promise<Exchange> {
  const { path, authorizer, signal } = options;
  options.onStep('auth');
  const authorization = await authorizer.authorization(request.url, request.actions, signal);
  options.onStep(request.step);
  return options.transport.exchange({
    method: request.method,
    url: request.url,
    headers: {
      ...(request.method === 'HEAD' ? withoutCoding(options.requestHeaders) : options.requestHeaders),
      // Extra headers may be credentials of the operator's proxy: they stay on the path's own host.
      ...(isOwnOrigin(path, request.url) ? path.headers : {}),
      ...request.headers,
      ...(authorization === undefined ? {} : { authorization }),
    },
    signal,
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(options.responseHeaderTimeoutMs === undefined
      ? {}
      : { responseHeaderTimeoutMs: options.responseHeaderTimeoutMs }),
    ...(options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: options.stallTimeoutMs }),
    ...(request.onResponseChunk === undefined ? {} : { onResponseChunk: request.onResponseChunk }),
    ...(request.responseLimitBytes === undefined ? {} : { responseLimitBytes: request.responseLimitBytes }),
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
  if (exchange.response?.status !== 401 || consumed) {
    return false;
  }
  options.onStep('auth');
  return options.authorizer.challenged(exchange, request.actions, options.signal);
}

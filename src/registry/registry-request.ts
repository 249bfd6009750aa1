import type { OnResponseChunk, RequestBody } from '../network/exchange.ts';
import type { Action } from './auth/bearer.ts';
import type { Step } from './errors.ts';
import type { Refusal } from './refusals.ts';

/** One request of the protocol, before authorization. */
export interface RegistryRequest {
  readonly step: Step;
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Redirects that the client does not follow by itself; undefined: none. For what is read; uploads go by the client's `refusesLocation`. */
  readonly refusesRedirect?: Refusal;
  /** The URL whose answer led to this one; set when redirects are followed. */
  readonly redirectedFrom?: URL;
  readonly actions: readonly Action[];
  readonly accepted: readonly number[];
  /** Whether a 401 may be answered by sending the same body again; false for clients whose body is consumed by then. */
  readonly resendBody?: boolean;
  /** A challenge that can be followed is an answer too: after it the request is not sent again. */
  readonly asksForChallenge?: boolean;
  /** The client lets any end of this request stand. */
  readonly sentOnce?: boolean;
  /** The client takes a refusal of it for a sign that the host lives, besides what it is. */
  readonly refusalForgives?: boolean;
  readonly onResponseChunk?: OnResponseChunk;
  /** Ends this request in the place of the client's own signal, which is the default. */
  readonly signal?: AbortSignal;
  /** More than this to `onResponseChunk` ends the request. */
  readonly responseLimitBytes?: number;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { LoggedRequest } from '../request-log.ts';
import type { Ending } from './fault.ts';

/** The body on its way to the upstream. */
export interface BodySource {
  readonly stream: Readable;
  /** Declared length, `chunked`, or `none` for a request without a body. */
  readonly length: number | 'chunked' | 'none';
}

/** An answer of the proxy's own. */
export interface ProxyAnswer {
  readonly status: number;
  readonly page?: 'error' | 'waf' | 'challenge' | 'tunnel-down';
  readonly headers?: Readonly<Record<string, string>>;
  readonly ending: Ending;
}

/** One exchange as the faults see it. */
export interface ProxyCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: LoggedRequest;
  /** Requests seen on this connection, this one included. */
  readonly requestsOnConnection: number;
  /** The proxy has answered itself, or reset the connection. */
  readonly answered: boolean;
  /** Answers in the upstream's place, once; later calls do nothing. */
  answer(answer: ProxyAnswer): void;
  /** Called once, when the client's side of the exchange is over, however it ended. */
  onEnd(callback: () => void): void;
}

/** What one fault does at the stations of an exchange. Each station may end the exchange by `call.answer`. */
export interface FaultBehaviour {
  readonly before?: (call: ProxyCall) => void | Promise<void>;
  readonly requestBody?: (call: ProxyCall, body: BodySource) => BodySource | Promise<BodySource>;
  /** Names in lower case. */
  readonly requestHeaders?: (call: ProxyCall, headers: Record<string, string | string[]>) => void;
  /** The last byte of the request went upstream. */
  readonly requestSent?: (call: ProxyCall) => void;
  /** Response headers came. Names in lower case. */
  readonly responseHeaders?: (call: ProxyCall, headers: Record<string, string | string[]>) => void;
  readonly responseBody?: (call: ProxyCall, stream: Readable) => Readable;
  /** The answer has been handed to the kernel. */
  readonly after?: (call: ProxyCall) => void;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Ending, OtherPage } from './fault.ts';

/** The body on its way to the upstream. */
export interface BodySource {
  readonly stream: Readable;
  /** Declared length, `chunked`, or `none` for a request without a body. */
  readonly length: number | 'chunked' | 'none';
}

/** An answer of the proxy's own. */
export interface ProxyAnswer {
  readonly status: number;
  readonly page?: OtherPage | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ending: Ending;
}

/** One exchange as the faults see it. */
export interface ProxyCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The proxy has answered itself, or reset the connection. */
  readonly answered: boolean;
  /** Answers in the upstream's place, once; later calls do nothing. */
  readonly answer: (answer: ProxyAnswer) => void;
  /** Called once, when the client's side of the exchange is over, however it ended. */
  readonly onEnd: (callback: () => void) => void;
}

/** Headers on their way through, names in lower case. */
export type HeaderRecord = Record<string, string | string[]>;

/** What one fault does at the stations of one exchange. Each station may end the exchange by `call.answer`. */
export interface FaultStations {
  /** The request's headers are here, nothing has gone upstream. */
  readonly before?: () => void | Promise<void>;
  readonly requestBody?: (body: BodySource) => BodySource | Promise<BodySource>;
  readonly requestHeaders?: (headers: HeaderRecord) => void;
  /** The last byte of the request went upstream. */
  readonly requestSent?: () => void;
  /** Response headers came from upstream. */
  readonly responseHeaders?: (headers: HeaderRecord) => void;
  readonly responseBody?: (stream: Readable) => Readable;
  /** The answer has been handed to the kernel. */
  readonly after?: () => void;
}

/** A fault at work: called once for each exchange it touches; what it remembers between them lives in its closure. */
export type FaultBehaviour = (call: ProxyCall) => FaultStations;

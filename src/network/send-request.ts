import type { Client, Dispatcher } from 'undici';
import { NetworkError, type NetworkTimer, type Exchange, type HttpRequest, type HttpResponse } from './exchange.ts';
import { ExchangeTimes } from './exchange-times.ts';
import { informationalFlood } from './answer-head.ts';
import { OutgoingBody } from './body/outgoing-body.ts';
import { readWhenDue } from './body/paced-reading.ts';
import { notBefore } from './not-before.ts';
import { type BodyWatch, watchBody } from './kernel/body-watch.ts';
import { ResponseReader } from './response-reader.ts';
import type { LineState, LiveConnection } from './live-connection.ts';
import { requestError } from './request-error.ts';
import type { TransportOptions } from './transport-options.ts';

/** HTTP/2 frames that may come before an answer, besides the window updates for a body. */
const maxUnansweredBytes = 1024 * 1024;

/** Sends one request over a client of one origin and collects its facts. Never rejects: a failure is in the exchange. */
export function sendRequest(
  client: Client,
  request: HttpRequest,
  options: TransportOptions,
  line: LineState,
): Promise<Exchange> {
  return new RequestInFlight(client, request, options, line).run();
}

class RequestInFlight {
  readonly #client: Client;
  readonly #request: HttpRequest;
  readonly #options: TransportOptions;
  readonly #line: LineState;
  readonly #reader: ResponseReader;
  readonly #body: OutgoingBody;
  readonly #times: ExchangeTimes;
  readonly #cancels: (() => void)[] = [];
  #error: NetworkError | undefined;
  #reused = false;
  #connection: LiveConnection | undefined;
  #kernel: BodyWatch | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #ended = false;
  #finish: (exchange: Exchange) => void = () => {};

  constructor(client: Client, request: HttpRequest, options: TransportOptions, line: LineState) {
    this.#client = client;
    this.#request = request;
    this.#options = options;
    this.#line = line;
    this.#times = new ExchangeTimes(options.now());
    this.#reader = new ResponseReader(options.maxBodyBytes, request);
    this.#body = new OutgoingBody(
      request,
      () => this.#connection?.bodySocket,
      options.pacer,
      () => this.#onLastByte(),
    );
  }

  run(): Promise<Exchange> {
    const { signal } = this.#request;
    return new Promise((resolve) => {
      this.#finish = resolve;
      const end = (): void => this.#abort('ABORTED', undefined, signal.reason);
      // The opening of a connection ends by the same signal, and knows in which step it was and for how long.
      const onAbort = (): void => void (this.#times.wroteAtMs === undefined ? setImmediate(end) : end());
      this.#cancels.push(() => signal.removeEventListener('abort', onAbort));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const { method, url, headers } = this.#request;
    try {
      const target = this.#line.target(url);
      this.#client.dispatch(
        {
          method,
          path: target.path,
          headers: { ...target.headers, ...headers, ...this.#body.framing },
          body: this.#body.forClient(),
          // Keep the connection after HEAD as Go does; undici would close it (nodejs/undici#258).
          reset: false,
        },
        {
          onRequestStart: (controller) => this.#onWrite(controller),
          onResponseStart: (_controller, status, fields) => this.#onHeaders(status, fields),
          onResponseData: (_controller, chunk) => this.#onData(chunk),
          onResponseEnd: () => this.#end(true),
          onResponseError: (_controller, error) => this.#onError(error),
        },
      );
    } catch (error) {
      this.#onError(error);
    }
  }

  #onWrite(controller: Dispatcher.DispatchController): void {
    if (this.#ended) return controller.abort(new Error('aborted'));
    this.#controller = controller;
    this.#times.wroteAtMs = this.#options.now();
    this.#connection = this.#line.live();
    if (this.#connection !== undefined) {
      this.#reused = this.#connection.exchanges > 0;
      this.#connection.exchanges += 1;
      this.#watchAnswer(this.#connection);
    }
    if (this.#body.streams) {
      this.#kernel = watchBody(this.#connection, this.#body, this.#options.now);
      const stop = this.#body.watch({
        stallTimeoutMs: this.#request.stallTimeoutMs,
        sending: () => this.#times.stage === 'send',
        onProgress: this.#options.onProgress,
        onStall: () => this.#abort('STALLED', 'stall'),
        onLook: () => this.#kernel?.sample(),
      });
      this.#cancels.push(stop);
    } else {
      this.#onLastByte();
    }
  }

  /** In HTTP/2, where heads are not seen one by one, what comes in without an answer is bounded all together. */
  #watchAnswer(connection: LiveConnection): void {
    connection.answerHead?.expect();
    connection.http2?.watch();
    if (connection.answerHead !== undefined) return;
    const before = connection.readBytes();
    const timer = setInterval(() => {
      // Window updates come in for what goes out: 13 bytes for a frame of it, 16 KiB as a rule.
      const fits = maxUnansweredBytes + this.#body.sentBytes(true) / 64;
      if (this.#times.headersAtMs === undefined && connection.readBytes() - before > fits)
        this.#abort(informationalFlood);
    }, 100);
    this.#cancels.push(() => clearInterval(timer));
  }

  /** The last byte is out: from here on the peer is the one to act. */
  #onLastByte(): void {
    if (this.#ended) return;
    this.#times.lastByteAtMs = this.#options.now();
    this.#kernel?.lastByteTaken();
    this.#options.onProgress?.(this.#body.sentBytes(true));
    const limitMs = this.#request.responseHeaderTimeoutMs;
    if (limitMs !== undefined) {
      this.#after(limitMs, () => {
        if (this.#times.stage !== 'receive') this.#abort('RESPONSE_HEADER_TIMEOUT', 'response_header');
      });
    }
  }

  #onHeaders(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#times.headersAtMs = this.#options.now();
    this.#reader.start(status, headers);
    if (!this.#reader.streams) this.#after(this.#options.bodyTimeoutMs, () => this.#abort('BODY_TIMEOUT', 'body'));
  }

  #onData(chunk: Buffer): void {
    this.#times.dataAtMs = this.#options.now();
    if (!this.#reader.take(chunk)) this.#abort(this.#reader.hasEnough ? undefined : 'BODY_TOO_LONG', 'body');
    else if (this.#reader.streams)
      void readWhenDue(this.#controller, this.#options.pacer, chunk.byteLength, this.#request.signal, this.#onRest);
  }

  /** The peer's silence is counted from when we read on. */
  readonly #onRest = (rests: boolean): void => {
    this.#times.dataAtMs = this.#options.now();
    this.#times.isResting = rests;
  };

  #onError(error: unknown): void {
    this.#error ??= requestError(error, this.#times.stage, this.#connection);
    this.#end(false);
  }

  /** Ends the exchange on our own account and tears the connection down; without a code it ends well: all that was wanted has come. */
  #abort(code?: string, timer?: NetworkTimer, cause?: unknown): void {
    const { stage } = this.#times;
    if (code !== undefined)
      this.#error ??= new NetworkError({ stage, code, timer, message: `request ended by us: ${code}`, cause });
    this.#end(false);
    this.#connection?.http2?.cancel();
    this.#controller?.abort(this.#error ?? new Error('enough of the body has come'));
  }

  #after(delayMs: number, action: () => void): void {
    this.#cancels.push(notBefore(delayMs, this.#options.now, action));
  }

  #end(complete: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#cancels) cancel();
    const exchange = this.#facts(this.#reader.finish(complete));
    if (this.#error !== undefined) this.#error.exchange = exchange;
    this.#connection?.http2?.leaveBody();
    this.#finish(exchange);
  }

  #facts(response: HttpResponse | undefined): Exchange {
    const endedAtMs = this.#options.now();
    const opening = this.#line.opening();
    return {
      method: this.#request.method,
      purpose: this.#request.purpose,
      url: this.#request.url,
      redirectedFrom: this.#request.redirectedFrom,
      requestHeaders: this.#request.headers,
      ...this.#body.facts(this.#times.wroteAtMs !== undefined),
      startedAtMs: this.#times.startedAtMs,
      endedAtMs,
      socketReused: this.#reused,
      sentAgain: this.#line.sentAgain,
      ...this.#times.durations(endedAtMs),
      opening,
      connection: this.#connection?.facts,
      response,
      answerHead: this.#connection?.answerHead?.facts,
      kernel: this.#kernel?.facts(),
      error: this.#error,
    };
  }
}

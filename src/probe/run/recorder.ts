import type { Redactor } from '../../network/secrets/redactor.ts';
import { type Exchange, header } from '../../network/exchange.ts';
import type { Step } from '../../registry/errors.ts';
import { cleanText, shownResponseHeaders, shownUrl, triedBefore } from '../judge/evidence.ts';
import type { Phase } from '../failure.ts';
import type { PathFacts, RequestRecord } from '../outcome.ts';
import { BusyTime } from './busy-time.ts';
import { ProgressSamples } from './progress-samples.ts';
import { parseUrl } from '../../network/parse-url.ts';

/** The transport reports ten times a second: there is nothing to see of what was sent faster. */
const shortestWatchedMs = 200;

/** Keeps what the exchanges of one attempt say: requests for the history, time per phase, bytes, what the path looked like. */
export class Recorder {
  readonly requests: RequestRecord[] = [];
  readonly #originMs: number;
  readonly #redactor: Redactor;
  readonly #samples = new ProgressSamples();
  readonly #phaseMs: Partial<Record<Phase, number>> = {};
  #pathFacts: PathFacts = {};
  /** Body bytes of the blob sent so far in this attempt. */
  sentBytes = 0;
  /** How far the blob got with the last request: its own bytes, after those of the ranges before it. */
  reachedBytes = 0;
  resends = 0;
  /** What goes on side by side takes its time once. */
  readonly #busy = new BusyTime();
  /** What came to nothing, by its Range: ranges side by side are different requests. */
  readonly #unsettled = new Map<string | undefined, Pick<Exchange, 'method' | 'url'>>();

  /** `originMs`: monotonic time of the run's start, to which the records are relative. `redactor` learns what is sent. */
  constructor(originMs: number, redactor: Redactor) {
    this.#originMs = originMs;
    this.#redactor = redactor;
  }

  get phaseMs(): Readonly<Partial<Record<Phase, number>>> {
    return this.#phaseMs;
  }

  get pathFacts(): PathFacts {
    return this.#pathFacts;
  }

  /** How far the body of the request under way is, at a monotonic time. */
  noteProgress(atMs: number, sentBytes: number): void {
    this.#samples.add(atMs, sentBytes);
  }

  add(step: Step, exchange: Exchange): void {
    this.#redactor.learn(exchange);
    this.#addTimes(step, exchange);
    // A question in between, how much has arrived, is no place that the blob got to.
    if (step === 'send' && exchange.method !== 'GET') {
      this.sentBytes += exchange.sentBytes;
      this.reachedBytes = rangeStart(exchange) + exchange.sentBytes;
    }
    this.#noteResend(exchange);
    this.#noteLocation(exchange);
    const { connection } = exchange;
    // What another host looks like, to which an answer led, is no fact of the path.
    if (connection !== undefined && exchange.redirectedFrom === undefined) {
      this.#pathFacts = {
        ...this.#pathFacts,
        remoteAddress: connection.remoteAddress,
        family: connection.family,
        httpVersion: connection.httpVersion,
        ...(connection.tls === undefined
          ? {}
          : {
              tlsVersion: connection.tls.version,
              tlsIssuer: connection.tls.issuer,
              certificateExpiresAt: connection.tls.expiresAt,
            }),
      };
    }
    this.requests.push({
      ...requestRecord(step, exchange, this.#originMs, this.#redactor),
      ...this.#progressOf(step, exchange),
    });
  }

  #progressOf(step: Step, exchange: Exchange): Pick<RequestRecord, 'progress'> {
    const { sendMs = 0, waitMs = 0, receiveMs = 0, endedAtMs, sentBytes } = exchange;
    const sentAtMs = endedAtMs - receiveMs - waitMs;
    const points = this.#samples.take(sentAtMs - sendMs, sentAtMs, sentBytes);
    return step !== 'send' || exchange.plannedBytes === 0 || sendMs < shortestWatchedMs
      ? {}
      : { progress: points.map(([atMs, bytes]) => [Math.round(atMs - this.#originMs), bytes]) };
  }

  /** Another host in Location is a fact about the path, whether it is allowed or not. */
  #noteLocation(exchange: Exchange): void {
    const location = header(exchange, 'location');
    const host = location === undefined ? undefined : parseUrl(location, exchange.url)?.host;
    if (host !== undefined && host !== exchange.url.host)
      this.#pathFacts = { ...this.#pathFacts, foreignLocationHost: cleanText(this.#redactor.redact(host), 100) };
  }

  /** The same request again, and not because its 401 named the credentials to send. */
  #noteResend(exchange: Exchange): void {
    const { method, url, requestHeaders } = exchange;
    const range = requestHeaders['range'];
    const before = this.#unsettled.get(range);
    if (before?.method === method && before.url.href === url.href) this.resends += 1;
    if (isSettled(exchange)) this.#unsettled.delete(range);
    else this.#unsettled.set(range, { method, url });
  }

  #addTimes(step: Step, exchange: Exchange): void {
    const { opening = {}, sendMs, waitMs, receiveMs } = exchange;
    this.#addTime('dns', opening.dnsMs);
    this.#addTime('connect', opening.connectMs);
    this.#addTime('tls', opening.tlsMs);
    if (step === 'send') {
      this.#addTime('send', sendMs);
      // An answer's body belongs to the wait for it; an early answer had no wait.
      this.#addTime('wait', waitMs === undefined ? undefined : waitMs + (receiveMs ?? 0));
    } else if (sendMs !== undefined) {
      const tookMs = sendMs + (waitMs ?? 0) + (receiveMs ?? 0);
      this.#addTime(step, this.#busy.add(exchange.endedAtMs, tookMs));
    }
  }

  #addTime(phase: Phase, durationMs: number | undefined): void {
    if (durationMs !== undefined) this.#phaseMs[phase] = (this.#phaseMs[phase] ?? 0) + durationMs;
  }
}

function rangeStart({ requestHeaders }: Exchange): number {
  return Number.parseInt(requestHeaders['content-range'] ?? '0', 10);
}

function requestRecord(step: Step, exchange: Exchange, originMs: number, redactor: Redactor): RequestRecord {
  const redact = (text: string): string => redactor.redact(text, exchange);
  const { response, connection, opening, sendMs, waitMs, receiveMs } = exchange;
  return {
    phase: step,
    method: exchange.method,
    url: shownUrl(exchange.url, redact),
    startMs: exchange.startedAtMs - originMs,
    durationMs: exchange.endedAtMs - exchange.startedAtMs,
    dnsMs: opening?.dnsMs,
    connectMs: opening?.connectMs,
    tlsMs: opening?.tlsMs,
    tried: triedBefore(opening),
    sendMs,
    waitMs,
    receiveMs,
    plannedBytes: exchange.plannedBytes,
    sentBytes: exchange.sentBytes,
    range: exchange.requestHeaders['range'],
    framing: framing(exchange),
    status: response?.status,
    responseHeaders: shownResponseHeaders(response, redact),
    responseBytes: response?.bodyBytes ?? 0,
    early: exchange.early,
    socketReused: exchange.socketReused,
    sentAgain: exchange.sentAgain,
    httpVersion: connection?.httpVersion,
    remoteAddress: connection?.remoteAddress,
    errorCode: exchange.error?.code,
    kernel: kernelAfter(exchange, originMs),
  };
}

/** Rounded: a history holds many points. */
function kernelAfter({ kernel }: Exchange, originMs: number): RequestRecord['kernel'] {
  if (kernel === undefined) return undefined;
  const points = kernel.points.map((point) => ({ ...point, atMs: Math.round(point.atMs - originMs) }));
  return { ...kernel, points };
}

function framing(exchange: Exchange): RequestRecord['framing'] {
  if (exchange.plannedBytes === 0) return 'none';
  return exchange.declaredLength ? 'content-length' : 'chunked';
}

/** After it the same request is another question: the next range, the one with credentials, skopeo's second look. What we ended ourselves asks for nothing. */
function isSettled({ response, error }: Exchange): boolean {
  const { status = 0 } = response ?? {};
  return error?.code === 'ABORTED' || (status > 0 && (status < 400 || status === 401 || status === 404));
}

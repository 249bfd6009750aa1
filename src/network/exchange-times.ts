import type { NetworkStage, Exchange } from './exchange.ts';

/** The marks of one exchange on the monotonic clock, and the durations that follow from them. Milliseconds. */
export class ExchangeTimes {
  readonly startedAtMs: number;
  /** The request line is being written; undefined while the connection is still being opened. */
  wroteAtMs: number | undefined;
  /** The kernel has accepted the last byte of the request. */
  lastByteAtMs: number | undefined;
  headersAtMs: number | undefined;
  /** The last piece of the answer's body so far, or when we read on after a rest. */
  dataAtMs: number | undefined;
  /** Nothing is read, to keep to the rate: that nothing comes is not the peer's doing. */
  isResting = false;

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }

  /** Where the exchange stands, in the words of a network error. */
  get stage(): NetworkStage {
    if (this.headersAtMs !== undefined) return 'receive';
    if (this.wroteAtMs === undefined) return 'connect';
    return this.lastByteAtMs === undefined ? 'send' : 'wait';
  }

  durations(nowMs: number): Pick<Exchange, 'early' | 'sendMs' | 'waitMs' | 'receiveMs' | 'silentMs'> {
    const { wroteAtMs, lastByteAtMs, headersAtMs } = this;
    if (wroteAtMs === undefined) return { early: false };
    const early = headersAtMs !== undefined && (lastByteAtMs === undefined || headersAtMs < lastByteAtMs);
    const receive =
      headersAtMs === undefined
        ? {}
        : { receiveMs: nowMs - headersAtMs, silentMs: this.isResting ? 0 : nowMs - (this.dataAtMs ?? headersAtMs) };
    if (early || lastByteAtMs === undefined) return { early, sendMs: (headersAtMs ?? nowMs) - wroteAtMs, ...receive };
    return { early, sendMs: lastByteAtMs - wroteAtMs, waitMs: (headersAtMs ?? nowMs) - lastByteAtMs, ...receive };
  }
}

/**
 * What the kernel knows of the way of one body, from the first byte of its request to the end of the exchange. Bytes are those of the
 * connection: head, framing and TLS included. Absent: this kernel does not tell, or not in so short a time.
 */
export interface KernelFacts {
  /** The next host is a proxy: of the way behind it the kernel knows nothing. */
  readonly viaProxy: boolean;
  /** The time of sending, by what held it up; the three together are all of it. In milliseconds. */
  readonly limited?: LimitedMs;
  readonly minRttMs?: number;
  readonly rttMs?: number;
  readonly pathMtuBytes?: number;
  readonly mssBytes?: number;
  readonly deliveryBytesPerSecond?: number;
  /** The next host's kernel acknowledged these: the truth about what arrived there, exact to a segment. */
  readonly ackedBytes?: number;
  /** Repeated ones included. */
  readonly sentBytes?: number;
  readonly retransmittedBytes?: number;
  /** Where it stood at the end. */
  readonly end: {
    readonly unackedSegments?: number;
    /** Retransmission timeouts without an acknowledgement. */
    readonly timeoutsInRow?: number;
    /** Probes of a closed window without an answer. */
    readonly probes?: number;
    /** 0: the peer takes nothing. */
    readonly windowBytes?: number;
    readonly notSentBytes?: number;
  };
  /** HTTP/2: the window with which the peer lets each stream begin. */
  readonly streamWindowBytes?: number;
  /** In order; a few dozen at most. */
  readonly points: readonly KernelPoint[];
}

/** `receiver`: TCP's window, or HTTP/2's, was full; `network`: the line; `prober`: this host had nothing to send, or no room for it. */
export const limiters = ['receiver', 'network', 'prober'] as const;
export type Limiter = (typeof limiters)[number];
export type LimitedMs = Readonly<Record<Limiter, number>>;

/** Sums since the begin of the request; `atMs` on the clock of the exchange. */
export interface KernelPoint {
  readonly atMs: number;
  readonly ackedBytes?: number;
  readonly rttMs?: number;
  readonly limited?: LimitedMs;
}

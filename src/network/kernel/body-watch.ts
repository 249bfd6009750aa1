import type { LiveConnection } from '../live-connection.ts';
import type { KernelFacts, KernelPoint, LimitedMs } from './kernel-facts.ts';
import type { TcpInfo } from './tcp-info.ts';

interface BodyWatchOptions {
  readonly viaProxy: boolean;
  readonly read: () => TcpInfo | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Whether the HTTP client has bytes that HTTP/2 keeps it from writing, and not we. */
  readonly isHeldByPeer: () => boolean;
  readonly streamWindowBytes: () => number | undefined;
}

/** undefined: there is no connection, or the kernel cannot be asked. */
export function watchBody(
  connection: LiveConnection | undefined,
  body: { readonly isHeld: boolean },
  now: () => number,
): BodyWatch | undefined {
  if (connection?.tcpInfo === undefined) return undefined;
  const { tcpInfo: read, http2, facts } = connection;
  const isHeldByPeer = (): boolean => http2 !== undefined && body.isHeld;
  return new BodyWatch({
    viaProxy: facts.viaProxy,
    read,
    now,
    isHeldByPeer,
    streamWindowBytes: () => http2?.streamWindowBytes,
  });
}

/** Of one request. */
const mostPoints = 40;

/** What the kernel says of the connection while it carries one body. Begins at once; costs one call into the kernel a sample. */
export class BodyWatch {
  readonly #options: BodyWatchOptions;
  readonly #startedMs: number;
  readonly #first: TcpInfo | undefined;
  #last: TcpInfo | undefined;
  #points: KernelPoint[];
  #everyNth = 1;
  #samples = 0;
  #sendingSamples = 0;
  #heldSamples = 0;
  #sending = true;
  #idleMs = 0;

  constructor(options: BodyWatchOptions) {
    this.#options = options;
    this.#startedMs = options.now();
    this.#first = options.read();
    const begin = this.#look();
    this.#points = begin === undefined ? [] : [begin];
  }

  /** To be called about ten times a second. */
  sample(): void {
    this.#samples += 1;
    if (this.#sending) this.#sendingSamples += 1;
    if (this.#sending && this.#options.isHeldByPeer()) this.#heldSamples += 1;
    const point = this.#look();
    if (point !== undefined && this.#samples % this.#everyNth === 0) this.#keep(point);
  }

  /** The kernel has the last byte: from here on nothing is missing from us. */
  lastByteTaken(): void {
    this.#look();
    this.#sending = false;
  }

  /** undefined: nothing could be read. */
  facts(): KernelFacts | undefined {
    const point = this.#look();
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last === undefined) return undefined;
    const { minRttMs, rttMs, pathMtuBytes, mssBytes, deliveryBytesPerSecond } = last;
    const { unackedSegments, timeoutsInRow, probes, windowBytes, notSentBytes } = last;
    return {
      viaProxy: this.#options.viaProxy,
      limited: this.#limited(first, last),
      minRttMs,
      rttMs,
      pathMtuBytes,
      mssBytes,
      deliveryBytesPerSecond,
      ackedBytes: difference(first.ackedBytes, last.ackedBytes),
      sentBytes: difference(first.sentBytes, last.sentBytes),
      retransmittedBytes: difference(first.retransmittedBytes, last.retransmittedBytes),
      end: { unackedSegments, timeoutsInRow, probes, windowBytes, notSentBytes },
      streamWindowBytes: this.#options.streamWindowBytes(),
      points: point === undefined ? this.#points : [...this.#points, point],
    };
  }

  #look(): KernelPoint | undefined {
    const info = this.#options.read();
    const first = this.#first;
    if (info === undefined || first === undefined) return undefined;
    this.#last = info;
    const atMs = this.#options.now();
    const busyMs = difference(first.busyMs, info.busyMs);
    if (this.#sending && busyMs !== undefined) this.#idleMs = Math.max(this.#idleMs, atMs - this.#startedMs - busyMs);
    return {
      atMs,
      ackedBytes: difference(first.ackedBytes, info.ackedBytes),
      rttMs: info.rttMs,
      limited: this.#limited(first, info),
    };
  }

  #limited(first: TcpInfo, info: TcpInfo): LimitedMs | undefined {
    const busyMs = difference(first.busyMs, info.busyMs);
    const windowMs = difference(first.receiverLimitedMs, info.receiverLimitedMs);
    const bufferMs = difference(first.bufferLimitedMs, info.bufferLimitedMs);
    if (busyMs === undefined || windowMs === undefined || bufferMs === undefined) return undefined;
    const heldMs = (this.#idleMs * this.#heldSamples) / Math.max(1, this.#sendingSamples);
    return {
      receiver: windowMs + heldMs,
      network: Math.max(0, busyMs - windowMs - bufferMs),
      prober: bufferMs + this.#idleMs - heldMs,
    };
  }

  #keep(point: KernelPoint): void {
    this.#points.push(point);
    if (this.#points.length <= mostPoints) return;
    // Sums lose nothing when every second one is left out.
    this.#points = this.#points.filter((_point, index) => index % 2 === 0);
    this.#everyNth *= 2;
  }
}

function difference(first: number | undefined, last: number | undefined): number | undefined {
  return first === undefined || last === undefined ? undefined : Math.max(0, last - first);
}

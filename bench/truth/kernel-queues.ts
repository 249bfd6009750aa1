import { readFileSync } from 'node:fs';

interface Sample {
  readonly atMs: number;
  /** Bytes that the sender's kernel has accepted by then. */
  readonly acceptedBytes: number;
}

/**
 * Watches, from the receiving process, how many bytes the sending one has handed to its kernel: those read here, plus those that wait
 * on this side, plus those that the other side has not had acknowledged. Both queues are in /proc/net/tcp when both ends are on this
 * host. Looks once a millisecond.
 */
export class KernelQueues {
  readonly #own: string;
  readonly #others: string;
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #readBytes: () => number = () => 0;

  constructor(localPort: number, remotePort: number) {
    const end = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    this.#own = `${end(localPort)} 0100007F${end(remotePort)}`;
    this.#others = `${end(remotePort)} 0100007F${end(localPort)}`;
  }

  /** `readBytes`: what has been read here since the request began. */
  start(readBytes: () => number): void {
    this.#samples.length = 0;
    this.#readBytes = readBytes;
    this.#timer = setInterval(() => {
      const atMs = performance.now();
      const table = readFileSync(connectionTable, 'latin1');
      const waiting = queuesOf(table, this.#own)?.received ?? 0;
      const underWay = queuesOf(table, this.#others)?.unacknowledged ?? 0;
      this.#samples.push({ atMs, acceptedBytes: readBytes() + waiting + underWay });
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
    // What has been read has been accepted, at the latest now.
    this.#samples.push({ atMs: performance.now(), acceptedBytes: this.#readBytes() });
  }

  /** When this many bytes had been accepted first; undefined when it was not seen. */
  reachedAtMs(bytes: number): number | undefined {
    return this.#samples.find(({ acceptedBytes }) => acceptedBytes >= bytes)?.atMs;
  }
}

/** How long one look takes, in milliseconds: no moment is known better than that. The shortest of a few. */
export function lookMs(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 20; look += 1) {
    const startMs = performance.now();
    readFileSync(connectionTable, 'latin1');
    best = Math.min(best, performance.now() - startMs);
  }
  return best;
}

const connectionTable = '/proc/net/tcp';

function queuesOf(table: string, ends: string): { received: number; unacknowledged: number } | undefined {
  const at = table.indexOf(ends);
  const [unacknowledged = '', received = ''] = table.slice(at + ends.length + 4, at + ends.length + 21).split(':');
  return at < 0
    ? undefined
    : { received: Number.parseInt(received, 16), unacknowledged: Number.parseInt(unacknowledged, 16) };
}

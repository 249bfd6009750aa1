import { type Exchange, type HttpResponse, NetworkError, type OnResponseChunk } from '../network/exchange.ts';
import type { Lanes } from './lanes.ts';

/** Ranges of a blob that a client fetches side by side. */
export interface Ranges {
  readonly bytes: number;
  /** Ranges of one blob that it has in memory, and requests to the registry, at a time. */
  readonly atOnce: number;
}

/** One GET of the blob from a byte on; what comes of a good answer goes to `take`, which ends the exchange when it returns false. */
type Ask = (from: number, take: OnResponseChunk, signal: AbortSignal) => Promise<Exchange>;

interface RangedFetchOptions {
  readonly ranges: Ranges;
  /** Of all blobs that are fetched at the same time. */
  readonly lanes: Lanes;
  /** The first byte that is wanted. */
  readonly from: number;
  readonly ask: Ask;
  /** Gets all bytes in their order. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Ends all of it. */
  readonly signal: AbortSignal;
}

/** What has come of one range. */
interface Part {
  readonly index: number;
  leftBytes: number;
  /** What waits for the ranges before it. */
  kept: Uint8Array[];
  isWhole: boolean;
}

/**
 * The rest of a blob in ranges side by side, as containerd's fetcher has it: each is asked for without an end and let go of once it is
 * full; one that fails ends the others. The answer to the first says whether there are ranges: 200, or no more bytes than one holds, and
 * all comes in one piece. At most `atOnce` ranges wait in memory.
 */
export class RangedFetch {
  readonly #options: RangedFetchOptions;
  readonly #ending = new AbortController();
  /** Of all requests: whoever asked for the blob ends them, or the first that fails. */
  readonly #signal: AbortSignal;
  readonly #parts: Part[] = [];
  readonly #fetches: Promise<void>[] = [];
  #count: number | undefined;
  /** The range whose bytes are next. */
  #reading = 0;
  #skipBytes = 0;
  #last: Exchange | undefined;
  #failure: { readonly index: number; readonly error: unknown } | undefined;

  constructor(options: RangedFetchOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ending.signal]);
  }

  /**
   * Returns the last exchange when all has come, and the one that was cut (`error`) when all before the cut has come, so that the rest can be asked
   * for. Throws what else ended it.
   */
  async execute(): Promise<Exchange> {
    this.#start();
    // It grows while it goes on.
    for (const fetch of this.#fetches) await fetch;
    return this.#outcome();
  }

  #outcome(): Exchange {
    if (this.#failure !== undefined) {
      const { index, error } = this.#failure;
      const cut = error instanceof NetworkError && error.exchange?.response !== undefined ? error.exchange : undefined;
      // Of a range further on the client learns as of one that it ended itself, and goes on after neither.
      if (cut === undefined || index !== this.#reading) throw error;
      return cut;
    }
    if (this.#last === undefined) throw new Error('a fetch without an exchange');
    return this.#last;
  }

  #start(): void {
    const { lanes, ranges } = this.#options;
    const part = { index: this.#parts.length, leftBytes: ranges.bytes, kept: [], isWhole: false };
    this.#parts.push(part);
    this.#fetches.push(lanes.run(() => this.#fetch(part)));
  }

  /** As many as may be in memory, the one that is read included. */
  #startMore(): void {
    const { atOnce } = this.#options.ranges;
    const end = Math.min(this.#count ?? 0, this.#reading + atOnce);
    while (this.#parts.length < end) this.#start();
  }

  /** A failure ends the others before the next one has its lane. */
  async #fetch(part: Part): Promise<void> {
    const { ask, from, ranges } = this.#options;
    const take: OnResponseChunk = (chunk, head) => this.#take(part, chunk, head);
    try {
      this.#signal.throwIfAborted();
      const exchange = await ask(from + part.index * ranges.bytes, take, this.#signal);
      if (exchange.error !== undefined) throw exchange.error;
      this.#last = exchange;
      this.#finish(part);
    } catch (error) {
      this.#failure ??= { index: part.index, error };
      this.#ending.abort(error);
    }
  }

  #take(part: Part, chunk: Uint8Array, head: Pick<HttpResponse, 'status' | 'headers'>): boolean {
    this.#count ??= this.#countOf(head);
    this.#startMore();
    if (this.#failure !== undefined) return false;
    const skipped = Math.min(this.#skipBytes, chunk.byteLength);
    this.#skipBytes -= skipped;
    const wanted = chunk.subarray(skipped, this.#count === 1 ? undefined : part.leftBytes);
    part.leftBytes -= wanted.byteLength;
    if (part.index === this.#reading) this.#options.onBytes(wanted);
    else part.kept.push(wanted);
    return this.#count === 1 || part.leftBytes > 0;
  }

  /** Ranges that the first answer leaves to ask for, itself included. */
  #countOf({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>): number {
    const { from, ranges } = this.#options;
    if (status !== 206 && headers['content-range'] === undefined) {
      // All of it came; what is known is passed over.
      this.#skipBytes = from;
      return 1;
    }
    const restBytes = Number(headers['content-length']?.[0] ?? 0);
    return Math.max(1, Math.ceil(restBytes / ranges.bytes));
  }

  #finish(part: Part): void {
    part.isWhole = true;
    while (this.#parts[this.#reading]?.isWhole === true) {
      this.#reading += 1;
      for (const bytes of this.#parts[this.#reading]?.kept.splice(0) ?? []) this.#options.onBytes(bytes);
    }
    this.#startMore();
  }
}

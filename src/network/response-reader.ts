import { gunzipSync } from 'node:zlib';
import type { HttpRequest, HttpResponse, OnResponseChunk } from './exchange.ts';
import { joined } from './joined.ts';

/** A body longer than this that nobody streams ends the exchange: an endless error page must not cost time and traffic. */
const maxDiscardedBytes = 4 * 1024 * 1024;

/** Collects a response within bounds: the first `maxBodyBytes` of the body are kept, or all of it goes to `onChunk`. */
export class ResponseReader {
  readonly #maxBodyBytes: number;
  readonly #onChunk: OnResponseChunk | undefined;
  readonly #streamLimitBytes: number;
  #kept: Buffer = Buffer.alloc(0);
  #bodyBytes = 0;
  /** 0: no headers came yet. */
  #status = 0;
  #headers: Record<string, readonly string[]> = {};

  constructor(
    maxBodyBytes: number,
    { onResponseChunk, responseLimitBytes }: Pick<HttpRequest, 'onResponseChunk' | 'responseLimitBytes'>,
  ) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#onChunk = onResponseChunk;
    this.#streamLimitBytes = responseLimitBytes ?? Number.POSITIVE_INFINITY;
  }

  start(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#status = status;
    this.#headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value === undefined ? [] : [value].flat()]),
    );
  }

  /** The body goes to `onChunk`: nobody wants to read the page of an error as a blob. */
  get streams(): boolean {
    return this.#onChunk !== undefined && this.#status > 0 && this.#status < 300;
  }

  /** Whoever the body goes to wants no more of it. */
  hasEnough = false;

  /** false: the body has outgrown its bound, or the reader has enough of it, and the exchange should end. */
  take(chunk: Uint8Array): boolean {
    this.#bodyBytes += chunk.byteLength;
    if (this.streams) {
      this.hasEnough = this.#onChunk?.(chunk, { status: this.#status, headers: this.#headers }) === false;
      return !this.hasEnough && this.#bodyBytes <= this.#streamLimitBytes;
    }
    this.#kept = joined(this.#kept, chunk.subarray(0, this.#maxBodyBytes - this.#kept.length));
    return this.#bodyBytes <= maxDiscardedBytes;
  }

  /** The response as far as it came; undefined when no headers came. */
  finish(complete: boolean): HttpResponse | undefined {
    if (this.#status === 0) return undefined;
    return {
      status: this.#status,
      headers: this.#headers,
      body: this.#body(),
      bodyBytes: this.#bodyBytes,
      complete,
    };
  }

  /** As Go's transport does: what it offered to take compressed it hands on plain. What is not all there stays as it came. */
  #body(): Buffer {
    const bytes = Buffer.from(this.#kept);
    const coding = this.#headers['content-encoding']?.join().trim().toLowerCase();
    if (coding !== 'gzip') return bytes;
    try {
      return gunzipSync(bytes, { maxOutputLength: this.#maxBodyBytes });
    } catch {
      return bytes;
    }
  }
}

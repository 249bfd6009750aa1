import { createHash, type Hash } from 'node:crypto';
import type { Exchange, HttpResponse, OnResponseChunk } from '../network/exchange.ts';
import { ProtocolError, type ProtocolProblem } from './errors.ts';
import { Lanes } from './lanes.ts';
import type { Descriptor } from './manifest.ts';
import { RangedFetch, type Ranges } from './ranged-fetch.ts';
import type { Refusal } from './refusals.ts';
import type { RegistryClient } from './registry-client.ts';

/** An answer that broke off, as far as going on depends on it. */
export interface PullCut {
  /** Node's or undici's code: `ECONNRESET` is a RST, `UND_ERR_SOCKET` an end before the body's. */
  readonly code: string;
  /** Bytes that came since the last resumption of this attempt, or since its beginning. */
  readonly newBytes: number;
  /** Resumptions of this attempt so far. */
  readonly resumptions: number;
  /** Resumptions in a row that brought no byte. */
  readonly emptyResumptions: number;
}

/** What a client does with a blob that does not come in one piece. */
export interface PullManner {
  /** Headers of the GET of a blob. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds to wait before the rest is asked for by Range, within the attempt; undefined: the cut ends it. */
  readonly resumesAfterMs: (cut: PullCut, random: number) => number | undefined;
  /** The next attempt goes on where this one was cut. When that is refused, the one after begins anew. */
  readonly resumesAtNextAttempt: boolean;
  /** The Range that it sends, of a blob of so many bytes. */
  readonly range: (from: number, sizeBytes: number) => string;
  /** An opening that fails is tried once more at once, within the attempt. */
  readonly opensTwice: boolean;
  /** Redirects that it does not follow; undefined: none. */
  readonly refusesRedirect?: Refusal;
  /** What the whole blob is to it in answer to a Range: something to skip the known part of, or a failure. */
  readonly wholeForRange: 'skips' | 'fails';
  /** Ranges that it asks for side by side, from the beginning; undefined: all in one. */
  readonly ranges?: Ranges;
}

/** For clients that take what comes, once. */
export const takesItOnce: PullManner = {
  headers: {},
  range: (from) => `bytes=${from}-`,
  opensTwice: false,
  resumesAfterMs: () => undefined,
  resumesAtNextAttempt: false,
  wholeForRange: 'fails',
};

export interface PullAttempt {
  /** Bytes that came over the wire, those that are skipped included. */
  readonly onBytes: (count: number) => void;
  /** Waits before a resumption; undefined: nothing is resumed within the attempt. */
  readonly pause?: ((delayMs: number) => Promise<void>) | undefined;
  /** In [0, 1): feeds the jitter. */
  readonly random: () => number;
}

/** What may come beyond the size of the blob before the pull ends: enough to prove that it is longer. */
const surplusBytes = 64 * 1024;

/**
 * GET of a blob, hashed as it comes, in constant memory, at most 64 KiB beyond its size, over one attempt or several. Redirects are
 * followed (redirects.ts), and seen: each is an exchange of its own.
 */
export class BlobPull {
  readonly #blob: Descriptor;
  readonly #manner: PullManner;
  readonly #lanes: Lanes;
  /** Why a part that came does not belong where it was put. */
  #misplaced: string | undefined;
  #hash: Hash = createHash('sha256');
  #bytes = 0;
  /** Of the request under way. */
  #newBytes = 0;

  /** `lanes`: for the requests of all blobs that are pulled at the same time, where they come in ranges. */
  constructor(blob: Descriptor, manner: PullManner, lanes?: Lanes) {
    this.#blob = blob;
    this.#manner = manner;
    this.#lanes = lanes ?? new Lanes(manner.ranges?.atOnce ?? 1);
  }

  /**
   * One attempt at the blob, or at the rest of it. Throws ProtocolError (`digest_differs`, `length_wrong`, `range_ignored`) when what came
   * back is not what was pushed, or not the part that was asked for; NetworkError when it was cut and the client does not go on.
   */
  async attempt(client: RegistryClient, options: PullAttempt): Promise<void> {
    const resumed = this.#bytes > 0;
    if (!this.#manner.resumesAtNextAttempt) this.#startOver();
    try {
      this.#compare(await this.#allOfIt(client, options));
    } catch (error) {
      // A resumption that brought nothing is not tried again: the next attempt takes all.
      if (resumed && this.#newBytes === 0) this.#startOver();
      throw error;
    }
  }

  async #allOfIt(client: RegistryClient, { onBytes, pause, random }: PullAttempt): Promise<Exchange> {
    let emptyResumptions = 0;
    for (let resumptions = 0; ; resumptions += 1) {
      this.#newBytes = 0;
      const exchange = await this.#opened(client, onBytes, pause !== undefined);
      // Too long is what is wrong with it, not that we stopped reading.
      const cut = exchange.error?.code === 'BODY_TOO_LONG' ? undefined : exchange.error;
      if (cut === undefined) return exchange;
      emptyResumptions = this.#newBytes === 0 ? emptyResumptions + 1 : 0;
      const facts = { code: cut.code, newBytes: this.#newBytes, resumptions, emptyResumptions };
      const delayMs = pause === undefined ? undefined : this.#manner.resumesAfterMs(facts, random());
      if (delayMs === undefined) throw cut;
      await pause?.(delayMs);
    }
  }

  async #opened(client: RegistryClient, onBytes: (count: number) => void, twice: boolean): Promise<Exchange> {
    const anew = this.#bytes === 0;
    const { ranges } = this.#manner;
    const get = (): Promise<Exchange> =>
      ranges === undefined ? this.#get(client, onBytes) : this.#getInRanges(client, onBytes, ranges);
    try {
      return await get();
    } catch (error) {
      if (!(anew && twice && this.#manner.opensTwice) || client.signal.aborted) throw error;
      return get();
    }
  }

  /** Each part is put where it was asked for, whatever its answer says, as containerd does: the digest tells. */
  #getInRanges(client: RegistryClient, onBytes: (count: number) => void, ranges: Ranges): Promise<Exchange> {
    const first = this.#bytes;
    return new RangedFetch({
      ranges,
      lanes: this.#lanes,
      from: first,
      signal: client.signal,
      onBytes: (bytes) => this.#take(bytes),
      ask: (from, take, signal) =>
        this.#send(client, from, signal, (chunk, head) => {
          onBytes(chunk.byteLength);
          if (head.status === 206 || from > first) this.#misplaced ??= misfit(head, from);
          return take(chunk, head);
        }),
    }).execute();
  }

  async #get(client: RegistryClient, onBytes: (count: number) => void): Promise<Exchange> {
    const from = this.#bytes;
    let seen = 0;
    let problem: string | undefined;
    const exchange = await this.#send(client, from, client.signal, (chunk, head) => {
      onBytes(chunk.byteLength);
      const skips = head.status !== 206 && this.#manner.wholeForRange === 'skips';
      problem ??= from > 0 && !skips ? misfit(head, from) : undefined;
      if (problem !== undefined) return false;
      const skipped = head.status === 206 ? 0 : Math.max(0, Math.min(from - seen, chunk.byteLength));
      seen += chunk.byteLength;
      this.#take(chunk.subarray(skipped));
      return true;
    });
    if (problem === undefined) return exchange;
    throw new ProtocolError({ step: 'pull', problem: 'range_ignored', exchange, message: problem });
  }

  #send(
    client: RegistryClient,
    from: number,
    signal: AbortSignal,
    onResponseChunk: OnResponseChunk,
  ): Promise<Exchange> {
    const ranged = from > 0 || this.#manner.ranges !== undefined;
    return client.send({
      step: 'pull',
      method: 'GET',
      url: client.url(`blobs/${this.#blob.digest}`),
      // The stored bytes are wanted, not a re-encoding of them: the digest is over what is stored.
      headers: {
        ...this.#manner.headers,
        'accept-encoding': 'identity',
        ...(ranged ? { range: this.#manner.range(from, this.#blob.sizeBytes) } : {}),
      },
      signal,
      actions: ['pull'],
      accepted: ranged ? [200, 206] : [200],
      // A refused resumption ends the attempt of a client that resumes at the next one.
      refusesRedirect: this.#manner.refusesRedirect,
      sentOnce: from > 0 && this.#manner.resumesAtNextAttempt,
      responseLimitBytes: this.#blob.sizeBytes + surplusBytes,
      onResponseChunk,
    });
  }

  #take(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
    this.#newBytes += chunk.byteLength;
  }

  #compare(exchange: Exchange): void {
    const { sizeBytes, digest } = this.#blob;
    const bytes = this.#bytes;
    const found = this.#hash.digest('hex');
    const misplaced = this.#misplaced;
    this.#startOver();
    const fail = (problem: ProtocolProblem, message: string): ProtocolError =>
      new ProtocolError({
        step: 'pull',
        problem: misplaced === undefined ? problem : 'range_ignored',
        exchange,
        message: misplaced ?? message,
      });
    if (bytes !== sizeBytes) {
      const more = exchange.error === undefined ? '' : ', and more came';
      throw fail('length_wrong', `pulled ${bytes} bytes of ${sizeBytes}${more}`);
    }
    if (`sha256:${found}` !== digest) throw fail('digest_differs', 'pulled bytes have another digest');
  }

  #startOver(): void {
    this.#misplaced = undefined;
    this.#hash = createHash('sha256');
    this.#bytes = 0;
  }
}

/** Why an answer to a Range from `from` on cannot be put where it was asked for; undefined: it can. */
function misfit(head: Pick<HttpResponse, 'status' | 'headers'>, from: number): string | undefined {
  const asked = `asked for the rest from byte ${from} on`;
  if (head.status !== 206) return `${asked}, all of the blob came (${head.status})`;
  const start = /^bytes (\d{1,15})-/.exec(head.headers['content-range']?.[0] ?? '')?.[1];
  return start === String(from) ? undefined : `${asked}, the answer does not say that it begins there`;
}

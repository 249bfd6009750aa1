import { createCipheriv, createHash, type Hash, randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Bytes of one write: always as many, or by how many went out before it. */
type WriteBytes = number | ((goneBytes: number) => number);

/** Bytes to push: unique, incompressible, streamed from one block in memory whatever the size. */
export interface Payload {
  /** `sha256:<hex>`. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** The bytes from `from` (inclusive) to `to` (exclusive) in pieces of `writeBytes`; the last one may be shorter. */
  chunks(writeBytes: WriteBytes, from?: number, to?: number): Iterable<Uint8Array>;
}

/** Prepares payloads; the costly part, the hash of the long prefix, is done once per size and copied (`hash.copy()`). */
export interface PayloadSource {
  /**
   * A payload of `sizeBytes` whose last bytes are `nonce` (random when not given): another nonce, another digest. Call it
   * before the timed window: the first call for a size hashes all of it, yielding to the event loop on the way. Ends with the
   * reason of `signal` once that aborts: a size of terabytes takes hours.
   */
  prepare(sizeBytes: number, nonce?: Uint8Array, signal?: AbortSignal): Promise<Payload>;
}

const blockBytes = 4 * 1024 * 1024;
const nonceBytes = 32;
const rememberedSizes = 64;
const rememberedCuts = 16;

/**
 * A source whose bytes follow from `seed` alone, so that a run can be repeated. The block is longer than the window of any
 * compressor met on the way (gzip 32 KiB, zstd's default 2 MiB), so nothing can shrink the body and flatter the path.
 */
export function createPayloadSource(seed: string): PayloadSource {
  const block = seededBlock(seed);
  const cut = createCuts(block);
  const prefixes = new Map<number, Promise<Hash>>();
  const prefixState = async (prefixBytes: number, signal: AbortSignal | undefined): Promise<Hash> => {
    const state = prefixes.get(prefixBytes) ?? hashPrefix(block, prefixBytes, signal);
    prefixes.delete(prefixBytes);
    prefixes.set(prefixBytes, state);
    const [oldest = prefixBytes] = prefixes.keys();
    if (prefixes.size > rememberedSizes) prefixes.delete(oldest);
    try {
      return await state;
    } catch {
      if (prefixes.get(prefixBytes) === state) prefixes.delete(prefixBytes);
      signal?.throwIfAborted();
      // Somebody else who wanted this size gave up; we did not.
      return prefixState(prefixBytes, signal);
    }
  };
  return {
    async prepare(sizeBytes, nonce = randomBytes(nonceBytes), signal) {
      const tail = nonce.subarray(0, Math.min(sizeBytes, nonceBytes));
      const prefixBytes = sizeBytes - tail.byteLength;
      const state = await prefixState(prefixBytes, signal);
      const digest = `sha256:${state.copy().update(tail).digest('hex')}`;
      return {
        digest,
        sizeBytes,
        chunks: (writeBytes, from = 0, to = sizeBytes) =>
          pieces({ block, cut, tail, prefixBytes }, writeBytes, from, to),
      };
    },
  };
}

function seededBlock(seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(blockBytes));
}

async function hashPrefix(block: Buffer, prefixBytes: number, signal: AbortSignal | undefined): Promise<Hash> {
  const hash = createHash('sha256');
  const stepBytes = 1024 * 1024;
  for (let offset = 0; offset < prefixBytes; offset += stepBytes) {
    const start = offset % blockBytes;
    hash.update(block.subarray(start, start + Math.min(stepBytes, prefixBytes - offset)));
    await nextTurn();
    signal?.throwIfAborted();
  }
  return hash;
}

/**
 * The block cut into writes, by offset. Made once a write size: a new view for each of a million writes is garbage that shows in
 * the memory of the process.
 */
function createCuts(block: Buffer): (writeBytes: number) => ReadonlyMap<number, Uint8Array> {
  const cuts = new Map<number, ReadonlyMap<number, Uint8Array>>();
  const uncut = new Map<number, Uint8Array>();
  return (writeBytes) => {
    const known = cuts.get(writeBytes);
    if (known !== undefined || blockBytes % writeBytes !== 0 || cuts.size >= rememberedCuts) return known ?? uncut;
    const starts = Array.from({ length: blockBytes / writeBytes }, (_, index) => index * writeBytes);
    const cut = new Map(starts.map((start) => [start, block.subarray(start, start + writeBytes)]));
    cuts.set(writeBytes, cut);
    return cut;
  };
}

interface PayloadBytes {
  readonly block: Buffer;
  readonly cut: (writeBytes: number) => ReadonlyMap<number, Uint8Array>;
  readonly tail: Uint8Array;
  readonly prefixBytes: number;
}

function* pieces(bytes: PayloadBytes, writeBytes: WriteBytes, from: number, to: number): Generator<Uint8Array> {
  const { block, tail, prefixBytes } = bytes;
  for (let offset = from; offset < to; ) {
    const wanted = typeof writeBytes === 'number' ? writeBytes : writeBytes(offset - from);
    const end = Math.min(offset + wanted, to);
    const start = offset % blockBytes;
    const whole = end - offset === wanted && end <= prefixBytes ? bytes.cut(wanted).get(start) : undefined;
    if (whole !== undefined) yield whole;
    else if (end <= prefixBytes && start + (end - offset) <= blockBytes)
      yield block.subarray(start, start + (end - offset));
    else yield assemble(block, tail, prefixBytes, offset, end);
    offset = end;
  }
}

/** A piece that crosses the end of the block or of the prefix: the only ones that are copied. */
function assemble(block: Buffer, tail: Uint8Array, prefixBytes: number, from: number, to: number): Buffer {
  const piece = Buffer.alloc(to - from);
  for (let offset = from; offset < to; ) {
    const inTail = offset >= prefixBytes;
    const source = inTail ? tail : block;
    const start = inTail ? offset - prefixBytes : offset % blockBytes;
    const available = inTail ? nonceBytes : Math.min(blockBytes - start, prefixBytes - offset);
    const count = Math.min(available, to - offset);
    piece.set(source.subarray(start, start + count), offset - from);
    offset += count;
  }
  return piece;
}

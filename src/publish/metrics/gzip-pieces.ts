import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { crcShift, joinCrc } from './crc32.ts';

/** A stretch of text that is kept compressed only. Fragments written one after the other are one deflate stream. */
export interface Fragment {
  /** Deflate blocks (RFC 1951), none of them the last, ending on a byte. */
  readonly bytes: Buffer;
  readonly textBytes: number;
  readonly crc: number;
  readonly crcShift: number;
}

/** A stretch of text; short ones stay text and are compressed together with their neighbours. */
export type Piece = string | Fragment;

/** Below it, deflate saves next to nothing on a text alone. */
const shortTextLength = 512;

/** Most of the saving for a fraction of the time; a small state, because most texts are of a few KiB. */
const compression = { level: 2, memLevel: 4, windowBits: 13, finishFlush: constants.Z_SYNC_FLUSH };

/** Keeps a text in whichever form is smaller. */
export function pieceOf(text: string): Piece {
  return text.length < shortTextLength ? text : compress(text);
}

/** The text of a piece. */
export function textOf(piece: Piece): string {
  return typeof piece === 'string'
    ? piece
    : inflateRawSync(piece.bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

/** All pieces as one. */
export function joinPieces(pieces: readonly Piece[]): Fragment {
  const fragments: Fragment[] = [];
  let texts: string[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      texts.push(piece);
    } else {
      fragments.push(...compressAll(texts), piece);
      texts = [];
    }
  }
  fragments.push(...compressAll(texts));
  const [only] = fragments;
  return fragments.length === 1 && only !== undefined ? only : joinFragments(fragments);
}

function joinFragments(fragments: readonly Fragment[]): Fragment {
  const textBytes = fragments.reduce((sum, fragment) => sum + fragment.textBytes, 0);
  return {
    bytes: Buffer.concat(fragments.map(({ bytes }) => bytes)),
    textBytes,
    crc: fragments.reduce((crc, next) => joinCrc(crc, next.crc, next.crcShift), 0),
    crcShift: crcShift(textBytes),
  };
}

function compressAll(texts: readonly string[]): Fragment[] {
  return texts.length === 0 ? [] : [compress(texts.join(''))];
}

function compress(text: string): Fragment {
  const bytes = Buffer.from(text);
  return {
    bytes: copyOf(deflateRawSync(bytes, compression)),
    textBytes: bytes.length,
    crc: crc32(bytes),
    crcShift: crcShift(bytes.length),
  };
}

/** A copy in memory of its own: what zlib returns is the beginning of 16 KiB, all of which would be kept. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Magic, deflate, no flags, no time, nothing said of level and system (RFC 1952 §2.3). */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty last block: of fixed codes, with nothing but its end. */
const lastBlock = Buffer.from([0x03, 0x00]);

/** One gzip member of all fragments; a single one, because not every client reads several (curl does not). */
export async function* gzipMember(fragments: AsyncIterable<Fragment>): AsyncGenerator<Buffer> {
  yield gzipHeader;
  let crc = 0;
  let size = 0;
  for await (const fragment of fragments) {
    crc = joinCrc(crc, fragment.crc, fragment.crcShift);
    size += fragment.textBytes;
    yield fragment.bytes;
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([lastBlock, trailer]);
}

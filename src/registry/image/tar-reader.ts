import { ByteReader } from './byte-reader.ts';
import { ImageError } from './stored-image.ts';

/** One entry of a tar stream. Its body must be read to the end before the next entry. */
interface TarEntry {
  readonly name: string;
  /** Target of a symbolic or hard link; absent: it is a file or folder. */
  readonly linkName?: string;
  readonly isFile: boolean;
  readonly sizeBytes: number;
  body(): AsyncIterable<Uint8Array>;
}

const blockBytes = 512;
/** Of a long name or a pax header. */
const mostHeaderBytes = 1024 * 1024;

/**
 * Entries of a tar stream as tar, docker and skopeo write them: POSIX ustar with pax headers, GNU long names and sizes in base 256 (pax(1),
 * "ustar Interchange Format"; tar(5)). Throws ImageError for what is no tar, or ends too early. Read by hand: only names and sizes are wanted.
 */
export async function* tarEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const input = new ByteReader(source);
  let next: Overrides = {};
  for (;;) {
    const header = await input.upTo(blockBytes);
    // Two blocks of zeros are the end; some writers leave them out.
    if (header.every((byte) => byte === 0)) return;
    if (header.length < blockBytes || !hasGoodSum(header)) throw new ImageError('is no tar archive, or a damaged one');
    const sizeBytes = next.size ?? numberAt(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    if ('xLKg'.includes(type)) {
      if (sizeBytes > mostHeaderBytes) throw new ImageError('is a tar archive with a header of absurd length');
      const text = Buffer.from(await input.upTo(padded(sizeBytes))).subarray(0, sizeBytes);
      next = { ...next, ...overridesOf(type, text) };
    } else {
      let isRead = false;
      const hasBody = type === '0' || type === '\0' || type === '7';
      const bodyBytes = hasBody ? sizeBytes : 0;
      yield {
        name: (next.path ?? nameOf(header)).replace(/^(?:\.?\/)+/, ''),
        linkName: type === '1' || type === '2' ? (next.linkpath ?? textAt(header, 157, 100)) : undefined,
        isFile: hasBody,
        sizeBytes: bodyBytes,
        body() {
          isRead = true;
          return bodyOf(input, bodyBytes);
        },
      };
      if (!isRead) await skip(bodyOf(input, bodyBytes));
      next = {};
    }
  }
}

interface Overrides {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
}

/** Headers that speak of the next entry; global ones say nothing that is needed. */
function overridesOf(type: string, text: Buffer): Overrides {
  const word = text.toString('utf8').replace(/\0.*/s, '');
  if (type === 'L') return { path: word };
  if (type === 'K') return { linkpath: word };
  if (type === 'g') return {};
  const found: { path?: string; linkpath?: string; size?: number } = {};
  for (const [key, value] of paxRecords(text)) {
    if (key === 'path' || key === 'linkpath') found[key] = value;
    if (key === 'size' && /^\d{1,15}$/.test(value)) found.size = Number(value);
  }
  return found;
}

/** `LENGTH KEY=VALUE\n`, the length counted in bytes and over the whole record. */
function* paxRecords(text: Buffer): Generator<readonly [key: string, value: string]> {
  for (let at = 0; ; ) {
    const length = Number.parseInt(text.subarray(at, at + 12).toString('latin1'), 10);
    if (!(length > 0)) return;
    const record = text.subarray(at, at + length).toString('utf8');
    for (const [, key = '', value = ''] of record.matchAll(/^\d+ ([^=]*)=(.*)\n$/gs)) yield [key, value];
    at += length;
  }
}

/** With a slash before it where there is no prefix. */
function nameOf(header: Uint8Array): string {
  const prefix = textAt(header, 257, 5) === 'ustar' && header[262] === 0 ? textAt(header, 345, 155) : '';
  return `${prefix}/${textAt(header, 0, 100)}`;
}

function textAt(header: Uint8Array, from: number, length: number): string {
  return Buffer.from(header.subarray(from, from + length))
    .toString('utf8')
    .replace(/\0.*/s, '');
}

/** Octal digits, or, with the highest bit set, a big-endian number. Throws ImageError for anything else. */
function numberAt(header: Uint8Array, from: number, length: number): number {
  const field = header.subarray(from, from + length);
  const value =
    (field[0] ?? 0) & 0x80
      ? field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
      : Number.parseInt(textAt(header, from, length).trim() || '0', 8);
  if (!Number.isSafeInteger(value) || value < 0) throw new ImageError('is a tar archive with a size that is none');
  return value;
}

function hasGoodSum(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return Number.parseInt(textAt(header, 148, 8), 8) === sum;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** The body of an entry, and what pads it. */
async function* bodyOf(input: ByteReader, bytes: number): AsyncGenerator<Uint8Array> {
  for (let wanted = bytes; wanted > 0; ) {
    const chunk = await input.some(wanted);
    if (chunk.length === 0) throw new ImageError('is a tar archive that ends too early');
    wanted -= chunk.length;
    yield chunk;
  }
  await input.upTo(padded(bytes) - bytes);
}

async function skip(body: AsyncGenerator<Uint8Array>): Promise<void> {
  while ((await body.next()).done !== true);
}

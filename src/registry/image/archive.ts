import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type BlobSource, imagesIn } from './images-in.ts';
import { type MeasuredBlob, measureBlob, mostManifestBytes } from './measure-blob.ts';
import { ImageError, type StoredImage } from './stored-image.ts';
import { tarEntries } from './tar-reader.ts';

/** What an archive may make us keep in memory: its files and links, and the text of all its manifests together. */
const mostOfArchive = { entries: 100_000, jsonBytes: 64 * 1024 * 1024 };

/**
 * The images of a file of `docker save`, an OCI archive, either of them in gzip, or an OCI layout folder. Reads all of an archive once.
 * Throws ImageError when it is none of them or has more than `most`, and what the system says when it cannot be read.
 */
export async function imagesOfFile(file: string, most = mostOfArchive): Promise<StoredImage[]> {
  const source = (await stat(file)).isDirectory() ? folderSource(file) : await archiveSource(file, most);
  return imagesIn(source);
}

/** An OCI layout (image specification, image-layout.md). */
function folderSource(folder: string): BlobSource {
  /** A file of the layout with its bytes; undefined: there is none of that name. */
  const find = async (name: string): Promise<{ file: string; sizeBytes: number } | undefined> => {
    if (name !== 'index.json' && !/^blobs\/[a-z0-9]+\/[a-f0-9]{32,}$/.test(name)) return undefined;
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    return found?.isFile() === true ? { file, sizeBytes: found.size } : undefined;
  };
  return {
    async text(name) {
      const found = await find(name);
      return found === undefined || found.sizeBytes > mostManifestBytes ? undefined : readFile(found.file, 'utf8');
    },
    async blob(name) {
      const found = await find(name);
      return found && measureBlob(createReadStream(found.file));
    },
  };
}

/** Everything in the archive, measured in one pass: manifests may stand after what they name. */
async function archiveSource(file: string, most: typeof mostOfArchive): Promise<BlobSource> {
  const blobs = new Map<string, MeasuredBlob>();
  const links = new Map<string, string>();
  let jsonBytes = 0;
  try {
    for await (const entry of tarEntries(await bytesOf(file))) {
      if (blobs.size + links.size >= most.entries) throw new ImageError('has too many entries for an image');
      if (entry.linkName !== undefined) links.set(entry.name, entry.linkName);
      if (entry.isFile) {
        const blob = await measureBlob(entry.body());
        jsonBytes += blob.text?.length ?? 0;
        if (jsonBytes > most.jsonBytes) throw new ImageError('has more JSON in it than an image has');
        blobs.set(entry.name, blob);
      }
    }
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw /^(?:Z_|ERR_)/.test(code) ? new ImageError(`is gzip that cannot be read (${code})`) : error;
  }
  const find = (name: string): MeasuredBlob | undefined => blobs.get(name) ?? blobs.get(linkedFrom(name, links) ?? '');
  return { text: async (name) => find(name)?.text, blob: async (name) => find(name) };
}

/** docker before 25 saved a layer that two images share once, and links to it from the other folder. */
function linkedFrom(name: string, links: ReadonlyMap<string, string>): string | undefined {
  const target = links.get(name);
  return target === undefined ? undefined : posix.join(posix.dirname(name), target);
}

/** First bytes of what Node.js does not decompress in every version that is supported. */
const unreadable = [
  ['28b52ffd', 'zstd', 'zstd'],
  ['fd377a58', 'xz', 'xz'],
  ['425a68', 'bzip2', 'bzip2'],
] as const;

async function bytesOf(file: string): Promise<AsyncIterable<Uint8Array>> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  await handle.close();
  const head = buffer.subarray(0, bytesRead).toString('hex');
  for (const [magic, name, program] of unreadable)
    if (head.startsWith(magic)) throw new ImageError(`is compressed by ${name}: decompress it first (${program} -d)`);
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  return head.startsWith('1f8b') ? pipeline(stream, createGunzip(), () => {}) : stream;
}

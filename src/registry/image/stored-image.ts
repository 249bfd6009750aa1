/** How a layer is stored. `unknown`: only its size is known. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'unknown';

/** A layer as it lies in a registry, an archive or a folder. */
export interface StoredLayer {
  readonly storedBytes: number;
  readonly compression: Compression;
  /** What gzip makes of it, measured at zlib's usual level; only of what is not compressed. */
  readonly gzipBytes?: number;
}

/** An image of one platform with its layers, in their order. */
export interface StoredImage {
  readonly name: string;
  readonly layers: readonly StoredLayer[];
}

/** What was given is no image that can be read. The message is one line. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** An image of which only the sizes of its layers are known, in bytes. */
export function imageOfSizes(name: string, sizes: readonly number[]): StoredImage {
  return { name, layers: sizes.map((storedBytes) => ({ storedBytes, compression: 'unknown' })) };
}

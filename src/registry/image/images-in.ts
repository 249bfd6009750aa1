import { isObject, parseJson } from '../json.ts';
import { compressionOf, type NamedManifest, readManifest } from './manifest-document.ts';
import type { MeasuredBlob } from './measure-blob.ts';
import { ImageError, type StoredImage, type StoredLayer } from './stored-image.ts';

/** Files of an archive or a folder, by name. */
export interface BlobSource {
  /** undefined: there is no such file, or it is no short JSON. */
  text(name: string): Promise<string | undefined>;
  blob(name: string): Promise<MeasuredBlob | undefined>;
}

/** Indexes may name indexes; nobody nests them deeper. */
const deepestIndex = 4;
const mostImages = 1_000;

/** The images that docker's `manifest.json` names, else those of the OCI `index.json`. Throws ImageError. */
export async function imagesIn(source: BlobSource): Promise<StoredImage[]> {
  const docker = parseJson((await source.text('manifest.json')) ?? '');
  const images = Array.isArray(docker) ? await savedImages(docker, source) : await indexedImages(source);
  if (images.length === 0) throw new ImageError('has no image in it');
  return images;
}

async function indexedImages(source: BlobSource): Promise<StoredImage[]> {
  const index = readManifest((await source.text('index.json')) ?? '');
  if (index?.kind !== 'index')
    throw new ImageError('has neither the manifest.json of docker save nor the index.json of an OCI layout');
  return imagesOf(index.manifests, source, 1);
}

async function savedImages(entries: readonly unknown[], source: BlobSource): Promise<StoredImage[]> {
  refuseMany(entries);
  return Promise.all(entries.map((entry, index) => savedImage(entry, index + 1, source)));
}

function refuseMany(images: readonly unknown[]): void {
  if (images.length > mostImages) throw new ImageError(`has more than ${mostImages} images in it`);
}

/** An entry of `manifest.json` (moby image/tarexport). */
async function savedImage(entry: unknown, place: number, source: BlobSource): Promise<StoredImage> {
  const { Layers: names, RepoTags: tags } = isObject(entry) ? entry : {};
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new ImageError('has a manifest.json that names no layers');
  const [tag] = Array.isArray(tags) ? tags : [];
  const layers: StoredLayer[] = [];
  for (const name of names) layers.push(layerOf(name, await source.blob(name)));
  return { name: typeof tag === 'string' ? tag : `image ${place} without a tag`, layers };
}

async function imagesOf(
  manifests: readonly NamedManifest[],
  source: BlobSource,
  depth: number,
): Promise<StoredImage[]> {
  const images: StoredImage[] = [];
  for (const one of manifests) {
    const document = readManifest((await source.text(fileOf(one.digest))) ?? '');
    if (document === undefined) throw new ImageError(`lacks the manifest ${one.digest.slice(0, 19)}, or it is none`);
    const name = [one.refName ?? one.digest.slice(0, 19), one.platform].filter((part) => part !== undefined).join(' ');
    if (document.kind === 'index') {
      if (depth >= deepestIndex) throw new ImageError('nests its indexes deeper than any image does');
      const named = document.manifests.map((inner) => ({ ...inner, refName: inner.refName ?? one.refName }));
      images.push(...(await imagesOf(named, source, depth + 1)));
    } else {
      const layers: StoredLayer[] = [];
      for (const { digest, sizeBytes, mediaType } of document.layers) {
        const compression = compressionOf(mediaType);
        // What is compressed is not read: its size is known.
        const known = compression === 'gzip' || compression === 'zstd';
        layers.push(
          known ? { storedBytes: sizeBytes, compression } : layerOf(digest, await source.blob(fileOf(digest))),
        );
      }
      images.push({ name, layers });
    }
    refuseMany(images);
  }
  return images;
}

function layerOf(name: string, blob: MeasuredBlob | undefined): StoredLayer {
  if (blob === undefined) throw new ImageError(`lacks the layer ${name.slice(0, 80)}`);
  const { sizeBytes, compression, gzipBytes } = blob;
  return { storedBytes: sizeBytes, compression, gzipBytes };
}

function fileOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

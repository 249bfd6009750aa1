import { anyManifest, digestOf } from '../manifest.ts';
import type { RegistryClient } from '../registry-client.ts';
import { compressionOf, type ManifestDocument, readManifest } from './manifest-document.ts';
import { mostManifestBytes } from './measure-blob.ts';
import { ImageError, type StoredImage } from './stored-image.ts';

/** Manifests of one reference: a hostile index must not keep us busy. */
const mostPlatforms = 200;

/**
 * The images behind tags or digests of the client's repository, one a platform, read from their manifests; no layer is pulled. Of tags that lead to
 * the same manifest the first counts. Throws ImageError for what is no image, and what the client throws.
 */
export async function remoteImages(client: RegistryClient, references: readonly string[]): Promise<StoredImage[]> {
  const seen = new Set<string>();
  const images: StoredImage[] = [];
  for (const reference of references) {
    const { digest, document } = await getManifest(client, reference);
    if (!seen.has(digest)) {
      seen.add(digest);
      const name = `${client.repository}${reference.includes(':') ? '@' : ':'}${reference}`;
      images.push(...(await imagesOf(client, name, document)));
    }
  }
  return images;
}

async function imagesOf(client: RegistryClient, name: string, document: ManifestDocument): Promise<StoredImage[]> {
  if (document.kind === 'image') {
    const layers = document.layers.map(({ sizeBytes, mediaType }) => ({
      storedBytes: sizeBytes,
      compression: compressionOf(mediaType),
    }));
    return [{ name, layers }];
  }
  if (document.manifests.length > mostPlatforms)
    throw new ImageError(`${name} names more than ${mostPlatforms} images`);
  const images: StoredImage[] = [];
  for (const { digest, platform } of document.manifests) {
    const inner = await getManifest(client, digest);
    if (inner.document.kind === 'image')
      images.push(...(await imagesOf(client, `${name} ${platform ?? digest.slice(0, 19)}`, inner.document)));
  }
  return images;
}

async function getManifest(
  client: RegistryClient,
  reference: string,
): Promise<{ readonly digest: string; readonly document: ManifestDocument }> {
  const chunks: Uint8Array[] = [];
  const exchange = await client.send({
    step: 'pull',
    method: 'GET',
    url: client.url(`manifests/${reference}`),
    headers: { accept: anyManifest, 'accept-encoding': 'identity' },
    actions: ['pull'],
    accepted: [200],
    responseLimitBytes: mostManifestBytes,
    onResponseChunk: (chunk) => void chunks.push(Buffer.from(chunk)),
  });
  if (exchange.error !== undefined) throw exchange.error;
  const bytes = Buffer.concat(chunks);
  const document = readManifest(bytes.toString('utf8'));
  if (document === undefined) throw new ImageError(`the manifest of ${reference} is none that names layers with sizes`);
  return { digest: digestOf(bytes), document };
}

import { isObject, parseJson } from '../json.ts';
import type { Compression } from './stored-image.ts';

/** What a manifest says of a blob that it names. */
interface NamedBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

/** A manifest of an index, with the platform it is for: `linux/arm64`. */
export interface NamedManifest extends NamedBlob {
  readonly platform: string | undefined;
  /** `org.opencontainers.image.ref.name` or what containerd has in its place. */
  readonly refName: string | undefined;
}

/** An index names manifests, an image its layers. */
export type ManifestDocument =
  | { readonly kind: 'index'; readonly manifests: readonly NamedManifest[] }
  | { readonly kind: 'image'; readonly layers: readonly NamedBlob[] };

/** More layers or manifests than any registry takes. */
const mostEntries = 10_000;

/** Layers that clients do not push: Windows' base layers lie at Microsoft (image specification, non-distributable layers). */
const staysAway = /\b(?:foreign|nondistributable)\b/;

/**
 * Reads an image manifest or index of the OCI or Docker media types (image specification, manifest.md and image-index.md). undefined: it
 * is neither. What says of itself that it is for no platform (attestations of BuildKit) is left out,
 * and so are layers that are not to be distributed.
 */
export function readManifest(text: string): ManifestDocument | undefined {
  const parsed = parseJson(text);
  if (!isObject(parsed)) return undefined;
  const { layers, manifests } = parsed;
  if (Array.isArray(manifests) && manifests.length <= mostEntries) {
    const named = manifests.map(namedManifest);
    if (!named.every((one) => one !== undefined)) return undefined;
    return { kind: 'index', manifests: named.filter(({ platform }) => platform !== 'unknown/unknown') };
  }
  if (!Array.isArray(layers) || layers.length > mostEntries) return undefined;
  const named = layers.map(namedBlob);
  if (!named.every((one) => one !== undefined)) return undefined;
  return { kind: 'image', layers: named.filter(({ mediaType }) => !staysAway.test(mediaType)) };
}

/** How a layer of this media type is stored. */
export function compressionOf(mediaType: string): Compression {
  if (/[+.]gzip$/.test(mediaType)) return 'gzip';
  if (/[+.]zstd$/.test(mediaType)) return 'zstd';
  return /[.]tar$/.test(mediaType) ? 'none' : 'unknown';
}

function namedBlob(value: unknown): NamedBlob | undefined {
  if (!isObject(value)) return undefined;
  const { digest, size, mediaType = '' } = value;
  const isDigest = typeof digest === 'string' && /^[a-z0-9+._-]{1,32}:[a-zA-Z0-9=_-]{32,256}$/.test(digest);
  if (!isDigest || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  return typeof mediaType === 'string' ? { digest, sizeBytes: size, mediaType } : undefined;
}

function namedManifest(value: unknown): NamedManifest | undefined {
  const blob = namedBlob(value);
  if (blob === undefined || !isObject(value)) return undefined;
  const annotations = isObject(value['annotations']) ? value['annotations'] : {};
  const refName = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
  return {
    ...blob,
    platform: platformOf(value['platform']),
    refName: typeof refName === 'string' ? refName : undefined,
  };
}

function platformOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const parts = [value['os'], value['architecture'], value['variant']];
  return parts.filter((part) => typeof part === 'string').join('/');
}

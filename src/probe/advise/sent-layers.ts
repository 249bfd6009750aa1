import type { StoredLayer } from '../../registry/image/stored-image.ts';
import type { ClientProfile } from '../clients/client-profile.ts';

/** What goes over the wire of one layer. */
export interface SentLayer {
  readonly bytes: number;
  /** It goes out as it lies, not compressed, and gzip would make this of it. */
  readonly gzipBytes?: number;
}

/** A layer as this client pushes it. */
export function sentLayer(
  { storedBytes, compression, gzipBytes }: StoredLayer,
  plainLayers: ClientProfile['plainLayers'],
): SentLayer {
  if (compression !== 'none' || gzipBytes === undefined) return { bytes: storedBytes };
  return plainLayers === 'gzip' ? { bytes: gzipBytes } : { bytes: storedBytes, gzipBytes };
}

/** Times of one layer at the path's measured rate. */
export interface LayerTime {
  readonly aloneSeconds: number;
  readonly sharedSeconds: number;
}

/**
 * Seconds that each layer is under way alone, and when `atOnce` of them share the line evenly, as far as it is one line: with a line
 * for each connection it takes less. In the order of the layers.
 */
export function layerTimes(sizes: readonly number[], bytesPerSecond: number, atOnce: number): LayerTime[] {
  const lanes = Math.max(1, atOnce);
  const layers = sizes.map((bytes) => ({ left: bytes, aloneSeconds: bytes / bytesPerSecond, sharedSeconds: 0 }));
  const waiting = [...layers];
  let under = waiting.splice(0, lanes);
  while (under.length > 0) {
    const least = Math.min(...under.map(({ left }) => left));
    const seconds = (least * under.length) / bytesPerSecond;
    for (const layer of under) {
      layer.left -= least;
      layer.sharedSeconds += seconds;
    }
    under = under.filter(({ left }) => left > 0);
    under.push(...waiting.splice(0, lanes - under.length));
  }
  return layers;
}

import type { Failure } from '../failure.ts';

/** Of an image whose layers were pushed over the same path just before. */
export function followsLayers({ blob, phase }: Failure): boolean {
  return (blob === 'manifest' || blob === 'config') && phase !== 'pull' && phase !== 'cleanup';
}

/** The PUT of a manifest, after its blobs. */
export function isOfManifest({ blob, phase }: Failure): boolean {
  return blob === 'manifest' && phase === 'commit';
}

import type { Failure, Phase } from '../failure.ts';

/** Of an image whose layers were pushed over the same path just before. */
export function followsLayers({ blob, phase }: Failure): boolean {
  return (blob === 'manifest' || blob === 'config') && phase !== 'pull' && phase !== 'cleanup';
}

/** Before a request for the object itself: what ends there strikes any push. */
const beforeIt: ReadonlySet<Phase> = new Set(['dns', 'connect', 'tls', 'auth']);

/** A request for the config or the manifest itself failed, after the layers had been taken. */
export function isOfConfigOrManifest(failure: Failure): boolean {
  return followsLayers(failure) && !beforeIt.has(failure.phase);
}

/** The request named the manifest by its digest: no tag is concerned. */
export function isUnderDigest({ evidence }: Failure): boolean {
  return /\/manifests\/sha\d+:/.test(evidence.url ?? '');
}

/** The PUT of a manifest, after its blobs. */
export function isOfManifest({ blob, phase }: Failure): boolean {
  return blob === 'manifest' && phase === 'commit';
}

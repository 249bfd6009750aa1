import { type ImageDocument, pullManifest } from '../../registry/manifest.ts';
import { BlobPull, type PullManner } from '../../registry/pull.ts';
import { type Check } from '../check.ts';
import { type ClientProfile, noRetry, type RetryPolicy } from '../clients/client-profile.ts';
import { pullRounds, type PullRound } from '../outcome.ts';
import type { AttemptWork } from './attempt.ts';
import type { Blob } from './blobs.ts';
import type { Image } from './image.ts';
import { afterPing } from './push-steps.ts';
import type { Part } from './retry-loop.ts';
import { retryPolicyOf } from './retrying.ts';

/** A part of the way back, and how often the client begins it anew. */
export type PullPart = Part & { readonly policy: RetryPolicy };

/**
 * Everything back, twice, as the client pulls it: cold, when nothing on the way can have it yet, and warm, when a cache may. The client
 * begins each as it begins any pull, with a ping where it sends one.
 */
export function pullParts(check: Check, blobs: readonly Blob[], image: Image | undefined): readonly PullPart[] {
  const { client: profile } = check;
  const layers = blobs.map((blob) => blobPull(profile.pull, blob, retryPolicyOf(check, profile.pull.retry)));
  const small =
    image === undefined ? [] : [blobPull({ ...profile.pull, ...profile.pull.config }, image.config, noRetry)];
  const manifest = image === undefined ? [] : [manifestPull(profile, image)];
  const all = [...manifest, ...(profile.pull.configFirst ? [...small, ...layers] : [...layers, ...small])];
  return pullRounds.flatMap((pull) => all.map((make, index) => withPing(profile, make(pull), index === 0)));
}

function withPing(profile: ClientProfile, part: PullPart, first: boolean): PullPart {
  if (!first) return part;
  return {
    ...part,
    work: (number) => (number === 1 ? afterPing(profile, () => {}, part.work(number)) : part.work(number)),
  };
}

function manifestPull(profile: ClientProfile, { manifest, tag }: Image): (pull: PullRound) => PullPart {
  return (pull) => ({
    name: 'manifest',
    totalBytes: manifest.bytes.byteLength,
    pull,
    policy: noRetry,
    work: () => manifestSteps(profile, tag, manifest),
  });
}

function manifestSteps(profile: ClientProfile, tag: string, manifest: ImageDocument): AttemptWork {
  return async (client, notes) => {
    notes.pulledBytes += await pullManifest(client, tag, manifest, profile.pull);
  };
}

function blobPull(manner: PullManner, { name, payload }: Blob, policy: RetryPolicy): (pull: PullRound) => PullPart {
  return (pull) => {
    // What came is kept from one attempt to the next by clients that do so.
    const blob = new BlobPull(payload, manner);
    return {
      name,
      totalBytes: payload.sizeBytes,
      pull,
      policy,
      work: () => (registry, notes, pulling) =>
        blob.attempt(registry, { ...pulling, onBytes: (bytes) => void (notes.pulledBytes += bytes) }),
    };
  };
}

import { Lanes } from '../../registry/lanes.ts';
import { type ImageDocument, pullManifest } from '../../registry/manifest.ts';
import { BlobPull, type PullManner } from '../../registry/pull.ts';
import { type Check } from '../check.ts';
import { type ClientProfile, noRetry, type RetryPolicy } from '../clients/client-profile.ts';
import { pullRounds, type PullRound } from '../outcome.ts';
import type { AttemptWork } from './attempt.ts';
import type { Blob } from './blobs.ts';
import type { Image } from './image.ts';
import { afterPing } from './push-steps.ts';
import { retryPolicyOf } from './retrying.ts';
import { alone, type RetriedPart, type Stage } from './side-by-side.ts';

/**
 * Everything back, twice (once, where only the way back is in question), as the client pulls it: cold, when nothing on the way can have it yet, and warm, when a cache may. The client
 * begins each as it begins any pull, with a ping where it sends one; of the layers it pulls as many at a time as it does.
 */
export function pullStages(check: Check, blobs: readonly Blob[], image: Image | undefined): readonly Stage[] {
  const rounds = check.pushedOver === undefined ? pullRounds : (['cold'] as const);
  return rounds.flatMap((pull) => stagesOf(check, blobs, image, pull));
}

function stagesOf(check: Check, blobs: readonly Blob[], image: Image | undefined, pull: PullRound): readonly Stage[] {
  const { client } = check;
  const policy = retryPolicyOf(check, client.pull.retry);
  const { concurrency, configFirst, ranges } = client.pull;
  const lanes = new Lanes(ranges?.atOnce ?? concurrency);
  const layers = { concurrency, parts: blobs.map((blob) => blobPull(client.pull, blob, policy, pull, lanes)) };
  if (image === undefined) return withPing(client, [layers]);
  const config = alone(blobPull({ ...client.pull, ...client.pull.config }, image.config, noRetry, pull));
  const rest = configFirst ? [config, layers] : [layers, config];
  return withPing(client, [alone(manifestPull(client, image, pull)), ...rest]);
}

/** The first part of a pull is alone: the manifest, or a blob that is no image's. */
function withPing(profile: ClientProfile, [first, ...others]: readonly Stage[]): readonly Stage[] {
  if (first === undefined) return others;
  const parts = first.parts.map((part) => ({
    ...part,
    work: (number: number) => (number === 1 ? afterPing(profile, () => {}, part.work(number)) : part.work(number)),
  }));
  return [{ ...first, parts }, ...others];
}

function manifestPull(profile: ClientProfile, { manifest, reference }: Image, pull: PullRound): RetriedPart {
  return {
    name: 'manifest',
    totalBytes: manifest.bytes.byteLength,
    pull,
    policy: noRetry,
    work: () => manifestSteps(profile, reference, manifest),
  };
}

function manifestSteps(profile: ClientProfile, reference: string, manifest: ImageDocument): AttemptWork {
  return async (client, notes) => {
    notes.pulledBytes += await pullManifest(client, reference, manifest, profile.pull);
  };
}

function blobPull(
  manner: PullManner,
  { name, payload }: Blob,
  policy: RetryPolicy,
  pull: PullRound,
  lanes?: Lanes,
): RetriedPart {
  // What came is kept from one attempt to the next by clients that do so.
  const blob = new BlobPull(payload, manner, lanes);
  return {
    name,
    totalBytes: payload.sizeBytes,
    pull,
    policy,
    work: () => (registry, notes, pulling) =>
      blob.attempt(registry, { ...pulling, onBytes: (bytes) => void (notes.pulledBytes += bytes) }),
  };
}

import { noRetry } from '../clients/client-profile.ts';
import type { Blob } from './blobs.ts';
import { type Image, imageOf } from './image.ts';
import { pushLayers } from './push-layers.ts';
import { pullParts } from './pull-parts.ts';
import { blobSteps, manifestSteps } from './push-steps.ts';
import { type Part, type PartOutcome, type RunContext, withRetries } from './retry-loop.ts';

/**
 * Everything a run does, part after part, until one fails: layers, config, manifest, and the way back. `onOutcome` is told of
 * each part as it ends, so that what was done is known even if the rest breaks. Returns whether everything was done.
 */
export async function pushParts(
  context: RunContext,
  blobs: readonly Blob[],
  signal: AbortSignal,
  onOutcome: (outcome: PartOutcome) => void,
): Promise<boolean> {
  if (!(await pushLayers(context, blobs, signal, onOutcome))) return false;
  const { check, trail } = context;
  const image = check.workload.kind === 'image' ? imageOf(check, blobs, new Date()) : undefined;
  for (const { policy, ...part } of [
    // Clients push config and manifest without retries of their own.
    ...(image === undefined ? [] : imageParts(check.client, image, trail)).map((part) => ({
      ...part,
      policy: noRetry,
    })),
    ...(check.workload.pull ? pullParts(check, blobs, image) : []),
  ]) {
    const outcome = await withRetries(context, part, policy, signal);
    onOutcome(outcome);
    if (!outcome.ok) return false;
  }
  return true;
}

function imageParts(
  profile: RunContext['check']['client'],
  { config, manifest, tag }: Image,
  trail: RunContext['trail'],
): readonly Part[] {
  const { sizeBytes } = config.payload;
  return [
    {
      name: 'config',
      totalBytes: sizeBytes,
      work: () => blobSteps({ ...profile, ...profile.configBlob }, config.payload, trail),
    },
    {
      name: 'manifest',
      totalBytes: manifest.bytes.byteLength,
      work: () => manifestSteps(tag, manifest, trail),
    },
  ];
}

import type { Blob } from './blobs.ts';
import { type Image, imageOf } from './image.ts';
import { pushLayers } from './push-layers.ts';
import { blobSteps, manifestSteps, pullManifestStep, pullStep } from './push-steps.ts';
import { type Part, type PartOutcome, type RunContext, withRetries } from './retry-loop.ts';

/** Clients push config and manifest without retries of their own. */
const once = { maxAttempts: 1, delayMs: () => 0, retries: () => false } as const;

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
  if (!(await pushLayers(context, blobs, signal, onOutcome))) {
    return false;
  }
  for (const part of partsAfterLayers(context, blobs)) {
    const outcome = await withRetries(context, part, once, signal);
    onOutcome(outcome);
    if (!outcome.ok) {
      return false;
    }
  }
  return true;
}

function partsAfterLayers({ check, trail }: RunContext, blobs: readonly Blob[]): readonly Part[] {
  const image = check.workload.kind === 'image' ? imageOf(check, blobs, new Date()) : undefined;
  const toPull = image === undefined ? blobs : [image.config, ...blobs];
  return [
    ...(image === undefined ? [] : imageParts(check.client, image, trail)),
    ...(check.workload.pull ? [...(image === undefined ? [] : [manifestPull(image)]), ...toPull.map(blobPull)] : []),
  ];
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

function manifestPull({ manifest, tag }: Image): Part {
  return { name: 'manifest', totalBytes: manifest.bytes.byteLength, work: () => pullManifestStep(tag, manifest) };
}

function blobPull({ name, payload }: Blob): Part {
  return { name, totalBytes: payload.sizeBytes, work: () => pullStep(payload) };
}

import { noRetry } from '../clients/client-profile.ts';
import type { Blob } from './blobs.ts';
import { type Image, imageOf } from './image.ts';
import { pullStages } from './pull-parts.ts';
import { afterPing, blobSteps, manifestSteps } from './push-steps.ts';
import type { PartOutcome, RunContext } from './retry-loop.ts';
import { retryPolicyOf } from './retrying.ts';
import { alone, sideBySide, type Stage } from './side-by-side.ts';

/** The two directions of a run; one context, unless the way back goes over another path. */
interface Ways {
  readonly there: RunContext;
  readonly back: RunContext;
}

/**
 * Everything a run does, stage after stage, until a part fails: layers, config, manifest, and the way back. `onOutcome` is told of
 * each part as it ends, so that what was done is known even if the rest breaks. Returns whether everything was done.
 */
export async function pushParts(
  { there, back }: Ways,
  blobs: readonly Blob[],
  signal: AbortSignal,
  onOutcome: (outcome: PartOutcome) => void,
): Promise<boolean> {
  if (!(await sideBySide(there, layerStage(there, blobs), signal, onOutcome))) return false;
  const { check, trail } = there;
  const image = check.workload.kind === 'image' ? imageOf(check, blobs, new Date()) : undefined;
  const pushed = image === undefined ? [] : imageStages(check.client, image, trail);
  const pulled = check.workload.pull ? pullStages(back.check, blobs, image) : [];
  for (const stage of pushed) if (!(await sideBySide(there, stage, signal, onOutcome))) return false;
  for (const stage of pulled) if (!(await sideBySide(back, stage, signal, onOutcome))) return false;
  return true;
}

/** The layers, as many at a time as the client pushes. It pings once and only then starts them. */
function layerStage({ check, trail }: RunContext, blobs: readonly Blob[]): Stage {
  const { client: profile } = check;
  let resolve: () => void = () => {};
  const done = new Promise<void>((settle) => (resolve = settle));
  const policy = retryPolicyOf(check);
  const parts = blobs.map(({ name, payload }, position) => {
    const steps = blobSteps(profile, payload, trail);
    const pings = (number: number): boolean => position === 0 && (number === 1 || profile.ping === 'each-attempt');
    return {
      name,
      totalBytes: payload.sizeBytes,
      policy,
      work: (number: number) => (pings(number) ? afterPing(profile, resolve, steps) : steps),
    };
  });
  return { parts, concurrency: profile.concurrency, opening: { done, resolve } };
}

/** Clients push config and manifest without retries of their own. */
function imageStages(
  profile: RunContext['check']['client'],
  { config, manifest, reference }: Image,
  trail: RunContext['trail'],
): readonly Stage[] {
  return [
    alone({
      name: 'config',
      totalBytes: config.payload.sizeBytes,
      policy: noRetry,
      work: () => blobSteps({ ...profile, ...profile.configBlob }, config.payload, trail),
    }),
    alone({
      name: 'manifest',
      totalBytes: manifest.bytes.byteLength,
      policy: noRetry,
      work: () => manifestSteps(profile, reference, manifest, trail),
    }),
  ];
}

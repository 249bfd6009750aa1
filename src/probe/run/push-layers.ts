import { BoundedSignal } from '../bounded-signal.ts';
import type { Blob } from './blobs.ts';
import { afterPing, blobSteps } from './push-steps.ts';
import { type Part, type PartOutcome, type RunContext, withRetries } from './retry-loop.ts';
import { retryPolicyOf } from './retrying.ts';

/**
 * Pushes the layers, as many at a time as the client does. When one is given up, the client gives up the others: theirs end as
 * cancelled. Returns whether all got through.
 */
export async function pushLayers(
  context: RunContext,
  blobs: readonly Blob[],
  signal: AbortSignal,
  onOutcome: (outcome: PartOutcome) => void,
): Promise<boolean> {
  const policy = retryPolicyOf(context.check);
  const siblings = new BoundedSignal(signal);
  const { parts, pinged } = layerParts(context, blobs);
  const queue = [...parts];
  let ok = true;
  const work = async (index: number): Promise<void> => {
    // The client pings once and only then starts its layers.
    await (index > 0 ? pinged.done : undefined);
    for (let part = queue.shift(); part !== undefined && !siblings.signal.aborted; part = queue.shift()) {
      const outcome = await withRetries(context, part, policy, siblings.signal);
      onOutcome(outcome);
      if (!outcome.ok) {
        ok = false;
        siblings.cancel();
      }
    }
    pinged.resolve();
  };
  const workers = Math.min(context.check.client.concurrency, blobs.length);
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
  siblings.stop();
  // A run that was ended before its first attempt has pushed nothing.
  return ok && !signal.aborted;
}

function layerParts(
  { check, trail }: RunContext,
  blobs: readonly Blob[],
): { parts: Part[]; pinged: { done: Promise<void>; resolve: () => void } } {
  const { client: profile } = check;
  let resolve: () => void = () => {};
  const done = new Promise<void>((settle) => (resolve = settle));
  const parts = blobs.map(({ name, payload }, position): Part => {
    const steps = blobSteps(profile, payload, trail);
    const pings = (number: number): boolean => position === 0 && (number === 1 || profile.ping === 'each-attempt');
    return {
      name,
      totalBytes: payload.sizeBytes,
      work: (number) => (pings(number) ? afterPing(profile, resolve, steps) : steps),
    };
  });
  return { parts, pinged: { done, resolve } };
}

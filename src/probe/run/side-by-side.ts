import { BoundedSignal } from '../bounded-signal.ts';
import type { RetryPolicy } from '../clients/client-profile.ts';
import { type Part, type PartOutcome, type RunContext, withRetries } from './retry-loop.ts';

/** A part, and how often the client begins it anew. */
export type RetriedPart = Part & { readonly policy: RetryPolicy };

/** Parts that the client does side by side, in their order, at most so many at a time. What comes after waits for all of them. */
export interface Stage {
  readonly parts: readonly RetriedPart[];
  readonly concurrency: number;
  /** The client does this once, in its first part, and only then begins the others; absent: all begin at once. */
  readonly opening?: Opening;
}

export interface Opening {
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

/** A stage of one part. */
export function alone(part: RetriedPart): Stage {
  return { parts: [part], concurrency: 1 };
}

/**
 * Does the parts of a stage. When one is given up, the client gives up the others: theirs end as cancelled. Returns whether all got
 * through: of a run that was ended before its first attempt, none did.
 */
export async function sideBySide(
  context: RunContext,
  { parts, concurrency, opening }: Stage,
  signal: AbortSignal,
  onOutcome: (outcome: PartOutcome) => void,
): Promise<boolean> {
  const siblings = new BoundedSignal(signal);
  const queue = [...parts];
  let through = 0;
  const work = async (index: number): Promise<void> => {
    await (index > 0 ? opening?.done : undefined);
    for (let part = queue.shift(); part !== undefined && !siblings.signal.aborted; part = queue.shift()) {
      const { policy, ...rest } = part;
      const outcome = await withRetries(context, rest, policy, siblings.signal);
      onOutcome(outcome);
      if (outcome.ok) through += 1;
      else siblings.cancel();
    }
    opening?.resolve();
  };
  const workers = Math.min(concurrency, parts.length);
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
  siblings.stop();
  return through === parts.length;
}

import { formatBytes } from '../../probe/byte-words.ts';
import { type Check, workloadBytes } from '../../probe/check.ts';
import type { Run } from '../../probe/outcome.ts';
import { retryPolicyOf } from '../../probe/run/retrying.ts';
import { formatDuration } from '../../network/duration-words.ts';

/** Enough to have seen a slow one, few enough to follow a path that became faster. */
const looksBackRuns = 10;

/**
 * Why a push of this check cannot be counted on to end within `withinMs`, in one line; undefined: it can, or nobody
 * knows. `earlier`: runs over the same path with the same client, newest first.
 */
export function whyTooLong(check: Check, earlier: readonly Run[], withinMs: number): string | undefined {
  const left = `${formatDuration(withinMs)} are left for it`;
  const { maxAttempts, delayMs } = retryPolicyOf(check);
  let waitsMs = 0;
  for (let attempt = 1; attempt < maxAttempts; attempt += 1) waitsMs += delayMs(attempt, 0.999);
  if (waitsMs >= withinMs)
    return `${left}, and ${check.client.name} waits up to ${formatDuration(waitsMs)} between its ${maxAttempts} attempts: raise scrape_timeout, or add retries=none`;
  const slowest = slowestSuccess(check, earlier);
  if (slowest !== undefined && slowest.ms >= withinMs)
    return `${left}, and by the last runs ${formatBytes(workloadBytes(check.workload))} take up to ${formatDuration(slowest.ms)}: raise scrape_timeout, or push less`;
  return undefined;
}

/** The slowest of the last successes, stretched to this size when they pushed less: what is fixed about a push is counted too often then, never too little. */
function slowestSuccess(check: Check, earlier: readonly Run[]): { readonly ms: number } | undefined {
  const bytes = workloadBytes(check.workload);
  const good = earlier.filter((run) => run.ok);
  const sameSize = good.filter((run) => workloadBytes(run.check.workload) === bytes);
  const looked = (sameSize.length > 0 ? sameSize : good).slice(0, looksBackRuns);
  if (looked.length === 0) return undefined;
  const stretched = (run: Run): number => run.durationMs * Math.max(1, bytes / workloadBytes(run.check.workload));
  // Of other sizes the nearest guess is the smallest: a small blob's time is mostly not for its bytes.
  const pick = sameSize.length > 0 ? Math.max : Math.min;
  return { ms: pick(...looked.map(stretched)) };
}

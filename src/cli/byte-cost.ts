import { maxAttempts } from '../config/describe.ts';
import { type Check, workloadBytes } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';

/** Payload bytes that a run moves when it needs all of its attempts, pulled ones included: what the day's budget must allow. */
export function worstCaseBytes(check: Check): number {
  const pushed = workloadBytes(check.workload);
  return pushed * maxAttempts(check) + (check.workload.pull ? pushed : 0);
}

/** What a run has moved. */
export function movedBytes(run: Run): number {
  return run.sentBytes + run.pulledBytes;
}

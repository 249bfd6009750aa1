import type { Failure, Phase } from '../failure.ts';
import { isCut } from '../judge/is-cut.ts';
import { shortestClockMs } from '../judge/pull-cuts.ts';
import { isSameFamily } from '../judge/reason-table.ts';
import type { Examined, Trial } from './trial.ts';

/** What the direct path did with the same push: `slow`: got through, but needed about as long as the failure took. */
export type DirectResult = 'none' | 'ok' | 'slow' | 'same' | 'other';

/** Phases of requests that carry no body. */
export const barePhases: ReadonlySet<Phase> = new Set(['auth', 'start', 'pull']);

/** A registry that needs this part of the time without the hop is what the hop waits for. */
const slowShare = 0.5;

/** No hop is set to less patience, with a body or without. */
export const leastPatienceMs = 900;

/** So many times as long as pushes that got through: then it is no matter of patience. */
export const stuckFactor = 4;

/** `trial`: the push that failed. `endsSilence`: a hop of this path is known to end what is silent. Pure. */
export function directResult(
  failure: Failure,
  trial: Trial | undefined,
  direct: Examined | undefined,
  endsSilence: boolean,
): DirectResult {
  if (direct === undefined) return 'none';

  const sizeBytes = trial?.sizeBytes ?? 0;
  const alike =
    direct.trials.find((one) => one.shape === trial?.shape && one.sizeBytes === sizeBytes) ??
    direct.trials.findLast((one) => one.sizeBytes >= sizeBytes) ??
    direct.trials.at(-1);
  if (alike === undefined) return 'none';

  if (alike.run.failure !== undefined) return isSameFamily(alike.run.failure.reason, failure.reason) ? 'same' : 'other';

  const neededMs = failure.evidence.sinceLastByteMs ?? failure.elapsedMs;
  // What was answered sooner was not waited for.
  if (neededMs < shortestClockMs) return 'ok';
  // Each push makes such a request, and a slow registry is slow each time.
  const alikeOnes = barePhases.has(failure.phase) ? direct.trials.filter(({ run }) => run.ok) : [alike];
  const waitedMs = Math.min(...alikeOnes.map((one) => longestWaitMs(one, failure)));
  if (waitsForAnswer(failure, endsSilence)) return waitedMs >= slowShare * neededMs ? 'slow' : 'ok';

  return isBareGateway(failure) && neededMs >= leastPatienceMs && waitedMs >= neededMs ? 'slow' : 'ok';
}

/** A hop that says 502 or 503 of a request without a body may have lost patience, too. */
function isBareGateway({ status, phase }: Failure): boolean {
  return (status ?? 0) >= 502 && barePhases.has(phase);
}

/** The longest that such a request waited for its answer, with a body or without, in milliseconds. */
export function longestWaitMs({ run }: Trial, { phase }: Failure): number {
  const phases: readonly Phase[] = barePhases.has(phase) ? ['auth', 'start'] : ['wait', 'commit'];
  return Math.max(0, ...run.attempts.flatMap(({ phaseMs }) => phases.map((one) => phaseMs[one] ?? 0)));
}

/** Ended while the registry was to answer, by a hop that said so or by one that is known to end silence. */
function waitsForAnswer(failure: Failure, endsSilence: boolean): boolean {
  const isInWait = failure.phase === 'wait' || failure.phase === 'commit';
  const isCutInWait = isCut(failure) && (isInWait || (endsSilence && failure.evidence.sinceLastByteMs !== undefined));
  return failure.reason === 'response_timeout' || (isInWait && (failure.status ?? 0) >= 502) || isCutInWait;
}

import { reasonTable } from '../judge/reason-table.ts';
import type { AnsweredBy, FailureReason } from '../failure.ts';
import { ceilingOf, limitsFor } from '../limits/ceiling.ts';
import type { Known } from './known.ts';
import type { LayerTime } from './sent-layers.ts';

export const adviceVerdicts = ['passes', 'dies', 'unknown'] as const;
export type AdviceVerdict = (typeof adviceVerdicts)[number];

/**
 * Why a layer gets through, dies or is not known to do either:
 * - `accepted`: a body of at least this size got through
 * - `size`: it is as large as what is refused, or larger
 * - `time`: even alone it takes longer than the longest body that gets through
 * - `shared_time`: alone it is quick enough, beside the other layers it may not be
 * - `untried`: nothing of its size was tried
 * - `between`: it lies between what is accepted and what is refused
 * - `other_failure`: a body of at most its size failed, for what has nothing to do with its size, or only once without a word
 * - `unsteady`: some bodies get through, others of the smallest size do not
 * - `nothing_passes`: nothing that was tried got through
 */
export const becauseKinds = [
  'accepted',
  'size',
  'time',
  'shared_time',
  'untried',
  'between',
  'other_failure',
  'unsteady',
  'nothing_passes',
] as const;

export interface Because {
  readonly kind: (typeof becauseKinds)[number];
  readonly acceptedBytes?: number;
  readonly rejectedBytes?: number;
  /** What the layer takes at the path's measured rate. */
  readonly neededSeconds?: number;
  readonly rejectedSeconds?: number;
  readonly reason?: FailureReason;
  readonly answeredBy?: AnsweredBy;
}

export interface LayerVerdict {
  readonly verdict: AdviceVerdict;
  readonly because: Because;
}

/** One body against what is known; `time` undefined: no rate was measured. Says `dies` and `passes` only of what was measured; never guesses from other clients. */
export function layerVerdict(bytes: number, time: LayerTime | undefined, known: Known): LayerVerdict {
  const own = limitsFor(known, known.limits);
  const { upToBytes, failedBytes } = ceilingOf(known.tried, own);
  const acceptedBytes = Number.isFinite(upToBytes) ? upToBytes : largestAccepted(known);
  const tooLong = timeLimit(known);
  const facts = { acceptedBytes, rejectedBytes: Number.isFinite(failedBytes) ? failedBytes : undefined };
  const searched = own.find(({ smallestRejected }) => smallestRejected === failedBytes);
  const isProven = searched !== undefined || tellsOfSize(known, failedBytes);
  const isSteady = upToBytes > 0 || (isProven && !known.tried.some(({ ok }) => ok));
  if (!isSteady) return { verdict: 'unknown', because: nothingSure(known) };
  if (bytes <= acceptedBytes) return acceptedSize(time, tooLong, acceptedBytes);
  if (bytes >= failedBytes) {
    const { reason, answeredBy } = searched ?? failureAt(known, failedBytes);
    const kind = isProven ? 'size' : 'other_failure';
    return { verdict: isProven ? 'dies' : 'unknown', because: { kind, ...facts, reason, answeredBy } };
  }
  if (time !== undefined && time.aloneSeconds >= tooLong)
    return { verdict: 'dies', because: { kind: 'time', neededSeconds: time.aloneSeconds, rejectedSeconds: tooLong } };
  return { verdict: 'unknown', because: { kind: Number.isFinite(failedBytes) ? 'between' : 'untried', ...facts } };
}

/** A body of this size got through by itself; only its neighbours can make it slower. */
function acceptedSize(time: LayerTime | undefined, tooLong: number, acceptedBytes: number): LayerVerdict {
  const isSlow = time !== undefined && time.sharedSeconds >= tooLong;
  return isSlow
    ? {
        verdict: 'unknown',
        because: { kind: 'shared_time', neededSeconds: time.sharedSeconds, rejectedSeconds: tooLong },
      }
    : { verdict: 'passes', because: { kind: 'accepted', acceptedBytes } };
}

/** Where nothing failed. */
function largestAccepted({ tried, limits, client }: Known): number {
  const searched = limits.filter((limit) => limit.client === client && limit.unit === 'bytes');
  return Math.max(
    0,
    ...tried.map(({ sizeBytes }) => sizeBytes),
    ...searched.map((limit) => limit.largestAccepted ?? 0),
  );
}

/** Seconds after which a body of this client is ended, as a search found it; infinite: none did. */
function timeLimit({ limits, client }: Known): number {
  const found = limits.find((one) => one.client === client && one.unit === 'seconds' && one.conclusion === 'found');
  return found?.smallestRejected ?? Number.POSITIVE_INFINITY;
}

function failureAt(
  { tried }: Known,
  sizeBytes: number,
): { readonly reason?: FailureReason; readonly answeredBy?: AnsweredBy } {
  return tried.find((one) => !one.ok && one.sizeBytes === sizeBytes) ?? {};
}

/** One refusal that names the size is enough: a cut alone may have been a restart. */
function tellsOfSize({ tried }: Known, sizeBytes: number): boolean {
  return tried.some(
    ({ reason, sizeBytes: size }) =>
      size === sizeBytes && reason !== undefined && reasonTable[reason].tells.size === 'yes',
  );
}

function nothingSure({ tried }: Known): Because {
  const kind = tried.some(({ ok }) => ok) ? 'unsteady' : 'nothing_passes';
  return { kind, reason: tried.find(({ ok }) => !ok)?.reason };
}

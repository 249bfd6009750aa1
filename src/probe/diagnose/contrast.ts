import { verdictTable } from '../verdict-table.ts';
import type { Failure } from '../failure.ts';
import { isCut } from '../held-bytes.ts';
import type { Attempt } from '../outcome.ts';
import type { Examination, Examined, Symptom, Trial, TrialKind } from './trial.ts';

/** What the direct path did with the same push: `slow`: got through, but needed about as long as the failure took. */
export type DirectResult = 'none' | 'ok' | 'slow' | 'same' | 'other';

/** `whole`: the body is there to its end; `most`: all but what kernels hold on the way; `part`: much less than was sent. */
export type Arrived = 'nothing' | 'part' | 'most' | 'whole';

/** What stands around one failure: the questions that rules ask. Everything is `undefined` or false where nothing was tried. */
export interface Contrast {
  readonly pathKind: Examined['path']['kind'];
  readonly smallPassed: boolean;
  /** The failure is that of a small body that was sent slowly. */
  readonly isSlowBody: boolean;
  /** The same size got through with a length declared; undefined: not tried. */
  readonly declaredPassed: boolean | undefined;
  readonly streamedPassed: boolean | undefined;
  /** Small bodies got through although they were sent slowly. */
  readonly slowPassed: boolean;
  /** Milliseconds after which slow bodies are ended. */
  readonly endedAfterMs: number | undefined;
  /** A small body that rested was ended meanwhile, after so long; undefined: it passed, or none was sent. */
  readonly idleEndedAfterMs: number | undefined;
  readonly freshPassed: boolean | undefined;
  /** How much of what was sent the registry holds after a cut; undefined: not asked, or it does not say. */
  readonly arrived: Arrived | undefined;
  /** Answers over this path bore Cloudflare's ray id. */
  readonly crossedCloudflare: boolean;
  readonly direct: DirectResult;
  readonly directPath: string | undefined;
}

/** The contrast of a run about which nothing else is known. */
export function aloneOn(path: Examined['path'], direct: DirectResult = 'none', directPath?: string): Contrast {
  return {
    pathKind: path.kind,
    smallPassed: false,
    isSlowBody: false,
    declaredPassed: undefined,
    streamedPassed: undefined,
    slowPassed: false,
    endedAfterMs: undefined,
    idleEndedAfterMs: undefined,
    freshPassed: undefined,
    arrived: undefined,
    crossedCloudflare: false,
    direct,
    directPath,
  };
}

export function contrastOf({ failure, trial, slow }: Symptom, examination: Examination): Contrast {
  const { subject, direct } = examination;
  const { durationLimit } = subject;
  const sizeBytes = trial?.sizeBytes ?? 0;
  const ofSize = subject.trials.filter((one) => one.sizeBytes >= sizeBytes && !besides.has(one.kind));
  const fresh = subject.trials.find(({ kind }) => kind === 'fresh');
  const endedAfter = durationLimit?.conclusion === 'found' ? durationLimit.smallestRejected : undefined;
  return {
    pathKind: subject.path.kind,
    smallPassed: subject.trials.some(({ kind, run }) => kind === 'small' && run.ok),
    isSlowBody: slow === true,
    declaredPassed: anyPassed(ofSize.filter(({ shape }) => shape !== 'patch-streamed')),
    streamedPassed: anyPassed(ofSize.filter(({ shape }) => shape === 'patch-streamed')),
    slowPassed: (durationLimit?.largestAccepted ?? 0) > 0,
    endedAfterMs: endedAfter === undefined ? undefined : endedAfter * 1_000,
    idleEndedAfterMs: idleEnd(subject.trials),
    freshPassed: fresh?.run.ok,
    arrived: arrivedOf(failure, trial && askedLike(trial, subject.trials)),
    crossedCloudflare: subject.trials.some(({ run }) => run.attempts.some(crossesCloudflare)),
    direct: directResult(failure, trial, direct, idleEnd(subject.trials) !== undefined),
    directPath: direct?.path.name,
  };
}

/** Pushes that ask about a failure; what they say stands in fields of their own. */
const besides: ReadonlySet<TrialKind> = new Set(['fresh', 'pausing', 'repeat']);

/** Cut before the rest was over, and not by a hop that says why: nothing had moved until then. */
function idleEnd(trials: readonly Trial[]): number | undefined {
  const { run, pauseMs = 0 } = trials.find(({ kind }) => kind === 'pausing') ?? {};
  const failure = run?.failure;
  // A short rest ends before the peer has read much, which looks like a connection that was stale.
  const isEnded = failure !== undefined && (isCut(failure) || failure.reason === 'stale_connection');
  return isEnded && failure.elapsedMs >= 0.5 * pauseMs && failure.elapsedMs <= pauseMs ? failure.elapsedMs : undefined;
}

/** What sockets along the way may hold of a body without any hop collecting it. */
const mostInSockets = 8 * 1024 * 1024;
/** Less may be lost in a single socket's buffer. */
const leastToTell = 64 * 1024;

function arrivedOf({ sentBytes }: Failure, trial: Trial | undefined): Arrived | undefined {
  const heldBytes = trial?.run.heldBytes;
  if (heldBytes === undefined || trial === undefined || sentBytes <= leastToTell) {
    return undefined;
  }
  if (heldBytes === 0) return 'nothing';
  if (heldBytes >= trial.sizeBytes) return 'whole';
  const underWay = Math.max(0.1 * sentBytes, Math.min(mostInSockets, 0.75 * sentBytes));
  return heldBytes >= sentBytes - underWay ? 'most' : 'part';
}

/** The trial, or, when it opened no session that could be asked about, another of the same size that was cut the same way. */
function askedLike(trial: Trial, trials: readonly Trial[]): Trial {
  const alike = trials.find(
    ({ sizeBytes, run }) =>
      sizeBytes === trial.sizeBytes && run.heldBytes !== undefined && run.failure?.reason === trial.run.failure?.reason,
  );
  return trial.run.heldBytes === undefined ? (alike ?? trial) : trial;
}

function crossesCloudflare({ requests }: Attempt): boolean {
  return requests.some(({ responseHeaders }) => responseHeaders['cf-ray'] !== undefined);
}

function anyPassed(trials: readonly Trial[]): boolean | undefined {
  return trials.length === 0 ? undefined : trials.some(({ run }) => run.ok);
}

/** A registry that needs this part of the time without the hop is what the hop waits for. */
const slowShare = 0.5;

function directResult(
  failure: Failure,
  trial: Trial | undefined,
  direct: Examined | undefined,
  endsSilence: boolean,
): DirectResult {
  if (direct === undefined) {
    return 'none';
  }
  const sizeBytes = trial?.sizeBytes ?? 0;
  const alike =
    direct.trials.find((one) => one.shape === trial?.shape && one.sizeBytes === sizeBytes) ??
    direct.trials.findLast((one) => one.sizeBytes >= sizeBytes) ??
    direct.trials.at(-1);
  if (alike === undefined) {
    return 'none';
  }
  if (alike.run.failure !== undefined) {
    return sameFamily(alike.run.failure, failure) ? 'same' : 'other';
  }
  const waitedMs = Math.max(
    0,
    ...alike.run.attempts.map(({ phaseMs }) => Math.max(phaseMs.wait ?? 0, phaseMs.commit ?? 0)),
  );
  const neededMs = failure.evidence.sinceLastByteMs ?? failure.elapsedMs;
  return waitsForAnswer(failure, endsSilence) && waitedMs > 0 && waitedMs >= slowShare * neededMs ? 'slow' : 'ok';
}

/** Ended while the registry was to answer, by a hop that said so or by one that is known to end silence. */
function waitsForAnswer(failure: Failure, endsSilence: boolean): boolean {
  const isCutInWait = isCut(failure) && failure.evidence.sinceLastByteMs !== undefined;
  return failure.reason === 'response_timeout' || (isCutInWait && endsSilence);
}

export function sameFamily(a: Failure, b: Failure): boolean {
  const { family } = verdictTable[a.reason];
  return family === verdictTable[b.reason].family && (family !== 'other' || a.reason === b.reason);
}

/** The registry may be gone, or a hop cannot reach it: only another path can tell. */
export function isDown({ reason, status, answeredBy }: Failure): boolean {
  // Cloudflare's own codes say which leg is broken.
  const named = answeredBy === 'cloudflare' && status !== undefined && status >= 520;
  return !named && ['origin_unreachable', 'connect_refused', 'connect_timeout'].includes(reason);
}

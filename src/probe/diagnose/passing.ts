import type { Failure, Phase } from '../failure.ts';
import { hides } from '../judge/hidden-refusal.ts';
import { isCut, isTurnedAway } from '../judge/is-cut.ts';
import { reasonTable } from '../judge/reason-table.ts';
import { isDown } from './contrast.ts';
import { leastPatienceMs, stuckFactor } from './direct-result.ts';
import { besides, constantMs, isAlike, timesToProve } from './flips.ts';
import { isPortal } from './observed.ts';
import { isRefusal } from './predicates.ts';
import type { Examination, Examined, Symptom, Trial } from './trial.ts';

/** A registry or a hop that restarts fails in this way while it does: only a second try tells. */
function mayPass({ reason }: Failure): boolean {
  return reasonTable[reason].tells.mayPass;
}

/** How long nothing moved before a cut; after the last byte it is known, before it the whole request bounds it. */
export function silenceMs({ evidence, elapsedMs }: Failure): number {
  return evidence.sinceLastByteMs ?? elapsedMs;
}

/** Before a request is read. */
export const openingPhases: ReadonlySet<Phase> = new Set(['dns', 'connect', 'tls']);

/**
 * The failures to try once more: up to two of those that a restart can cause, the largest first, because what strikes large bodies
 * alone does not show in small ones; and the smallest of the others, which costs little.
 */
export function worthRepeating(failed: readonly Trial[]): Trial[] {
  const own = failed.filter(
    ({ kind, run: { failure } }) =>
      !besides.has(kind) && failure !== undefined && !reasonTable[failure.reason].tells.own,
  );
  const passing = own.filter(({ run: { failure } }) => failure !== undefined && mayPass(failure));
  const others = own.filter((trial) => !passing.includes(trial)).toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  return [...passing.toReversed().slice(0, 2), ...others.slice(0, 1)];
}

/** The failure came once, and the same push got through later: nothing lasting stands behind it that could be named. */
export function hasPassed({ failure, trial, endpoint, slow }: Symptom, { trials, durationLimit }: Examined): boolean {
  // A refusal that a search had found was not tried again.
  if (durationLimit?.runs.at(-1)?.ok === true && durationLimit.rejection === undefined && slow === true) return true;
  // An endpoint, or a search that met a registry that was away: whatever got through later.
  if (trial === undefined)
    return mayPass(failure) && (endpoint !== undefined || isDown(failure)) && trials.at(-1)?.run.ok === true;
  if (comesAndGoes(failure, trials) || isKnownByTurns(trial)) return false;
  const repeats = trials.filter(({ kind }) => kind === 'repeat');
  const own = repeats.filter((one) => isSame(one, trial));
  if (own.length > 0) return own.every(({ run }) => run.ok);
  // One that was not tried again is like those that were.
  return mayPass(failure) && repeats.length > 0 && repeats.every(({ run }) => run.ok);
}

/** The one upload was known and unknown when it was asked for again: which of them a push meets is chance. */
function isKnownByTurns({ run: { sessionAnswers } }: Trial): boolean {
  return sessionAnswers !== undefined && sessionAnswers.known > 0 && sessionAnswers.disowned > 0;
}

/** A connection was not taken, and new ones are not taken while an open one is answered: which of them meets the limit is chance. */
export function isLimited({ failure }: Symptom, { held }: Examination): boolean {
  return isTurnedAway(failure) && held !== undefined && Math.min(held.refused, held.answered) >= timesToProve;
}

/** So many equal pushes have to get through afterwards before an end is taken for a single one. */
const timesToPass = 3;

/**
 * A connection was cut once, and the client itself sends that request again: a fact to be told, no fault that a user meets. It is one only
 * if nothing else was cut on this path and several equal pushes got through afterwards.
 */
export function isGotOver({ failure, trial }: Symptom, { trials }: Examined): boolean {
  if (trial?.clientSendsAgain !== true || !isCut(failure)) return false;
  const isOnlyCut = trials.every((one) => one === trial || one.run.failure === undefined || !isCut(one.run.failure));
  const later = equalPushesAfter(trial, trials);
  return isOnlyCut && later.length >= timesToPass && later.every(({ run }) => run.ok);
}

/** The pushes of the same size in the same shape that were made after this one. */
export function equalPushesAfter(trial: Trial, trials: readonly Trial[]): Trial[] {
  return trials.slice(trials.indexOf(trial) + 1).filter((one) => isSame(one, trial));
}

/**
 * The same failure came, went and came again: no single outage. Nor is it one when several pushes lost their sessions: replicas
 * that do not share them lose some of many, and let others through.
 */
function comesAndGoes(failure: Failure, trials: readonly Trial[]): boolean {
  const alike = trials.map(({ run }) => isAlike(run.failure, failure));
  const spells = alike.filter((is, index) => is && alike[index - 1] !== true).length;
  const times = alike.filter(Boolean).length;
  return failure.reason === 'session_lost' ? times > 1 : spells > 1;
}

/** Our own deadline ended a push on an open connection, and over the direct path the same one got through in a fraction of the time. */
export function isStuck({ failure, trial }: Symptom, { direct }: Examination): boolean {
  if (trial === undefined || failure.reason !== 'deadline' || openingPhases.has(failure.phase)) return false;
  const there = direct?.trials.find(({ run, sizeBytes }) => run.ok && sizeBytes >= trial.sizeBytes);
  return there !== undefined && stuckFactor * there.run.durationMs <= trial.run.durationMs;
}

/**
 * No push asks for the catalog or for tags: where pushes get through, a refusal of those is a fact and no fault. Nor is it one that an
 * endpoint took longer than its share of the examination.
 */
export function isBesidePushes({ failure, endpoint }: Symptom, { trials }: Examined): boolean {
  if (endpoint === undefined || trials.every(({ run }) => !run.ok)) return false;
  // Clients take any 200 there for a registry without a login.
  if ((endpoint === 'ping' || endpoint === 'auth') && isPortal(failure)) return trials.every(({ run }) => run.ok);
  return failure.reason === 'deadline' || ((endpoint === 'catalog' || endpoint === 'tags') && isRefusal(failure));
}

/** Another client, tried beside the one in question, stops by a rule of its own: a fact about that client, no fault of this one's path. */
export function isAnothersRule({ failure, trial }: Symptom, { trials }: Examined): boolean {
  const own = trials[0]?.run.check.client.name;
  const byRule =
    failure.evidence.authProblem === 'ping_asked_nothing' ||
    failure.reason === 'client_refused_realm' ||
    failure.reason === 'client_refused_location';
  return trial !== undefined && trial.run.check.client.name !== own && byRule;
}

/** A cut at a size at which the same push, made once more, was refused in words: the answer to this one was lost. */
export function isRefusedInWords({ failure, trial }: Symptom, { trials }: Examined): boolean {
  if (trial === undefined || !isCut(failure)) return false;
  const others = trials.filter(({ kind }) => kind === 'repeat' || kind === 'fresh');
  return others.some((one) => isSame(one, trial) && one.run.failure?.reason === 'body_too_large');
}

/**
 * It may hide what the registry answers other bodies, and none gets through. A cut that always comes after the same time, when the registry would have
 * answered long before, is a limit of its own.
 */
export function isHiddenRefusal({ failure, trial }: Symptom, { trials }: Examined): boolean {
  if (trials.some(({ run }) => run.ok)) return false;
  const alike = trials.flatMap(({ run }) => (isAlike(run.failure, failure) ? run.failure : []));
  const clockMs = (failure.answeredBy === 'none' ? constantMs(alike) : undefined) ?? 0;
  const hidden = { failure, shape: trial?.shape };
  return trials.some(({ shape, run: { failure: other } }) => {
    const isInTime = other !== undefined && clockMs <= Math.max(2 * other.elapsedMs, leastPatienceMs);
    return isInTime && hides(hidden, { failure: other, shape });
  });
}

function isSame(one: Trial, other: Trial): boolean {
  return one.shape === other.shape && one.sizeBytes === other.sizeBytes;
}

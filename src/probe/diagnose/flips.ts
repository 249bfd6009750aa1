import { isCut, isTurnedAway } from '../judge/is-cut.ts';
import { type PullCuts, sameShare, shortestClockMs } from '../judge/pull-cuts.ts';
import { reasonTable } from '../judge/reason-table.ts';
import type { Failure } from '../failure.ts';
import type { SessionAnswers } from '../outcome.ts';
import { arrivedOf } from './arrived.ts';
import { segmentsVanish } from './kernel-signs.ts';
import type { Examination, Examined, Symptom, Trial } from './trial.ts';
import { hostSides } from './written-host.ts';

/**
 * Tests in which one factor changes and nothing else: a length or none, small or large, slow or fast, a rest or none, a fresh or a
 * used connection, a new connection or one that stayed open (`held`), HTTP/2 or 1.1, the host as the URL or as the Location writes it, this path or a direct one. `clock`: different sizes end after the same time. `arrived`: the
 * registry holds the same share each time. `everywhere`: it fails over both paths. `segments`: full segments
 * vanish, and a body that fits into one gets through. `session`: the same session, asked for again, is known and is not. `pullTime`,
 * `pullBytes`: pulls end after the same time and bytes further apart than a limit on bytes makes them, or after the same bytes in another time. `pullSize`: a pull is refused,
 * smaller ones come back, and it is refused again. `mediaType`: a manifest is refused, and one of the other kind is taken.
 */
export type ContrastName =
  | 'length'
  | 'size'
  | 'sizeNotTime'
  | 'pace'
  | 'rest'
  | 'connection'
  | 'held'
  | 'version'
  | 'host'
  | 'path'
  | 'clock'
  | 'arrived'
  | 'segments'
  | 'session'
  | 'pullTime'
  | 'pullBytes'
  | 'pullSize'
  | 'mediaType'
  | 'everywhere';

/** The contrasts that pulls which were cut are: where both time and bytes may be the same, neither. */
export function provenByCuts({ sameMs, sameBytes, otherBytes = false }: PullCuts): ContrastName[] {
  if (sameMs === undefined) return sameBytes === undefined ? [] : ['pullBytes'];
  return otherBytes ? ['pullTime'] : [];
}

/** A contrast counts when each of its sides came out as often as this. */
export const timesToProve = 2;

interface Sides {
  readonly failed: number;
  readonly passed: number;
}

/** The contrasts that came out the same way twice for a failure. */
export function provenContrasts(symptom: Symptom, examination: Examination): ReadonlySet<ContrastName> {
  const { failure, trial } = symptom;
  const direct = examination.direct && undisturbed(examination.direct);
  const subject = undisturbed(examination.subject);
  const proven = new Set<ContrastName>();
  const alike = subject.trials.filter(({ kind, run }) => !besides.has(kind) && isAlike(run.failure, failure));
  const note = (name: ContrastName, { failed, passed }: Sides): void => {
    if (failed >= timesToProve && passed >= timesToProve) proven.add(name);
  };
  const passed = subject.trials.filter(({ run }) => run.ok);
  note('length', lengthSides(alike, passed));
  const size = sizeSides(alike, passed, subject);
  note('size', size);
  const slowPassed = (subject.durationLimit?.largestAccepted ?? 0) > 0;
  const share = trial && arrivedOf(failure, trial);
  if (slowPassed && share === 'most') note('sizeNotTime', size);
  if (subject.durationLimit?.conclusion === 'found' && slowPassed) proven.add('pace');
  note('rest', { failed: subject.trials.filter(endedInSilence).length, passed: slowPassed ? timesToProve : 0 });
  const fresh = subject.trials.filter(({ kind, run }) => kind === 'fresh' && run.ok);
  note('connection', { failed: alike.length, passed: fresh.length });
  const older = subject.trials.filter(({ kind, run }) => kind === 'version' && run.ok);
  note('version', { failed: alike.length, passed: older.length });
  const { refused = 0, answered = 0 } = examination.held ?? {};
  note('held', { failed: isTurnedAway(failure) ? refused : 0, passed: answered });
  note('host', hostSides(failure, subject));
  const tiny = subject.trials.filter(({ kind, run }) => kind === 'tiny' && run.ok);
  const vanished = alike.filter(({ run }) => run.failure !== undefined && segmentsVanish(run.failure));
  note('segments', { failed: vanished.length, passed: tiny.length });
  const elsewhere = direct?.trials ?? [];
  const smallest = Math.min(...alike.map(({ sizeBytes }) => sizeBytes));
  const failed = Math.max(alike.length, trial === undefined ? timesOfEndpoints(subject, failure) : 0);
  note('path', {
    failed,
    passed: elsewhere.filter(({ run, sizeBytes }) => run.ok && (sizeBytes >= smallest || trial === undefined)).length,
  });
  const both = elsewhere.filter(({ run }) => run.failure !== undefined && isSameTrouble(run.failure, failure));
  note('everywhere', { failed: alike.length, passed: elsewhere.some(({ run }) => run.ok) ? 0 : both.length });
  if (constantMs(alike.map(({ run }) => run.failure)) !== undefined && isManySizes(alike)) proven.add('clock');
  const { known, disowned } = sessionAnswers(alike);
  note('session', { failed: disowned, passed: known });
  const same = alike.filter((one) => one.run.failure !== undefined && arrivedOf(one.run.failure, one) === share);
  // Some registries forget what broke off, so nothing proves nothing.
  if (share !== undefined && share !== 'nothing' && same.length >= timesToProve) proven.add('arrived');
  return proven;
}

/** Without the failures that this process may have made itself, because it was too busy: they prove nothing. */
function undisturbed(examined: Examined): Examined {
  return { ...examined, trials: examined.trials.filter(({ run }) => run.ok || !run.tainted) };
}

/** Pushes that ask about a failure; what they say stands in contrasts of their own. */
export const besides: ReadonlySet<Trial['kind']> = new Set(['fresh', 'pausing', 'version', 'tiny']);

/** The same failure again: same reason, same status, same answerer. */
export function isAlike(one: Failure | undefined, other: Failure): boolean {
  return one?.reason === other.reason && one.status === other.status && one.answeredBy === other.answeredBy;
}

/** What is not there fails in as many ways as there are hops before it; everything else fails in the same way. */
function isSameTrouble(a: Failure, b: Failure): boolean {
  return a.reason === b.reason || [a, b].every(({ reason }) => reasonTable[reason].tells.maybeDown);
}

function timesOfEndpoints({ api }: Examined, failure: Failure): number {
  return Object.values(api?.endpoints ?? {}).filter((state) => !state.up && isAlike(state.failure, failure)).length;
}

/** Without a length. */
export function isStreamed({ shape }: Pick<Trial, 'shape'>): boolean {
  return shape === 'patch-streamed';
}

/** PATCHes, each with a length. */
export function isPatchWithLength({ shape }: Trial): boolean {
  return shape === 'patch-ranged' || shape === 'patch-length';
}

/** The registry got other bytes than were sent. */
export const losesBytes: ReadonlySet<Failure['reason']> = new Set(['body_dropped', 'body_truncated', 'body_corrupted']);

/** Bodies of PATCH are lost with a length and without, and none gets through but in another method. */
export function patchLosesBodies(trials: readonly Trial[]): boolean {
  const lost = trials.filter(({ run }) => run.failure !== undefined && losesBytes.has(run.failure.reason));
  const passed = trials.filter(({ run }) => run.ok);
  const isOfPatch = (one: Trial): boolean => isStreamed(one) || isPatchWithLength(one);
  const isBoth = lost.some(isStreamed) && lost.some(isPatchWithLength);
  return isBoth && lost.every(isOfPatch) && passed.length > 0 && !passed.some(isOfPatch);
}

function lengthSides(alike: readonly Trial[], passed: readonly Trial[]): Sides {
  const streamed = alike.filter(isStreamed);
  const smallest = Math.min(...streamed.map(({ sizeBytes }) => sizeBytes));
  const declared = passed.filter((one) => !isStreamed(one) && one.sizeBytes >= smallest);
  return { failed: alike.length === streamed.length ? streamed.length : 0, passed: declared.length };
}

function sizeSides(alike: readonly Trial[], passed: readonly Trial[], { sizeLimit }: Examined): Sides {
  const smallest = Math.min(...alike.map(({ sizeBytes }) => sizeBytes));
  const below = passed.filter(({ sizeBytes }) => sizeBytes < smallest).length;
  // A limit may count bodies that declare a length, and no others.
  const isSent = (one: Trial): boolean => alike.some((other) => isStreamed(other) === isStreamed(one));
  const above = passed.filter((one) => one.sizeBytes >= smallest && !isChunked(one) && isSent(one)).length;
  const searched = sizeLimit?.conclusion === 'found' ? timesToProve : 0;
  const accepted = sizeLimit?.runs.filter(({ ok }) => ok).length ?? 0;
  return { failed: above > 0 ? 0 : alike.length + searched, passed: below + accepted };
}

/** Chunks are small bodies, however large the blob is. */
export function isChunked({ shape }: Trial): boolean {
  return shape === 'patch-ranged' || shape === 'put-then-ranged';
}

/** A body that rested was ended meanwhile. */
export function endedInSilence({ kind, run, pauseMs = 0 }: Trial): boolean {
  const { failure } = run;
  return (
    kind === 'pausing' &&
    failure !== undefined &&
    isCut(failure) &&
    failure.elapsedMs >= 0.5 * pauseMs &&
    failure.elapsedMs <= pauseMs
  );
}

/** What these pushes' sessions were answered for when they were asked for again, all together. */
export function sessionAnswers(trials: readonly Trial[]): SessionAnswers {
  const none: SessionAnswers = { known: 0, disowned: 0, elsewhere: 0 };
  return trials.reduce((sum, { run: { sessionAnswers: one = none } }) => {
    const { known, disowned, elsewhere } = one;
    return {
      known: sum.known + known,
      disowned: sum.disowned + disowned,
      elsewhere: sum.elsewhere + elsewhere,
    };
  }, none);
}

/** How long what ended all of these ran: since the last byte or since the first, when they agree; undefined: they do not, or it is one. */
export function constantMs(failures: readonly (Failure | undefined)[]): number | undefined {
  const known = failures.filter((failure) => failure !== undefined);
  const clocks = [
    known.map(({ evidence }) => evidence.sinceLastByteMs ?? Number.NaN),
    known.map(({ elapsedMs }) => elapsedMs),
  ];
  const agreed = clocks.find((times) => {
    const least = Math.min(...times);
    return times.length >= timesToProve && least >= shortestClockMs && Math.max(...times) <= least * (1 + sameShare);
  });
  return agreed === undefined ? undefined : Math.min(...agreed);
}

/** The largest is at least twice the smallest: a limit on size would not end both. */
function isManySizes(trials: readonly Trial[]): boolean {
  const sizes = trials.map(({ sizeBytes }) => sizeBytes);
  return Math.max(...sizes) >= 2 * Math.min(...sizes);
}

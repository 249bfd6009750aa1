import { reasonTable } from '../judge/reason-table.ts';
import type { SessionAnswers } from '../outcome.ts';
import type { Failure } from '../failure.ts';
import { type Arrived, arrivedOf, askedLike } from './arrived.ts';
import {
  besides,
  constantMs,
  type ContrastName,
  endedInSilence,
  isAlike,
  isChunked,
  isPatchWithLength,
  isStreamed,
  patchLosesBodies,
  provenContrasts,
  sessionAnswers,
  timesToProve,
} from './flips.ts';
import { isRefusedByTurns } from './by-turns.ts';
import { barePhases, type DirectResult, directResult, longestWaitMs } from './direct-result.ts';
import { followsLayers } from './manifest-failure.ts';
import { isPing, lastTokenAge, type Observed, observedOf } from './observed.ts';
import { symptomsOf } from './symptoms.ts';
import { type Examination, type Examined, requestsOver, type Symptom, type Trial } from './trial.ts';
import { onlyOtherHostFails } from './written-host.ts';
import type { PullCuts } from '../judge/pull-cuts.ts';

/** What stands around one failure: the questions that causes ask. Everything is `undefined` or false where nothing was tried. */
export interface Contrast extends Observed {
  readonly pathKind: Examined['path']['kind'];
  /** The path goes through a forward proxy. */
  readonly throughProxy: boolean;
  /** Nobody was logged in. */
  readonly anonymous: boolean;
  readonly sizeBytes: number;
  readonly smallPassed: boolean;
  /** A small push got through after this failure. */
  readonly smallPassedAfter: boolean;
  /** Largest body that got through in one piece, in bytes. */
  readonly passedBytes: number;
  /** The same of bodies sent as the failing one: with a length, or without. */
  readonly passedAlikeBytes: number;
  /** The failure is that of a small body that was sent slowly. */
  readonly isSlowBody: boolean;
  /** The same size got through with a length declared; undefined: not tried. */
  readonly declaredPassed: boolean | undefined;
  /** Bodies without a length fail, whatever their size, and only they do so; a PATCH with one got through. */
  readonly onlyStreamedFails: boolean;
  /** Small bodies got through although they were sent slowly, for so long at most, in milliseconds; 0: none did. */
  readonly slowPassedMs: number;
  /** Milliseconds after which slow bodies are ended. */
  readonly endedAfterMs: number | undefined;
  /** A small body that rested was ended meanwhile, after so long; undefined: it passed, or none was sent. */
  readonly idleEndedAfterMs: number | undefined;
  /** A small body that rested for so long got through; undefined: none was sent, or it was ended. */
  readonly restPassedMs: number | undefined;
  readonly freshPassed: boolean | undefined;
  /** How much of what was sent the registry holds after a cut; undefined: not asked, or it does not say. */
  readonly arrived: Arrived | undefined;
  readonly direct: DirectResult;
  readonly directPath: string | undefined;
  /** Kinds of other paths on which it failed in the same way. */
  readonly kindsFailingAlike: readonly Examined['path']['kind'][];
  /** A push, or a login, with the same credentials got through over the direct path. */
  readonly directLoginWorks: boolean;
  /** The same push, made once more, failed again; undefined: it was not. */
  readonly cameAgain: boolean | undefined;
  /** Age of the token that the failing request bore, in milliseconds; undefined: not known, or none. */
  readonly tokenAgeMs: number | undefined;
  /** Since this failure, or the first one like it, no request of any push was answered, and at least two were made. */
  readonly noneAnsweredSince: boolean;
  /** Requests that need nothing of the registry but that it is there fail in the same way. */
  readonly bareFails: boolean;
  /** Requests of pushes for other things than GET /v2/ fail in the same way. */
  readonly othersAlike: boolean;
  /** Uploads are refused in this way and opened by turns where they begin. */
  readonly refusedByTurns: boolean;
  /** Bodies of PATCH are lost with a length and without, and those of other methods are not. */
  readonly patchLosesBodies: boolean;
  /** Only requests fail in which the host is written as a Location has it: with a port, or without. */
  readonly onlyOtherHostFails: boolean;
  /** All failures of this kind ended after about the same time, in milliseconds. */
  readonly constantMs: number | undefined;
  /** The longest that an answer to a body was waited for, and came, in milliseconds; 0: none did. */
  readonly longestAnsweredMs: number;
  /** What the sessions of this failure were answered when they were asked for again. */
  readonly session: SessionAnswers;
  /** What pulls that were cut have in common. */
  readonly pullCuts: PullCuts;
  /** A manifest of the other kind, docker's for OCI's, was taken; undefined: not tried. */
  readonly otherKindPassed: boolean | undefined;
  /** Contrasts that came out the same way twice. */
  readonly proven: ReadonlySet<ContrastName>;
}

const noCuts: PullCuts = { count: 0 };

/** What stands around a failure about which nothing else is known than what `trials` saw over the path. */
export function aloneOn(
  path: Examined['path'],
  failure: Failure,
  direct: DirectResult = 'none',
  directPath?: string,
  trials: readonly Pick<Trial, 'run'>[] = [],
): Contrast {
  const among = contrastOf({ failure, what: '' }, { subject: { path, trials: [] } });
  const taken = followsLayers(failure) ? layersTaken : {};
  return { ...among, ...observedOf({ trials }), ...taken, direct, directPath };
}

/** What it shows of a path that the layers of an image were taken over it. */
const layersTaken = { registryAnswered: true, sessionOpened: true, sessionTaken: true, loginWorks: true } as const;

/** What stands around a failure in its examination. Pure. */
export function contrastOf(symptom: Symptom, examination: Examination): Contrast {
  const { failure, trial, slow } = symptom;
  const { subject, direct } = examination;
  const { durationLimit, trials } = subject;
  const sizeBytes = trial?.sizeBytes ?? 0;
  const ofSize = trials.filter((one) => one.sizeBytes >= sizeBytes && !besides.has(one.kind) && one.kind !== 'repeat');
  const fresh = trials.find(({ kind }) => kind === 'fresh');
  const ended = durationLimit?.conclusion === 'found' ? durationLimit.smallestRejected : undefined;
  const shape = trial?.shape ?? subject.sizeLimit?.runs.at(-1)?.check.client.shape;
  const alike = trials.filter(({ kind, run }) => !besides.has(kind) && isAlike(run.failure, failure));
  const here = observedOf(subject);
  const there = direct === undefined ? undefined : observedOf(direct);
  return {
    ...here,
    pathKind: subject.path.kind,
    throughProxy: subject.path.proxy !== undefined,
    anonymous: trials.length > 0 && trials.every(({ run }) => run.check.registry.credentials.kind === 'anonymous'),
    sizeBytes,
    ...smallOnes(trials, trial, sizeBytes),
    ...largestPassed(trials, shape),
    isSlowBody: slow === true,
    declaredPassed: anyPassed(ofSize.filter(({ shape }) => shape !== 'patch-streamed')),
    onlyStreamedFails:
      alike.every(isStreamed) &&
      ofSize.some((one) => one.run.ok && isPatchWithLength(one)) &&
      !trials.some((one) => one.run.ok && isStreamed(one)),
    slowPassedMs: (durationLimit?.largestAccepted ?? 0) * 1_000,
    endedAfterMs: ended === undefined ? undefined : ended * 1_000,
    idleEndedAfterMs: trials.find(endedInSilence)?.run.failure?.elapsedMs,
    restPassedMs: trials.find(({ kind, run }) => kind === 'pausing' && run.ok)?.pauseMs,
    freshPassed: fresh?.run.ok,
    arrived: trial && arrivedOf(failure, askedLike(trial, trials)),
    direct: directResult(failure, trial, direct, trials.some(endedInSilence)),
    directPath: direct?.path.name,
    directLoginWorks: there?.loginWorks === true,
    oldestTokenMs: Math.max(here.oldestTokenMs, there?.oldestTokenMs ?? 0),
    kindsFailingAlike: [],
    cameAgain: trial && cameAgain(trial, trials),
    tokenAgeMs: trial && lastTokenAge(trial.run),
    ...otherRequests(failure, subject),
    noneAnsweredSince: noneAnsweredSince(alike[0], trials),
    constantMs: constantMs(alike.map(({ run }) => run.failure)),
    longestAnsweredMs: longestAnsweredMs(failure, trials),
    session: sessionAnswers(alike),
    pullCuts: noCuts,
    otherKindPassed: undefined,
    proven: provenContrasts(symptom, examination),
  };
}

/** What became of other requests on the path. */
function otherRequests(
  failure: Failure,
  subject: Examined,
): Pick<Contrast, 'bareFails' | 'othersAlike' | 'refusedByTurns' | 'patchLosesBodies' | 'onlyOtherHostFails'> {
  const alike = symptomsOf(subject).flatMap((one) => (isAlike(one.failure, failure) ? one.failure : []));
  return {
    bareFails: alike.some(({ phase }) => barePhases.has(phase)),
    othersAlike: alike.some(isOfPushBeyondPing),
    refusedByTurns: isRefusedByTurns(failure, subject.trials),
    patchLosesBodies: patchLosesBodies(subject.trials),
    onlyOtherHostFails: onlyOtherHostFails(failure, subject),
  };
}

function largestPassed(
  trials: readonly Trial[],
  shape: Trial['shape'] | undefined,
): Pick<Contrast, 'passedBytes' | 'passedAlikeBytes'> {
  const whole = trials.filter((one) => one.run.ok && !isChunked(one));
  const alike = whole.filter((one) => shape === undefined || isStreamed(one) === isStreamed({ shape }));
  return { passedBytes: largest(whole), passedAlikeBytes: largest(alike) };
}

function largest(trials: readonly Trial[]): number {
  return Math.max(0, ...trials.map(({ sizeBytes }) => sizeBytes));
}

function smallOnes(
  trials: readonly Trial[],
  trial: Trial | undefined,
  failedBytes: number,
): Pick<Contrast, 'smallPassed' | 'smallPassedAfter'> {
  const after = trial === undefined ? [] : trials.slice(trials.indexOf(trial) + 1);
  return {
    smallPassed: trials.some(({ kind, run }) => kind === 'small' && run.ok),
    smallPassedAfter: after.some(({ kind, run, sizeBytes }) => run.ok && (kind === 'again' || sizeBytes < failedBytes)),
  };
}

function cameAgain(trial: Trial, trials: readonly Trial[]): boolean | undefined {
  const repeats = trials.filter(
    ({ kind, shape, sizeBytes }) => kind === 'repeat' && shape === trial.shape && sizeBytes === trial.sizeBytes,
  );
  return repeats.length === 0 || trial.kind === 'repeat' ? undefined : repeats.some(({ run }) => !run.ok);
}

function noneAnsweredSince(first: Trial | undefined, trials: readonly Trial[]): boolean {
  const later = first === undefined ? [] : trials.slice(trials.indexOf(first) + 1);
  return later.length >= timesToProve && requestsOver(later).every(({ status }) => status === undefined);
}

function anyPassed(trials: readonly Trial[]): boolean | undefined {
  return trials.length === 0 ? undefined : trials.some(({ run }) => run.ok);
}

/** What is read, as the catalog, may ask for other rights. */
function isOfPushBeyondPing({ phase, evidence }: Failure): boolean {
  return phase !== 'pull' && !isPing(evidence);
}

/** Of single answers: what chunks wait for theirs adds up. */
function longestAnsweredMs(failure: Failure, trials: readonly Trial[]): number {
  return Math.max(0, ...trials.map((one) => (one.run.ok && !isChunked(one) ? longestWaitMs(one, failure) : 0)));
}

/** The registry may be gone, or a hop cannot reach it: only another path can tell. */
export function isDown({ reason, status, answeredBy }: Failure): boolean {
  // Cloudflare's own codes say which leg is broken.
  const named = answeredBy === 'cloudflare' && (status ?? 0) >= 520;
  return !named && reasonTable[reason].tells.maybeDown;
}

import { formatBytes } from '../byte-words.ts';
import { conformanceBytes, conformanceFacts } from './conformance-facts.ts';
import { apiCheckEndpoints } from './api-check.ts';
import type { DurationLimit, SizeLimit } from '../limits/limit.ts';
import { manifestFactsOf } from './manifest-trials.ts';
import { pullBytesOf, pullFactsOf } from './pull-trials.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import type { Examination, Examined, Symptom, Trial } from './trial.ts';

/** Everything that failed over a path, in the order in which it was tried. */
export function symptomsOf(examined: Examined): Symptom[] {
  const { api, trials, sizeLimit, durationLimit } = examined;
  return [
    ...apiCheckEndpoints.flatMap((endpoint) => {
      const state = api?.endpoints[endpoint];
      return state?.up === false ? [{ failure: state.failure, what: `asking for ${endpoint}`, endpoint }] : [];
    }),
    ...trials.flatMap((trial) => {
      const { failure } = trial.run;
      // A pausing body is a question about another failure.
      return failure === undefined || trial.kind === 'pausing' ? [] : [{ failure, what: nameOf(trial), trial }];
    }),
    ...ofLimit(sizeLimit, (size) => `a body of ${formatBytes(size)}`),
    ...ofLimit(durationLimit, (duration) => `a small body that takes ${formatDuration(duration * 1_000)}`),
  ];
}

/** A search that ended in a failure of another kind has seen something, too. */
function ofLimit(limit: SizeLimit | DurationLimit | undefined, what: (value: number) => string): Symptom[] {
  const { conclusion, rejection, smallestRejected, unit } = limit ?? {};
  if (conclusion === 'found' && rejection !== undefined && smallestRejected !== undefined)
    return [{ failure: rejection, what: what(smallestRejected), ...(unit === 'seconds' ? { slow: true } : {}) }];
  const failure = rejection ?? limit?.runs.findLast((run) => !run.ok)?.failure;
  return conclusion === 'inconclusive' && unit === 'seconds' && failure !== undefined
    ? [{ failure, what: 'a small body sent slowly', slow: true }]
    : [];
}

/** `docker, 2 MiB`. */
function nameOf({ kind, run, sizeBytes, pauseMs = 0 }: Trial): string {
  const how = {
    small: '',
    full: '',
    shape: '',
    tiny: ', in one segment',
    pausing: `, resting for ${formatDuration(pauseMs)} in the body`,
    fresh: ', each request on a new connection',
    version: ', over HTTP/1.1',
    repeat: ', the same once more',
    again: ', once more at the end',
  };
  return `${run.check.client.name}, ${formatBytes(sizeBytes)}${how[kind]}`;
}

export function describeTrial(trial: Trial): string {
  const { failure, durationMs } = trial.run;
  const outcome = failure === undefined ? `pushed in ${formatDuration(durationMs)}` : describeFailure(failure);
  return `${nameOf(trial)}: ${outcome}${heldWords(trial)}`;
}

/** `; the registry holds 1.2 MiB of it`, or how often it knew of the session; nothing where it was not asked. */
export function heldWords(trial: Trial | undefined): string {
  const { heldBytes, sessionAnswers: session } = trial?.run ?? {};
  if (heldBytes !== undefined) return `; the registry holds ${formatBytes(heldBytes)} of it`;
  if (session === undefined) return '';
  const { known, disowned, elsewhere } = session;
  return `; asked for again, the upload was known ${known} times, unknown ${disowned} times, and a hop answered ${elsewhere} times`;
}

export function factsOfExamination(examination: Examination): string[] {
  const { subject, direct, pulled, manifests = [] } = examination;
  return [
    ...factsOf(subject),
    ...(direct === undefined ? [] : factsOf(direct)),
    ...manifestFactsOf(manifests),
    ...(pulled === undefined ? [] : pullFactsOf(pulled)),
    ...conformanceFacts(examination.conformance),
  ];
}

function factsOf({ path, api, trials, sizeLimit, durationLimit }: Examined): string[] {
  const facts = [
    ...apiCheckEndpoints.flatMap((endpoint) => {
      const state = api?.endpoints[endpoint];
      if (state === undefined) return [];
      const note = state.up
        ? `up${state.note === undefined ? '' : ` (${state.note})`}`
        : describeFailure(state.failure);
      return [`${endpoint}: ${note}`];
    }),
    ...trials.map(describeTrial),
    ...(sizeLimit === undefined ? [] : [`size limit${asWhom(sizeLimit)}, ${sizeLimit.conclusion}: ${sizeLimit.why}`]),
    ...(durationLimit === undefined
      ? []
      : [`time limit${asWhom(durationLimit)}, ${durationLimit.conclusion}: ${durationLimit.why}`]),
  ];
  return facts.map((fact) => `${path.name}: ${fact}`);
}

/** ` as docker-containerd`: the search may have been made as another client than the one in question. */
function asWhom({ runs }: SizeLimit | DurationLimit): string {
  const name = runs[0]?.check.client.name;
  return name === undefined ? '' : ` as ${name}`;
}

/** Body bytes of all that was sent over both paths. */
export function bytesOfExamination(examination: Examination): number {
  const { subject, direct, conformance, neighbour, pulled, manifests = [] } = examination;
  const trials = bytesOf(subject) + (direct === undefined ? 0 : bytesOf(direct));
  const back = pulled === undefined ? 0 : pullBytesOf(pulled);
  const images = manifests.reduce((sum, { run }) => sum + run.sentBytes, 0);
  return trials + images + back + conformanceBytes(conformance) + (neighbour?.sentBytes ?? 0);
}

function bytesOf({ trials, sizeLimit, durationLimit }: Examined): number {
  const ofTrials = trials.reduce((sum, { run }) => sum + run.sentBytes, 0);
  return ofTrials + (sizeLimit?.bytesSpent ?? 0) + (durationLimit?.bytesSpent ?? 0);
}

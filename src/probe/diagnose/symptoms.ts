import { apiCheckEndpoints } from '../api-check.ts';
import type { DurationLimit, Limit, SizeLimit } from '../limits/limit.ts';
import { describeFailure, megabytes, seconds } from '../verdict-words.ts';
import type { Examination, Examined, Symptom, Trial } from './trial.ts';

/** Everything that failed over a path, in the order in which it was tried. */
export function symptomsOf(examined: Examined): Symptom[] {
  const { api, trials, sizeLimit, durationLimit } = examined;
  return [
    ...apiCheckEndpoints.flatMap((endpoint) => {
      const state = api?.endpoints[endpoint];
      return state?.up === false ? [{ failure: state.failure, what: `asking for ${endpoint}` }] : [];
    }),
    ...trials.flatMap((trial) => {
      const { failure } = trial.run;
      // A pausing body is a question about another failure.
      return failure === undefined || trial.kind === 'pausing' ? [] : [{ failure, what: nameOf(trial), trial }];
    }),
    ...ofLimit(sizeLimit, (size) => `a body of ${megabytes(size)}`),
    ...ofLimit(durationLimit, (duration) => `a small body that takes ${seconds(duration * 1_000)}`),
  ];
}

/** A search that ended in a failure of another kind has seen something, too. */
function ofLimit(limit: Limit<'bytes' | 'seconds'> | undefined, what: (value: number) => string): Symptom[] {
  const { conclusion, rejection, smallestRejected, unit } = limit ?? {};
  if (conclusion === 'found' && rejection !== undefined && smallestRejected !== undefined) {
    return [{ failure: rejection, what: what(smallestRejected), ...(unit === 'seconds' ? { slow: true } : {}) }];
  }
  const failure = limit?.runs.at(-1)?.failure;
  return conclusion === 'inconclusive' && unit === 'seconds' && failure !== undefined
    ? [{ failure, what: 'a small body sent slowly', slow: true }]
    : [];
}

/** `docker, 2.10 MB`. */
function nameOf({ kind, run, sizeBytes, pauseMs = 0 }: Trial): string {
  const how = {
    small: '',
    full: '',
    shape: '',
    pausing: `, resting for ${seconds(pauseMs)} in the body`,
    fresh: ', each request on a new connection',
    repeat: ', the same once more',
    again: ', once more at the end',
  };
  return `${run.check.client.name}, ${megabytes(sizeBytes)}${how[kind]}`;
}

export function describeTrial(trial: Trial): string {
  const { failure, durationMs } = trial.run;
  const outcome = failure === undefined ? `pushed in ${seconds(durationMs)}` : describeFailure(failure);
  return `${nameOf(trial)}: ${outcome}${heldWords(trial)}`;
}

/** `; the registry holds 1.20 MB of it`; nothing where it was not asked. */
export function heldWords(trial: Trial | undefined): string {
  const heldBytes = trial?.run.heldBytes;
  return heldBytes === undefined ? '' : `; the registry holds ${megabytes(heldBytes)} of it`;
}

export function factsOfExamination({ subject, direct }: Examination): string[] {
  return [...factsOf(subject), ...(direct === undefined ? [] : factsOf(direct))];
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

export function bytesOf({ trials, sizeLimit, durationLimit }: Examined): number {
  const ofTrials = trials.reduce((sum, { run }) => sum + run.sentBytes, 0);
  return ofTrials + (sizeLimit?.bytesSpent ?? 0) + (durationLimit?.bytesSpent ?? 0);
}

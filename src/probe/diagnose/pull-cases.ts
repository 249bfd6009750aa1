import type { Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import { isPullRefused, type PullCuts, pullCutsOf } from '../judge/pull-cuts.ts';
import { isSameFamily } from '../judge/reason-table.ts';
import type { Run } from '../outcome.ts';
import { aloneOn, type Contrast } from './contrast.ts';
import { type ContrastName, isAlike, provenByCuts, timesToProve } from './flips.ts';
import { isPullFailed, whatOf } from './pull-trials.ts';
import type { PulledBack } from './trial.ts';

/** One failure of a pull, with all that is known around it. */
export interface PullCase {
  readonly failure: Failure;
  readonly contrast: Contrast;
  /** `docker, 8 MiB pulled back`. */
  readonly what: string;
}

/** The failures to be explained; what failed alike is one. Pure. */
export function pullCases({ runs, directRuns }: PulledBack): PullCase[] {
  const failed = runs.filter(isPullFailed);
  const [first] = failed;
  if (first?.failure === undefined) return [];
  const { path } = first.check;
  const alike = failed.flatMap(({ failure }) => (failure?.reason === first.failure?.reason ? [failure] : []));
  const pullCuts = pullCutsOf(alike);
  const [, again] = runs;
  const [there] = directRuns;
  // What came back at another time is kept back by no rule.
  const passed = runs.some(({ ok, check }) => ok && bytesOf(check) >= bytesOf(first.check));
  const isLasting = alike.length >= timesToProve && !passed;
  const contrast = {
    ...aloneOn(path, first.failure, resultOf(there, first.failure), there?.check.path.name),
    cameAgain: again === undefined || !(again.ok || isPullFailed(again)) ? undefined : !again.ok,
    pullCuts,
    proven: new Set(isLasting ? provenBy({ runs, directRuns }, first.failure, pullCuts) : []),
  };
  return [{ failure: first.failure, contrast, what: whatOf(first) }];
}

/** What pulls prove of which the large ones failed each time. */
function provenBy({ runs, directRuns }: PulledBack, failure: Failure, pullCuts: PullCuts): ContrastName[] {
  const proven = provenByCuts(pullCuts);
  if (timesPassed(directRuns) >= timesToProve) proven.push('path');
  // Large ones were refused before small ones came back, and after.
  const isRefusedAlike = isPullRefused(failure) && runs.every((run) => run.ok || isAlike(run.failure, failure));
  if (isRefusedAlike && timesPassed(runs) >= timesToProve && runs.at(-1)?.ok === false) proven.push('pullSize');
  return proven;
}

function timesPassed(runs: readonly Run[]): number {
  return runs.filter(({ ok }) => ok).length;
}

function bytesOf({ workload }: Check): number {
  return workload.layerBytes[0] ?? 0;
}

function resultOf(there: Run | undefined, failure: Failure): Contrast['direct'] {
  if (there === undefined) return 'none';
  if (there.failure === undefined) return 'ok';
  return isSameFamily(there.failure.reason, failure.reason) ? 'same' : 'other';
}

import type { Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import { isPullRefused, pullCutsOf } from '../judge/pull-cuts.ts';
import { isSameFamily } from '../judge/reason-table.ts';
import type { Run } from '../outcome.ts';
import { aloneOn, type Contrast } from './contrast.ts';
import { provenByCuts, timesToProve } from './flips.ts';
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
  const proven = provenByCuts(pullCuts);
  const passedThere = directRuns.filter(({ ok }) => ok).length;
  if (alike.length >= timesToProve && passedThere >= timesToProve) proven.push('path');
  const smaller = runs.filter(({ ok, check }) => ok && bytesOf(check) < bytesOf(first.check)).length;
  if (isPullRefused(first.failure) && alike.length >= timesToProve && smaller >= timesToProve) proven.push('pullSize');
  const contrast = {
    ...aloneOn(path, first.failure, resultOf(there, first.failure), there?.check.path.name),
    cameAgain: again === undefined || !(again.ok || isPullFailed(again)) ? undefined : !again.ok,
    pullCuts,
    proven: new Set(proven),
  };
  return [{ failure: first.failure, contrast, what: whatOf(first) }];
}

function bytesOf({ workload }: Check): number {
  return workload.layerBytes[0] ?? 0;
}

function resultOf(there: Run | undefined, failure: Failure): Contrast['direct'] {
  if (there === undefined) return 'none';
  if (there.failure === undefined) return 'ok';
  return isSameFamily(there.failure.reason, failure.reason) ? 'same' : 'other';
}

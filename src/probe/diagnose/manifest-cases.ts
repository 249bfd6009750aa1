import type { Failure } from '../failure.ts';
import type { Run } from '../outcome.ts';
import { isSameFamily } from '../judge/reason-table.ts';
import { aloneOn, type Contrast } from './contrast.ts';
import { type ContrastName, isAlike, timesToProve } from './flips.ts';
import { manifestGotOver, whatIsPut } from './manifest-trials.ts';
import type { PullCase } from './pull-cases.ts';
import { observedOf } from './observed.ts';
import type { Examined, ManifestPut } from './trial.ts';

/** What became of manifests, and is to be explained; what failed alike is one. `subject`: what else was seen over the path. Pure. */
export function manifestCases(puts: readonly ManifestPut[], subject: Examined): PullCase[] {
  const over = (one: ManifestPut['way']): Run[] => puts.filter(({ way }) => way === one).map(({ run }) => run);
  const usual = over('usual');
  const first = usual.find(({ ok }) => !ok);
  if (first?.failure === undefined || manifestGotOver(puts).length > 0) return [];
  const { failure } = first;
  const later = usual.slice(usual.indexOf(first) + 1);
  const there = over('direct');
  const others = over('other-kind');
  const contrast = {
    ...aloneOn(first.check.path, failure, resultOf(there, failure), there[0]?.check.path.name),
    // All pushes of blobs, of which one at least got through.
    ...observedOf(subject),
    anonymous: first.check.registry.credentials.kind === 'anonymous',
    cameAgain: later.length === 0 ? undefined : later.some(({ ok }) => !ok),
    otherKindPassed: others.length === 0 ? undefined : others.some(({ ok }) => ok),
    proven: provenBy({ usual, there, others, small: over('small') }, failure),
  };
  return [{ failure, contrast, what: whatIsPut(first) }];
}

interface Ways {
  readonly usual: readonly Run[];
  readonly there: readonly Run[];
  readonly others: readonly Run[];
  readonly small: readonly Run[];
}

function provenBy({ usual, there, others, small }: Ways, failure: Failure): ReadonlySet<ContrastName> {
  if (timesRefused(usual, failure) < timesToProve || usual.some(({ ok }) => ok)) return new Set();
  const rows: readonly (readonly [ContrastName, boolean])[] = [
    ['path', timesPassed(there) >= timesToProve],
    ['everywhere', timesRefused(there, failure) >= timesToProve],
    ['mediaType', timesPassed(others) >= timesToProve],
    ['size', timesPassed(small) >= timesToProve],
  ];
  return new Set(rows.flatMap(([name, holds]) => (holds ? [name] : [])));
}

/** What this process may have made itself, because it was too busy, proves nothing. */
function timesRefused(runs: readonly Run[], failure: Failure): number {
  return runs.filter((run) => !run.tainted && isAlike(run.failure, failure)).length;
}

function timesPassed(runs: readonly Run[]): number {
  return runs.filter(({ ok }) => ok).length;
}

function resultOf(there: readonly Run[], failure: Failure): Contrast['direct'] {
  if (there.length === 0) return 'none';
  if (there.every(({ ok }) => ok)) return 'ok';
  return there.every((run) => run.failure !== undefined && isSameFamily(run.failure.reason, failure.reason))
    ? 'same'
    : 'other';
}

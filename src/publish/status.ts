import { groupBy } from '../probe/group-by.ts';
import { type Check, checkId, checkLabels, workloadBytes } from '../probe/check.ts';
import { isCancelled, mostAttempts, endedAtMs, type Run } from '../probe/outcome.ts';
import { listed } from '../probe/compare/verdict-words.ts';
import { hasRealWaits } from '../probe/run/retrying.ts';
import type { View } from './api/schemas.ts';
import type { History } from './history.ts';

/**
 * What a check's last run says. `retried`: succeeded, but not at the first attempt; `stale`: the last run is older than
 * three intervals, so that its result is no news; `unknown`: no run yet.
 */
export type CheckState = CheckStatus['state'];
export type CheckStatus = View<'CheckStatus'>;
/** A run as a point of a sparkline. */
type RunPoint = CheckStatus['recent'][number];
/** The matrix of one registry: rows are paths, columns client and workload. */
export type RegistryStatus = View<'RegistryStatus'>;

/** Earlier runs that a check's sparklines have. */
export const mostRecentRuns = 40;
const staleAfterIntervals = 3;
/** Failing paths that a summary names one by one. */
const pathsInSummary = 8;

/**
 * The state of these checks, by registry, in their order. `recentRuns`: how many earlier runs of each check come along, for
 * its sparklines; they are most of the work and of the size.
 */
export function statusOf(
  checks: readonly Check[],
  history: History,
  now: Date,
  recentRuns = mostRecentRuns,
): RegistryStatus[] {
  return [...groupBy(checks, ({ registry }) => registry.name)].map(([name, own]) => {
    const states = own.map((check) => statusOfCheck(check, history, now, recentRuns));
    const columns = new Map(
      states.map(({ client, workload, sizeBytes }) => [
        JSON.stringify([workload, client]),
        { client, workload, sizeBytes },
      ]),
    );
    return {
      name,
      paths: [...new Set(states.map((state) => state.path))],
      columns: [...columns.values()],
      checks: states,
      summary: summarize(states),
      realWaits: own.every(hasRealWaits),
    };
  });
}

function statusOfCheck(check: Check, history: History, now: Date, recentRuns: number): CheckStatus {
  const id = checkId(check);
  const run = history.last(id);
  const last = run === undefined ? undefined : lastOf(run, now);
  return {
    id,
    ...checkLabels(check),
    sizeBytes: workloadBytes(check.workload),
    intervalMs: check.intervalMs,
    state: stateOf(last, check.intervalMs),
    last,
    recent: recentRuns === 0 ? [] : recentOf(id, history, recentRuns),
  };
}

function recentOf(id: string, history: History, runs: number): RunPoint[] {
  return history
    .list({ checkId: id })
    .filter((candidate) => !isCancelled(candidate))
    .slice(0, runs)
    .toReversed()
    .map(pointOf);
}

function lastOf(run: Run, now: Date): NonNullable<CheckStatus['last']> {
  const { failure, pushBytesPerSecond } = run;
  return {
    runId: run.id,
    endedAt: new Date(endedAtMs(run)),
    ageMs: Math.max(0, now.getTime() - endedAtMs(run)),
    ok: run.ok,
    durationMs: run.durationMs,
    attempts: mostAttempts(run),
    pushBytesPerSecond,
    failure: failure && {
      reason: failure.reason,
      phase: failure.phase,
      answeredBy: failure.answeredBy,
      blame: failure.blame,
    },
  };
}

function pointOf(run: Run): RunPoint {
  const { pushBytesPerSecond } = run;
  return {
    id: run.id,
    endedAt: new Date(endedAtMs(run)),
    ok: run.ok,
    durationMs: run.durationMs,
    pushBytesPerSecond,
  };
}

function stateOf(last: CheckStatus['last'], intervalMs: number): CheckState {
  if (last === undefined) return 'unknown';
  if (last.ageMs > staleAfterIntervals * intervalMs) return 'stale';
  if (!last.ok) return 'failed';
  return last.attempts > 1 ? 'retried' : 'ok';
}

function summarize(states: readonly CheckStatus[]): string {
  const failed = states.filter((state) => state.state === 'failed');
  const unknown = states.filter((state) => state.state === 'unknown').length;
  const stale = states.filter((state) => state.state === 'stale').length;
  const notes = [
    unknown > 0 ? `${unknown} of ${states.length} checks had no run yet.` : '',
    stale > 0 ? `${stale} of ${states.length} checks have no recent result.` : '',
  ].filter((note) => note !== '');
  if (failed.length === 0) {
    const good = states.length - unknown - stale;
    return [good > 0 ? `${good} of ${states.length} checks succeed on all paths that have results.` : '', ...notes]
      .filter((note) => note !== '')
      .join(' ');
  }
  return [failing(states, failed), ...notes].join(' ');
}

/** `3 of 12 checks fail, over the paths a, b and 17 more.` */
function failing(states: readonly CheckStatus[], failed: readonly CheckStatus[]): string {
  const paths = [...new Set(failed.map(({ path }) => path))];
  const shown = paths.slice(0, pathsInSummary);
  const more = paths.length - shown.length;
  const names = more > 0 ? `${shown.join(', ')} and ${more} more` : listed(shown);
  const verb = failed.length === 1 ? 'checks fails' : 'checks fail';
  return `${failed.length} of ${states.length} ${verb}, over the path${paths.length === 1 ? '' : 's'} ${names}.`;
}

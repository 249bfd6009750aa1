import { type Check, checkId, checkLabels, workloadBytes } from '../probe/check.ts';
import type { Failure } from '../probe/failure.ts';
import type { Run } from '../probe/outcome.ts';
import { hasRealWaits } from '../probe/retrying.ts';
import { endedAtMs, type History } from './history.ts';
import { isCancelled, mostAttempts } from './observe-run.ts';

/**
 * What a check's last run says. `retried`: succeeded, but not at the first attempt; `stale`: the last run is older than
 * three intervals, so that its result is no news; `unknown`: no run yet.
 */
export type CheckState = 'ok' | 'retried' | 'failed' | 'stale' | 'unknown';

/** A run as a point of a sparkline. */
export interface RunPoint {
  readonly id: string;
  readonly endedAt: Date;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly pushBytesPerSecond?: number;
}

export interface CheckStatus {
  readonly id: string;
  readonly registry: string;
  readonly path: string;
  readonly client: string;
  readonly workload: string;
  readonly sizeBytes: number;
  readonly intervalMs: number;
  readonly state: CheckState;
  /** Facts of the last run; absent before the first. */
  readonly last?: {
    readonly runId: string;
    readonly endedAt: Date;
    readonly ageMs: number;
    readonly ok: boolean;
    readonly durationMs: number;
    readonly attempts: number;
    readonly pushBytesPerSecond?: number;
    readonly failure?: Pick<Failure, 'reason' | 'phase' | 'answeredBy' | 'blame'>;
  };
  /** Oldest first, cancelled runs left out. */
  readonly recent: readonly RunPoint[];
}

/** The matrix of one registry: rows are paths, columns client and workload. */
export interface RegistryStatus {
  readonly name: string;
  readonly paths: readonly string[];
  readonly columns: readonly { readonly client: string; readonly workload: string; readonly sizeBytes: number }[];
  readonly checks: readonly CheckStatus[];
  /** In one sentence, what the last runs say. */
  readonly summary: string;
  /** false: waits between attempts were scaled or left out, so that durations and attempts are not the real clients'. */
  readonly realWaits: boolean;
}

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
    ...(last === undefined ? {} : { last }),
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
    ...(pushBytesPerSecond === undefined ? {} : { pushBytesPerSecond }),
    ...(failure === undefined
      ? {}
      : {
          failure: {
            reason: failure.reason,
            phase: failure.phase,
            answeredBy: failure.answeredBy,
            blame: failure.blame,
          },
        }),
  };
}

function pointOf(run: Run): RunPoint {
  const { pushBytesPerSecond } = run;
  return {
    id: run.id,
    endedAt: new Date(endedAtMs(run)),
    ok: run.ok,
    durationMs: run.durationMs,
    ...(pushBytesPerSecond === undefined ? {} : { pushBytesPerSecond }),
  };
}

function stateOf(last: CheckStatus['last'], intervalMs: number): CheckState {
  if (last === undefined) {
    return 'unknown';
  }
  if (last.ageMs > staleAfterIntervals * intervalMs) {
    return 'stale';
  }
  if (!last.ok) {
    return 'failed';
  }
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
  return [...failuresByPath(states, failed), ...notes].join(' ');
}

function failuresByPath(states: readonly CheckStatus[], failed: readonly CheckStatus[]): string[] {
  const totals = groupBy(states, ({ path }) => path);
  const paths = groupBy(failed, ({ path }) => path);
  const sentences = [...paths].slice(0, pathsInSummary).map(([path, here]) => {
    const reasons = here.flatMap(({ last }) =>
      last?.failure === undefined ? [] : [`${last.failure.reason} (${answeredBy(last.failure.answeredBy)})`],
    );
    const total = totals.get(path)?.length;
    return `Path ${path}: ${here.length} of ${total} checks fail, ${[...new Set(reasons)].join(', ')}.`;
  });
  const others = paths.size - sentences.length;
  return others > 0 ? [...sentences, `So do checks on ${others} more paths.`] : sentences;
}

/** Lists by key, in the order in which keys and values come. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) {
      groups.set(keyOf(value), [value]);
    } else {
      group.push(value);
    }
  }
  return groups;
}

function answeredBy(answerer: Failure['answeredBy']): string {
  return answerer === 'none' ? 'nobody answered' : `answered by ${answerer}`;
}

import { type Check, checkId, checkLabels } from '../probe/check.ts';
import type { Finding } from '../probe/diagnose/finding.ts';
import { findingFor } from '../probe/diagnose/judge-run.ts';
import { reasonTable } from '../probe/judge/reason-table.ts';
import { isCancelled, type Run } from '../probe/outcome.ts';
import type { History } from './history.ts';

/** One cause that keeps checks from succeeding now, and what is known of it. */
export interface CauseNow {
  readonly registry: string;
  /** One clause, begins in lower case. */
  readonly title: string;
  readonly hop: string;
  readonly confidence: Finding['confidence'];
  /** Absent: no cause is known, only how it failed. */
  readonly remedy?: string;
  readonly reference?: string;
  readonly paths: readonly string[];
  readonly clients: readonly string[];
  readonly workloads: readonly string[];
  /** Checks that fail by it. */
  readonly checks: number;
  /** The newest failing run. */
  readonly run: Run;
  /** The first failure in a row of the check that fails longest, as far as memory goes. */
  readonly since: Date;
  /** The last success of any of these checks; undefined: none in memory. */
  readonly lastGood: Date | undefined;
}

const rank = { certain: 0, likely: 1, open: 2 } as const;

/** The last run of each check: what a failing one is compared with. */
export function lastRuns({
  checks,
  history,
}: {
  readonly checks: () => readonly Check[];
  readonly history: History;
}): Run[] {
  return checks().flatMap((check) => history.last(checkId(check)) ?? []);
}

/** The causes for which these checks fail now: the surest first, then those that strike most checks. */
export function causesNow(checks: readonly Check[], history: History, now: Date): CauseNow[] {
  const last = checks.flatMap((check) => history.last(checkId(check)) ?? []);
  const failing = last.filter((run) => !run.ok && !isCancelled(run) && isNews(run, now));
  const causes = new Map<string, CauseNow>();
  for (const run of failing) {
    const one = causeOf(run, findingFor(run, last), history);
    const key = JSON.stringify([one.registry, one.title]);
    const known = causes.get(key);
    causes.set(key, known === undefined ? one : joined(known, one));
  }
  return [...causes.values()].sort((a, b) => rank[a.confidence] - rank[b.confidence] || b.checks - a.checks);
}

/** Older results are no news: the status page says so of the check. */
function isNews(run: Run, now: Date): boolean {
  return now.getTime() - run.startedAt.getTime() <= 4 * run.check.intervalMs + run.durationMs;
}

function causeOf(run: Run, finding: Finding | undefined, history: History): CauseNow {
  const { registry, path, client, workload } = checkLabels(run.check);
  const runs = history.list({ checkId: checkId(run.check) }).filter((one) => !isCancelled(one));
  const goodAt = runs.findIndex(({ ok }) => ok);
  const bad = goodAt < 0 ? runs : runs.slice(0, goodAt);
  const { reason = 'internal', blame = 'unknown' } = run.failure ?? {};
  return {
    registry,
    title: finding?.title ?? reasonTable[reason].title,
    hop: finding?.hop ?? blame,
    confidence: finding?.confidence ?? 'open',
    remedy: finding?.remedy,
    reference: finding?.reference,
    paths: [path],
    clients: [client],
    workloads: [workload],
    checks: 1,
    run,
    since: (bad.at(-1) ?? run).startedAt,
    lastGood: runs[goodAt]?.startedAt,
  };
}

function joined(a: CauseNow, b: CauseNow): CauseNow {
  const both = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])];
  const goods = [a.lastGood, b.lastGood].flatMap((date) => date ?? []);
  return {
    ...(rank[b.confidence] < rank[a.confidence] ? b : a),
    paths: both(a.paths, b.paths),
    clients: both(a.clients, b.clients),
    workloads: both(a.workloads, b.workloads),
    checks: a.checks + b.checks,
    run: b.run.startedAt > a.run.startedAt ? b.run : a.run,
    since: b.since < a.since ? b.since : a.since,
    lastGood: goods.toSorted((one, other) => other.getTime() - one.getTime())[0],
  };
}

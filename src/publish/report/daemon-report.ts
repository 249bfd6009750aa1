import type { ApiReport } from '../../probe/api-check.ts';
import { type Check, checkId, checkLabels } from '../../probe/check.ts';
import { planRounds, type Round } from '../../probe/round.ts';
import { formatBytes, formatDuration } from '../format.ts';
import type { History } from '../history.ts';
import type { LimitFinding } from '../metrics.ts';
import { isCancelled } from '../observe-run.ts';
import { runSummary } from '../run-view.ts';
import { type ReportData, type ReportedLimit, runsOf } from './report-data.ts';
import { routingWords } from './routing-words.ts';

/** All that a running daemon knows, in memory. */
export interface Knowledge {
  readonly generatedAt: Date;
  readonly version: string;
  /** The checks in force. */
  readonly checks: readonly Check[];
  readonly history: Pick<History, 'list'>;
  readonly rounds: readonly Round[];
  readonly apis: readonly ApiReport[];
  readonly limits: readonly LimitFinding[];
}

/**
 * One report for each registry with checks, in their order. A round is the last one's verdict with all its checks' runs that
 * are in memory; what was run on demand, and what our own shutdown ended, is no part of it.
 */
export function daemonReports(known: Knowledge): ReportData[] {
  const names = [...new Set(known.checks.map(({ registry }) => registry.name))];
  return names.map((name) => reportOn(name, known));
}

function reportOn(
  name: string,
  { generatedAt, version, checks, history, rounds, apis, limits }: Knowledge,
): ReportData {
  const own = checks.filter(({ registry }) => registry.name === name);
  return {
    generatedAt,
    version,
    registry: { name, repository: own[0]?.registry.repository ?? '' },
    paths: [...new Map(own.map(({ path }) => [path.name, path])).values()],
    rounds: planRounds(own).map((plan) => roundOf(plan.checks, rounds, history)),
    apis: apis.filter(({ registry }) => registry === name),
    limits: limits.filter(({ registry }) => registry === name).flatMap(reportedLimit),
    diagnoses: [],
  };
}

function roundOf(checks: readonly [Check, ...Check[]], rounds: readonly Round[], history: Knowledge['history']): Round {
  const { registry, client, workload } = checkLabels(checks[0]);
  const last = rounds.find(
    (round) => round.registry === registry && round.client === client && round.workload === workload,
  );
  const runs = checks.flatMap((check) => history.list({ checkId: checkId(check) })).filter((run) => !isCancelled(run));
  const startedAt = last?.startedAt ?? new Date(0);
  const verdict = last?.verdict ?? { kind: 'inconclusive', why: 'no round has ended yet' };
  return { id: last?.id ?? '', registry, client, workload, startedAt, runs, verdict };
}

/** Searches without a bound are not kept: a smallest rejected value means that the limit was found. */
function reportedLimit({ path, client, unit, bounds }: LimitFinding): ReportedLimit[] {
  const { largest_accepted: largestAccepted, smallest_rejected: smallestRejected } = bounds;
  if (largestAccepted === undefined && smallestRejected === undefined) {
    return [];
  }
  const show = (value: number): string => (unit === 'bytes' ? formatBytes(value) : formatDuration(value * 1_000));
  const words = [
    ...(largestAccepted === undefined ? [] : [`${show(largestAccepted)} is accepted`]),
    ...(smallestRejected === undefined ? ['nothing larger was tried'] : [`${show(smallestRejected)} is rejected`]),
  ];
  const limit = {
    unit,
    ...(largestAccepted === undefined ? {} : { largestAccepted }),
    ...(smallestRejected === undefined ? {} : { smallestRejected }),
    bytesSpent: 0,
    conclusion: smallestRejected === undefined ? 'none-up-to' : 'found',
    why: words.join(', '),
  } as ReportedLimit['limit'];
  return [{ path, client, limit }];
}

/** The report for machines. Fields are named one by one: paths and checks hold credentials. */
export function reportView(data: ReportData, limits: readonly LimitFinding[]): object {
  const { generatedAt, version, registry, paths, rounds, apis } = data;
  return {
    generatedAt,
    version,
    registry: registry.name,
    repository: registry.repository,
    paths: paths.map(({ name, origin, kind }) => ({ name, origin, kind })),
    routing: routingWords(data),
    rounds: rounds.map(({ client, workload, verdict: { kind, why } }) => ({ client, workload, kind, why })),
    apis,
    limits: limits.filter((limit) => limit.registry === registry.name),
    runs: runsOf(data).map((run) => runSummary(run, false)),
  };
}

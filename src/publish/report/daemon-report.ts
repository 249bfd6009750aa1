import type { View } from '../api/schemas.ts';
import { isCancelled } from '../../probe/outcome.ts';
import type { ApiReport } from '../../probe/diagnose/api-check.ts';
import { type Check, checkId, checkLabels } from '../../probe/check.ts';
import { planRounds, type Round } from '../../probe/compare/round.ts';
import type { History } from '../history.ts';
import type { PathLimit } from '../../probe/limits/limit.ts';
import { limitView } from '../limit-view.ts';
import { runSummary } from '../run-view.ts';
import { type ReportData, runsOf } from './report-data.ts';
import { routingWords } from './routing-words.ts';

/** All that a running daemon knows, in memory. */
interface Knowledge {
  readonly generatedAt: Date;
  readonly version: string;
  /** The checks in force. */
  readonly checks: readonly Check[];
  readonly history: Pick<History, 'list'>;
  readonly rounds: readonly Round[];
  readonly apis: readonly ApiReport[];
  readonly limits: readonly PathLimit[];
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
    limits: limits.filter(({ registry }) => registry === name),
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

/** The report for machines. Fields are named one by one: paths and checks hold credentials. */
export function reportView(data: ReportData): View<'Report'> {
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
    limits: data.limits.map(limitView),
    runs: runsOf(data).map((run) => runSummary(run, false)),
  };
}

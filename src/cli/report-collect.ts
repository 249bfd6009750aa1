import { formatBytes } from '../probe/byte-words.ts';
import { randomUUID } from 'node:crypto';
import type { Config, LimitTarget } from '../config/config.ts';
import type { ApiReport } from '../probe/diagnose/api-check.ts';
import { checkId } from '../probe/check.ts';
import { diagnose } from '../probe/diagnose/diagnose.ts';
import { examine } from '../probe/diagnose/examine.ts';
import { judgeRun } from '../probe/diagnose/judge-run.ts';
import { type DurationLimit, type PathLimit, pathLimit, type SizeLimit } from '../probe/limits/limit.ts';
import { controlOf, planRounds, type Round, runRound } from '../probe/compare/round.ts';
import type { ReportData, ReportedDiagnosis } from '../publish/report/report-data.ts';
import { directPathOf } from './diagnose.ts';
import { blobCheck, type OnDemandCommandDeps } from './on-demand-flags.ts';
import type { ProgressView } from './progress.ts';

/** What a report is to be made of. */
export interface ReportPlan {
  readonly targets: readonly LimitTarget[];
  readonly config: Config | undefined;
  readonly smallBytes: number;
  readonly largeBytes: number;
  readonly timeoutMs: number | undefined;
  readonly durationsMs: readonly number[];
  readonly retries: 'none' | 'profile';
}

/** Asks the API, runs the rounds, examines each path. Ends early, with what there is, when `signal` aborts. */
export async function collectReport(
  plan: ReportPlan,
  version: string,
  deps: OnDemandCommandDeps,
  view: ProgressView,
  signal: AbortSignal,
): Promise<ReportData> {
  const paths = [...new Map(plan.targets.map((target) => [target.path.name, target])).values()];
  const generatedAt = new Date();
  const apis: ApiReport[] = [];
  for (const target of paths) {
    view.begin(`API over ${target.path.name}`);
    const api = await deps.engine.checkApi(target, { timeoutMs: 30_000, signal });
    apis.push(...(api === undefined ? [] : [api]));
  }
  const rounds = await runRounds(plan, deps, view, signal);
  const { diagnoses, limits } = await examineAll(plan, paths, deps, view, signal);
  const { name = '', repository = '' } = plan.targets[0]?.registry ?? {};
  return {
    generatedAt,
    version,
    registry: { name, repository },
    paths: paths.map(({ path }) => path),
    rounds,
    apis,
    limits,
    diagnoses,
  };
}

async function runRounds(
  plan: ReportPlan,
  { engine }: OnDemandCommandDeps,
  view: ProgressView,
  signal: AbortSignal,
): Promise<Round[]> {
  const checks = [plan.smallBytes, plan.largeBytes].flatMap((sizeBytes) =>
    plan.targets.map((target) => {
      const check = blobCheck(
        target,
        { sizeBytes, name: formatBytes(sizeBytes), timeoutMs: plan.timeoutMs },
        plan.config,
      );
      return { ...check, workload: { ...check.workload, pull: true }, retries: plan.retries };
    }),
  );
  const rounds: Round[] = [];
  for (const round of planRounds(checks)) {
    const run: Parameters<typeof runRound>[1]['run'] = (check) => {
      view.begin(checkId(check));
      return engine.run(check, { signal, onProgress: (progress) => view.update(progress) });
    };
    const control: Parameters<typeof runRound>[1]['control'] = async (check) =>
      (await engine.run(controlOf(check), { signal })).ok;
    rounds.push(
      await runRound(round, { run, control, random: Math.random, newId: randomUUID, judge: judgeRun }, signal),
    );
  }
  return rounds;
}

/** Every path with its first client: limits on time do not show in pushes that are quick. */
async function examineAll(
  plan: ReportPlan,
  paths: readonly LimitTarget[],
  { engine }: OnDemandCommandDeps,
  view: ProgressView,
  signal: AbortSignal,
): Promise<{ diagnoses: ReportedDiagnosis[]; limits: PathLimit[] }> {
  const diagnoses: ReportedDiagnosis[] = [];
  const limits: PathLimit[] = [];
  for (const target of paths) {
    if (signal.aborted) break;
    const where = { path: target.path.name, client: target.client.name };
    const check = blobCheck(
      target,
      { sizeBytes: plan.largeBytes, name: 'diagnosis', timeoutMs: plan.timeoutMs },
      plan.config,
    );
    const examination = await examine(
      {
        check,
        direct: directPathOf(target, plan.config),
        durationsMs: plan.durationsMs,
        signal,
        onStep: (words) => view.begin(`${where.path}: ${words}`),
        onProgress: (progress) => view.update(progress),
      },
      engine,
    );
    diagnoses.push({ ...where, sizeBytes: plan.largeBytes, diagnosis: diagnose(examination) });
    const { sizeLimit, durationLimit } = examination.subject;
    limits.push(...[sizeLimit, durationLimit].flatMap((limit) => searchedAs(limit)));
  }
  return { diagnoses, limits };
}

/** The search may have been made as another client than the one examined: the one that was refused. */
function searchedAs(limit: SizeLimit | DurationLimit | undefined): PathLimit[] {
  const check = limit?.runs[0]?.check;
  return limit === undefined || check === undefined ? [] : [pathLimit(check, limit)];
}

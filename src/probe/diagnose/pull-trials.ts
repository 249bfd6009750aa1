import { formatBytes } from '../byte-words.ts';
import type { NetworkPath } from '../../network/path.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import { isPullRefused } from '../judge/pull-cuts.ts';
import { notPutThere } from '../limits/size-trial.ts';
import type { Run } from '../outcome.ts';
import type { ExamineDeps, ExamineOptions } from './examine-options.ts';
import { timesToProve } from './flips.ts';
import { smallBytes, trialCheck } from './trial-checks.ts';
import type { TrialLog } from './trial-log.ts';
import type { PulledBack } from './trial.ts';

/**
 * Pulls a blob of the size in question back over the path, put there over the direct one where there is one. When that fails, once
 * more, then one of half the size, which may be cut for a third time, or, where an answer refused it, two small
 * ones and once more the large one, in case the hop refused everything for a while; and twice over the direct path.
 */
export async function pullBack(
  options: ExamineOptions,
  deps: Pick<ExamineDeps, 'run'>,
  log: TrialLog,
): Promise<PulledBack | undefined> {
  const { check, direct, pull = false, signal, onProgress } = options;
  if (!pull) return undefined;
  if (![...log.trials, ...log.directTrials].some(({ run }) => run.ok)) {
    log.leftOut.push('pulls: no push got through, so there was nothing to pull');
    return undefined;
  }
  const sizeBytes = check.workload.layerBytes[0] ?? 0;
  const runs: Run[] = [];
  const directRuns: Run[] = [];
  const over = async (path: NetworkPath, bytes: number, done: Run[]): Promise<void> => {
    const usual = { ...trialCheck({ check, shape: check.client.shape }, bytes), path, pushedOver: direct ?? path };
    const run = await log.made({
      what: `${formatBytes(bytes)} pulled back over ${path.name}`,
      usual: { ...usual, workload: { ...usual.workload, pull: true } },
      // How long one takes is not known, so its end at our own timeout says nothing.
      neededMs: Number.POSITIVE_INFINITY,
      run: (asked) => deps.run(asked, { signal, onProgress }),
    });
    if (run !== undefined) done.push(run);
  };
  await over(check.path, sizeBytes, runs);
  if (!runs.some(isPullFailed)) return { runs, directRuns };
  await over(check.path, sizeBytes, runs);
  if (runs.every(({ failure }) => failure !== undefined && isPullRefused(failure))) {
    for (let times = 0; times < timesToProve; times += 1) await over(check.path, smallBytes(sizeBytes), runs);
    if (runs.filter(({ ok }) => ok).length >= timesToProve) await over(check.path, sizeBytes, runs);
  } else if (runs.every(isPullFailed)) {
    await over(check.path, Math.ceil(sizeBytes / 2), runs);
  }
  if (direct !== undefined)
    for (let times = 0; times < timesToProve; times += 1) await over(direct, sizeBytes, directRuns);
  return { runs, directRuns };
}

/** It was put there, and did not come back. */
export function isPullFailed({ failure }: Run): boolean {
  return failure?.phase === 'pull';
}

/** `docker, 8 MiB pulled back`. */
export function whatOf({ check }: Run): string {
  return `${check.client.name}, ${formatBytes(check.workload.layerBytes[0] ?? 0)} pulled back`;
}

/** What was done and what came of it, one sentence each. */
export function pullFactsOf({ runs, directRuns }: PulledBack): string[] {
  return [...runs, ...directRuns].map((run) => {
    const outcome = run.failure === undefined ? 'all of it came' : describeFailure(run.failure);
    return `${run.check.path.name}: ${whatOf(run)}: ${outcome}`;
  });
}

/** Why nothing is known of the way back, one sentence; none: something is. */
export function pullGaps({ runs }: PulledBack): string[] {
  const [lost] = runs;
  if (lost?.failure === undefined || runs.some((run) => run.ok || isPullFailed(run))) return [];
  const why = notPutThere(lost) ?? `what was put there could not be asked for: ${describeFailure(lost.failure)}`;
  return [`pulls: ${why}`];
}

/** Body bytes that were sent for it; what came back is not counted. */
export function pullBytesOf({ runs, directRuns }: PulledBack): number {
  return [...runs, ...directRuns].reduce((sum, { sentBytes }) => sum + sentBytes, 0);
}

import { groupBy } from '../group-by.ts';
import { oneBlob, type Check, checkLabels } from '../check.ts';
import type { Run } from '../outcome.ts';
import type { JudgeRun } from './judged-run.ts';
import { type RoundVerdict, roundVerdict } from './verdict.ts';

/** The same client and workload over all paths of a registry, back to back. */
export interface Round {
  readonly id: string;
  readonly registry: string;
  readonly client: string;
  readonly workload: string;
  readonly startedAt: Date;
  /** In the order in which they ran. */
  readonly runs: readonly Run[];
  readonly verdict: RoundVerdict;
}

/** The checks that make a round: equal registry, client, workload and interval. */
export interface RoundPlan {
  /** `gitea/docker/large`. */
  readonly id: string;
  readonly checks: readonly [Check, ...Check[]];
}

/** Groups checks into rounds, in the order of the checks. A check that is alone is a round of one. */
export function planRounds(checks: readonly Check[]): RoundPlan[] {
  const groups = groupBy(checks, (check) => {
    const { registry, client, workload } = checkLabels(check);
    return JSON.stringify([registry, client, workload, check.intervalMs]);
  });
  const taken = new Set<string>();
  return [...groups.values()].map((group) => {
    const { registry, client, workload } = checkLabels(group[0]);
    const name = `${registry}/${client}/${workload}`;
    // Names may hold no slash, and a workload has one interval unless somebody builds checks by hand.
    const id = taken.has(name) ? `${name}@${group[0].intervalMs}ms` : name;
    taken.add(id);
    return { id, checks: group };
  });
}

interface RoundDeps {
  /** Runs one check; undefined: it was not run (no budget left). */
  readonly run: (check: Check, signal: AbortSignal) => Promise<Run | undefined>;
  /** Whether a small push gets through over the path of this check (`controlOf`); asked at the end of a round whose last runs failed. */
  readonly control?: (check: Check, signal: AbortSignal) => Promise<boolean>;
  /** In [0, 1): the order of the paths. */
  readonly random: () => number;
  readonly newId: () => string;
  /** What one failed run says of its cause. */
  readonly judge: JudgeRun;
}

/**
 * Runs the checks of a round one after the other in random order, so that no path always comes first, and judges them.
 * Once `signal` aborts no further check starts, and the verdict is inconclusive.
 */
export async function runRound(plan: RoundPlan, deps: RoundDeps, signal: AbortSignal): Promise<Round> {
  const startedAt = new Date();
  const runs: Run[] = [];
  const skippedPaths: string[] = [];
  for (const check of shuffled(plan.checks, deps.random)) {
    if (signal.aborted) break;
    const run = await deps.run(check, signal);
    if (run === undefined) skippedPaths.push(check.path.name);
    else runs.push(run);
  }
  const controlSucceeded = await succeedsAfter(runs, deps, signal);
  const { registry, client, workload } = checkLabels(plan.checks[0]);
  const verdict: RoundVerdict = signal.aborted
    ? { kind: 'inconclusive', why: 'the round was cancelled' }
    : roundVerdict(runs, {
        skippedPaths,
        controlSucceeded,
        judge: deps.judge,
      });
  return { id: deps.newId(), registry, client, workload, startedAt, runs, verdict };
}

/** A registry that went down in the middle looks like a fault of the paths that came later: so the last good one is asked again. */
async function succeedsAfter(runs: readonly Run[], deps: RoundDeps, signal: AbortSignal): Promise<boolean> {
  const lastGood = runs.findLast((run) => run.ok);
  const needed = lastGood !== undefined && runs.at(-1) !== lastGood && deps.control !== undefined && !signal.aborted;
  return needed ? deps.control(lastGood.check, signal) : false;
}

const controlBytes = 64 * 1024;

/** The control push of a round: one small blob as the same client pushes it, and pulls it where the check does, without retries. */
export function controlOf(check: Check): Check {
  const sizeBytes = Math.min(controlBytes, ...check.workload.layerBytes);
  const control = oneBlob(check, `${check.workload.name}-control`, sizeBytes);
  return {
    ...control,
    // A registry that takes blobs may give none back.
    workload: { ...control.workload, pull: check.workload.pull },
    timeoutMs: Math.min(check.timeoutMs, 30_000),
    retries: 'none',
  };
}

/** Fisher-Yates. */
function shuffled(checks: readonly Check[], random: () => number): Check[] {
  const order = [...checks];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const pick = Math.floor(random() * (last + 1));
    order.splice(last, 0, ...order.splice(pick, 1));
  }
  return order;
}

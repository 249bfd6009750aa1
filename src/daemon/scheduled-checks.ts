import { randomUUID } from 'node:crypto';
import { worstCaseBytes } from '../config/byte-cost.ts';
import { type Check, checkId, checkLabels } from '../probe/check.ts';
import { isCancelled, type Run, type RunCheck } from '../probe/outcome.ts';
import { controlOf, planRounds, type RoundPlan, runRound } from '../probe/compare/round.ts';
import type { JudgeRun } from '../probe/compare/judged-run.ts';
import type { History } from '../publish/history.ts';
import type { SkipCause } from '../publish/metrics/metric-names.ts';
import type { Metrics } from '../publish/metrics/metrics.ts';
import type { ObserveOptions } from '../publish/metrics/observe-run.ts';
import type { Verdicts } from '../publish/verdicts.ts';
import { pausedReason, type ScheduleObserver, type Task } from '../schedule/task-loop.ts';
import type { Gate, Refusal } from './gate.ts';
import type { Logger } from './log.ts';
import { logRun, logVerdict } from './run-log.ts';

export interface ScheduledChecksDeps {
  readonly run: RunCheck;
  readonly metrics: Metrics;
  readonly history: History;
  readonly log: Logger;
  readonly gate: Gate;
  /** Where the last round of each kind is kept. */
  readonly verdicts: Verdicts;
  /** What one failed run of a round says of its cause. */
  readonly judge: JudgeRun;
  /** In [0, 1): the order of the paths in a round. */
  readonly random: () => number;
}

/** Cleaning up after a run, and hashing a size for the first time before it, are no part of the run's own bound. */
const besideRunMs = 20_000;

/** The checks in force, as rounds for the schedule; what the schedule tells about them goes to metrics, history and log. */
export class ScheduledChecks {
  readonly #deps: ScheduledChecksDeps;
  readonly #checks = new Map<string, Check>();
  readonly #plans = new Map<string, RoundPlan>();
  readonly observer: ScheduleObserver;
  #budgetUsedUp = false;
  #observeOptions: ObserveOptions = {};

  constructor(deps: ScheduledChecksDeps) {
    this.#deps = deps;
    this.observer = this.#createObserver();
  }

  /** Puts these checks in force: creates the series of new ones and removes those of checks that are gone. */
  update(checks: readonly Check[], options: ObserveOptions = {}): readonly Task[] {
    this.#observeOptions = options;
    const { metrics, history } = this.#deps;
    const next = new Map(checks.map((check) => [checkId(check), check]));
    for (const [id, check] of this.#checks) {
      if (!next.has(id)) {
        this.#checks.delete(id);
        metrics.unregister(check);
      }
    }
    for (const [id, check] of next) {
      this.#checks.set(id, check);
      metrics.register(check);
    }
    history.retain(new Set(next.keys()));
    this.#deps.verdicts.retain(checks.map(checkLabels));
    return this.#plan(checks);
  }

  #plan(checks: readonly Check[]): readonly Task[] {
    this.#plans.clear();
    return planRounds(checks).map((plan) => {
      this.#plans.set(plan.id, plan);
      const control = controlOf(plan.checks[0]);
      return {
        id: plan.id,
        intervalMs: plan.checks[0].intervalMs,
        timeoutMs: [...plan.checks, control].reduce((sum, { timeoutMs }) => sum + timeoutMs + besideRunMs, 0),
        run: (signal) => this.#runRound(plan, signal),
      };
    });
  }

  async #runRound(plan: RoundPlan, signal: AbortSignal): Promise<void> {
    const { metrics, log, judge, random } = this.#deps;
    const waiting = new Set(plan.checks);
    const round = await runRound(
      plan,
      {
        run: (check) => {
          waiting.delete(check);
          return this.#runCheck(check, signal);
        },
        control: (check) => this.#runControl(check, signal),
        random,
        newId: randomUUID,
        judge,
      },
      signal,
    );
    // Not whether it is paused now: a short pause may be over before what it interrupted has cleaned up.
    if (signal.reason === pausedReason) waiting.forEach((check) => this.#skip(check, 'paused', 1));
    // A round that we ended ourselves, or of which nothing ran, is no news about the registry.
    if (signal.aborted || round.runs.every(isCancelled)) return;
    const { registry, client, workload, verdict } = round;
    const faulty = new Set(verdict.kind === 'path-fault' ? verdict.faults.map(({ path }) => path) : []);
    metrics.round({
      registry,
      client,
      workload,
      verdict: verdict.kind,
      paths: round.runs
        .filter(({ check }) => this.#checks.has(checkId(check)))
        .map(({ check: { path } }) => ({ path: path.name, atFault: faulty.has(path.name) })),
    });
    logVerdict(log, round, this.#deps.verdicts.add(round));
  }

  /** undefined: the budget does not allow it, or the path is to be left alone. */
  async #runCheck(check: Check, signal: AbortSignal): Promise<Run | undefined> {
    const { run: runCheck, metrics, history, log, gate } = this.#deps;
    const pass = gate.enter(check, worstCaseBytes(check));
    if ('cause' in pass) {
      this.#refused(check, pass);
      return undefined;
    }
    this.#budgetUsedUp = false;
    metrics.runStarted(check);
    try {
      return await pass.run(
        async () => {
          const run = await runCheck(check, { signal });
          metrics.observe(run, this.#observeOptions);
          if (this.#checks.has(checkId(check))) history.add(run);
          logRun(log, run);
          return run;
        },
        (run) => [run],
      );
    } finally {
      metrics.runEnded(check);
    }
  }

  /** Not counted as a run: it only tells whether the registry still takes pushes. */
  async #runControl(check: Check, signal: AbortSignal): Promise<boolean> {
    const control = controlOf(check);
    const pass = this.#deps.gate.enter(control, worstCaseBytes(control));
    if ('cause' in pass) return false;
    const { ok } = await pass.run(
      () => this.#deps.run(control, { signal }),
      (run) => [run],
    );
    return ok;
  }

  #skip(check: Check, cause: SkipCause, slots: number): void {
    this.#deps.metrics.runSkipped(check, cause, slots);
    this.#deps.log.debug('run skipped', { ...checkLabels(check), cause, slots });
  }

  #refused(check: Check, refusal: Refusal): void {
    this.#skip(check, refusal.cause, 1);
    if (refusal.cause === 'rate_limited' || this.#budgetUsedUp) return;
    this.#budgetUsedUp = true;
    this.#deps.log.warn('byte budget used up', {
      needed_bytes: worstCaseBytes(check),
      remaining_bytes: refusal.remainingBytes,
    });
  }

  #createObserver(): ScheduleObserver {
    const { metrics, log } = this.#deps;
    const checksOf = (id: string): readonly Check[] => this.#plans.get(id)?.checks ?? [];
    return {
      // Each run counts as late as its round: that its turn in the round comes later is no lag.
      started: ({ id, lagMs }) => checksOf(id).forEach(() => metrics.scheduleLag(lagMs / 1_000)),
      skipped: ({ id, cause, slots }) => {
        for (const check of checksOf(id)) this.#skip(check, cause, slots);
      },
      misbehaved: ({ id, error }) => log.error('round broke its contract', { round: id, error: String(error) }),
    };
  }
}

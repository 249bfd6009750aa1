import { randomUUID } from 'node:crypto';
import { worstCaseBytes } from '../config/byte-cost.ts';
import { type Check, checkId, checkLabels } from '../probe/check.ts';
import { remedyFor } from '../probe/diagnose/remedy-for.ts';
import type { Run, RunCheck } from '../probe/outcome.ts';
import { controlOf, planRounds, type RoundPlan, runRound } from '../probe/round.ts';
import type { VerdictOptions } from '../probe/verdict.ts';
import type { History } from '../publish/history.ts';
import type { Metrics } from '../publish/metrics.ts';
import { isCancelled, type ObserveOptions } from '../publish/observe-run.ts';
import { createVerdicts, type Verdicts } from '../publish/verdicts.ts';
import { type ByteBudget, createByteBudget } from '../schedule/byte-budget.ts';
import { pausedReason, type ScheduleObserver, type SkipCause, type Task } from '../schedule/task-loop.ts';
import type { Logger } from './log.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { logHold, logRun, logVerdict } from './run-log.ts';

export interface ScheduledChecksDeps {
  readonly run: RunCheck;
  readonly metrics: Metrics;
  readonly history: History;
  readonly log: Logger;
  /** Default: none. */
  readonly budget?: ByteBudget;
  /** Who is left alone for a while; shared with whatever else pushes. Default: one of its own. */
  readonly rateLimits?: RateLimits;
  /** Where the last round of each kind is kept. */
  readonly verdicts?: Verdicts;
  /** Default: the diagnosis's. */
  readonly remedy?: VerdictOptions['remedy'];
  /** In [0, 1): the order of the paths in a round. */
  readonly random?: () => number;
}

/** The checks in force, as rounds for the schedule; what the schedule tells about them goes to metrics, history and log. */
export interface ScheduledChecks {
  readonly observer: ScheduleObserver;
  /** Puts these checks in force: creates the series of new ones and removes those of checks that are gone. */
  update(checks: readonly Check[], options?: ObserveOptions): readonly Task[];
}

/** Cleaning up after a run, and hashing a size for the first time before it, are no part of the run's own bound. */
const besideRunMs = 20_000;

export function createScheduledChecks(deps: ScheduledChecksDeps): ScheduledChecks {
  return new Rounds(deps);
}

class Rounds implements ScheduledChecks {
  readonly #deps: ScheduledChecksDeps;
  readonly #budget: ByteBudget;
  readonly #rateLimits: RateLimits;
  readonly #verdicts: Verdicts;
  readonly #checks = new Map<string, Check>();
  readonly #plans = new Map<string, RoundPlan>();
  readonly observer: ScheduleObserver;
  #budgetUsedUp = false;
  #observeOptions: ObserveOptions = {};

  constructor(deps: ScheduledChecksDeps) {
    this.#deps = deps;
    this.#budget = deps.budget ?? createByteBudget({ nowMs: () => performance.now() });
    this.#rateLimits = deps.rateLimits ?? createRateLimits();
    this.#verdicts = deps.verdicts ?? createVerdicts();
    this.observer = this.#createObserver();
  }

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
    this.#verdicts.retain(checks.map(checkLabels));
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
    const { metrics, log, remedy = remedyFor, random = Math.random } = this.#deps;
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
        remedy,
      },
      signal,
    );
    // Not whether it is paused now: a short pause may be over before what it interrupted has cleaned up.
    if (signal.reason === pausedReason) {
      waiting.forEach((check) => this.#skip(check, 'paused', 1));
    }
    // A round that we ended ourselves, or of which nothing ran, is no news about the registry.
    if (signal.aborted || round.runs.every(isCancelled)) {
      return;
    }
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
    logVerdict(log, round, this.#verdicts.add(round));
  }

  /** undefined: the budget does not allow it, or the path is to be left alone. */
  async #runCheck(check: Check, signal: AbortSignal): Promise<Run | undefined> {
    const { run: runCheck, metrics, history, log } = this.#deps;
    if (this.#rateLimits.leftMs(check) > 0) {
      this.#skip(check, 'rate_limited', 1);
      return undefined;
    }
    const reservation = this.#budget.reserve(worstCaseBytes(check));
    if (reservation === undefined) {
      this.#skipForBudget(check);
      return undefined;
    }
    this.#budgetUsedUp = false;
    let moved = 0;
    metrics.runStarted(check);
    try {
      const run = await runCheck(check, { signal });
      moved = run.wireBytes;
      metrics.observe(run, this.#observeOptions);
      if (this.#checks.has(checkId(check))) {
        history.add(run);
      }
      logRun(log, run);
      logHold(log, this.#rateLimits.note(run));
      return run;
    } finally {
      reservation.settle(moved);
      metrics.runEnded(check);
    }
  }

  /** Not counted as a run: it only tells whether the registry still takes pushes. */
  async #runControl(check: Check, signal: AbortSignal): Promise<boolean> {
    const control = controlOf(check);
    const heldBack = this.#rateLimits.leftMs(check) > 0;
    const reservation = heldBack ? undefined : this.#budget.reserve(worstCaseBytes(control));
    if (reservation === undefined) {
      return false;
    }
    const run = await this.#deps.run(control, { signal });
    logHold(this.#deps.log, this.#rateLimits.note(run));
    reservation.settle(run.wireBytes);
    return run.ok;
  }

  #skip(check: Check, cause: SkipCause, slots: number): void {
    this.#deps.metrics.runSkipped(check, cause, slots);
    this.#deps.log.debug('run skipped', { ...checkLabels(check), cause, slots });
  }

  #skipForBudget(check: Check): void {
    const { log } = this.#deps;
    this.#skip(check, 'budget', 1);
    if (!this.#budgetUsedUp) {
      this.#budgetUsedUp = true;
      const needed = worstCaseBytes(check);
      log.warn('byte budget used up', { needed_bytes: needed, remaining_bytes: this.#budget.remaining() });
    }
  }

  #createObserver(): ScheduleObserver {
    const { metrics, log } = this.#deps;
    const checksOf = (id: string): readonly Check[] => this.#plans.get(id)?.checks ?? [];
    return {
      // Each run counts as late as its round: that its turn in the round comes later is no lag.
      started: ({ id, lagMs }) => checksOf(id).forEach(() => metrics.scheduleLag(lagMs / 1_000)),
      skipped: ({ id, cause, slots }) => {
        for (const check of checksOf(id)) {
          this.#skip(check, cause, slots);
        }
      },
      misbehaved: ({ id, error }) => log.error('round broke its contract', { round: id, error: String(error) }),
    };
  }
}

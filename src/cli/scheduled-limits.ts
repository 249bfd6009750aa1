import { createHesitatingPacer } from '../network/pacer.ts';
import type { LimitSearches, LimitTarget } from '../config/config.ts';
import type { Check } from '../probe/check.ts';
import { searchDurationLimit, usualDurationsMs } from '../probe/limits/duration-search.ts';
import type { DurationLimit, SizeLimit } from '../probe/limits/limit.ts';
import { sizePlan, worstCaseSearchBytes } from '../probe/limits/size-plan.ts';
import { searchSizeLimit } from '../probe/limits/size-search.ts';
import type { LimitFinding, Metrics } from '../publish/metrics.ts';
import type { ByteBudget, Reservation } from '../schedule/byte-budget.ts';
import type { Task } from '../schedule/task-loop.ts';
import type { Engine } from './engine.ts';
import type { Logger } from './log.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { logHold } from './run-log.ts';

export interface ScheduledLimitsDeps {
  readonly engine: Pick<Engine, 'paced'>;
  readonly metrics: Pick<Metrics, 'limit'>;
  readonly budget: ByteBudget;
  readonly log: Logger;
  /** Who is left alone for a while. Default: nobody. */
  readonly rateLimits?: RateLimits;
}

/** The searches for limits in force, as tasks for the schedule. What they find goes to metrics, log and `findings`. */
export interface ScheduledLimits {
  /** Puts these in force; undefined: none. What was found on targets that are gone is forgotten. */
  update(searches: LimitSearches | undefined): { readonly sizes: readonly Task[]; readonly durations: readonly Task[] };
  findings(): readonly LimitFinding[];
}

/** Bound on one try. */
const tryTimeoutMs = 15 * 60_000;
/** More tries than any search makes; only a search that hangs is ended by the product of both. */
const mostTries = 40;

/** A proxy that refuses a declared length has answered by then, also from another continent. */
export const hesitationMs = 500;

export function createScheduledLimits(deps: ScheduledLimitsDeps): ScheduledLimits {
  return new Searches(deps);
}

class Searches implements ScheduledLimits {
  readonly #deps: ScheduledLimitsDeps;
  readonly #rateLimits: RateLimits;
  readonly #findings = new Map<string, LimitFinding>();
  #inForce: ReadonlySet<string> = new Set();

  constructor(deps: ScheduledLimitsDeps) {
    this.#deps = deps;
    this.#rateLimits = deps.rateLimits ?? createRateLimits();
  }

  update(searches: LimitSearches | undefined): ReturnType<ScheduledLimits['update']> {
    const targets = searches?.targets ?? [];
    this.#inForce = new Set(targets.map(nameOf));
    for (const [key, finding] of this.#findings) {
      if (!this.#inForce.has(nameOf({ ...finding, unit: undefined }))) {
        this.#findings.delete(key);
        this.#deps.metrics.limit({ ...finding, bounds: {} });
      }
    }
    const task = (kind: string, target: LimitTarget, timeoutMs: number, run: Task['run']): Task => ({
      id: `${kind} limit of ${nameOf(target)}`,
      intervalMs: searches?.intervalMs ?? 0,
      timeoutMs,
      run,
    });
    const slowest = usualDurationsMs.reduce((sum, durationMs) => sum + 2 * (durationMs + tryTimeoutMs), 0);
    return {
      sizes: targets.map((target) =>
        task('size', target, mostTries * tryTimeoutMs, (signal) => this.#size(target, searches, signal)),
      ),
      durations: targets.map((target) => task('duration', target, slowest, (signal) => this.#duration(target, signal))),
    };
  }

  findings(): readonly LimitFinding[] {
    return [...this.#findings.values()];
  }

  async #size(target: LimitTarget, searches: LimitSearches | undefined, signal: AbortSignal): Promise<void> {
    if (searches === undefined || this.#isHeld(target)) {
      return;
    }
    const { engine, budget, log } = this.#deps;
    const share = reserveShare(budget, searches);
    if (share === undefined) {
      log.warn('limit search skipped', { ...labels(target), cause: 'budget', remaining_bytes: budget.remaining() });
      return;
    }
    const { upToBytes, resolutionBytes } = searches;
    const options = { upToBytes, resolutionBytes, byteBudget: share.bytes, signal };
    const run = engine.paced(createHesitatingPacer(hesitationMs));
    const limit = await searchSizeLimit(checkOf(target), options, run);
    share.reservation.settle(wireBytes(limit));
    this.#publish(target, limit, signal);
  }

  async #duration(target: LimitTarget, signal: AbortSignal): Promise<void> {
    if (this.#isHeld(target)) {
      return;
    }
    const limit = await searchDurationLimit(checkOf(target), { signal }, (pacer) => this.#deps.engine.paced(pacer));
    // Small, but the budget counts all bytes.
    this.#deps.budget.reserve(0)?.settle(wireBytes(limit));
    this.#publish(target, limit, signal);
  }

  #isHeld(target: LimitTarget): boolean {
    const held = this.#rateLimits.leftMs(target) > 0;
    if (held) {
      this.#deps.log.warn('limit search skipped', { ...labels(target), cause: 'rate_limited' });
    }
    return held;
  }

  /** An inconclusive search leaves what was known before. */
  #publish(target: LimitTarget, limit: SizeLimit | DurationLimit, signal: AbortSignal): void {
    const last = limit.runs.at(-1);
    logHold(this.#deps.log, last && this.#rateLimits.note(last));
    if (signal.aborted || !this.#inForce.has(nameOf(target))) {
      return;
    }
    const { metrics, log } = this.#deps;
    const fields = {
      ...labels(target),
      unit: limit.unit,
      conclusion: limit.conclusion,
      largest_accepted: limit.largestAccepted,
      smallest_rejected: limit.smallestRejected,
      sent_bytes: limit.bytesSpent,
      runs: limit.runs.length,
      message: limit.why,
    };
    if (limit.conclusion === 'inconclusive') {
      log.warn('limit not found', fields);
      return;
    }
    log.info('limit searched', fields);
    const finding = findingOf(target, limit);
    this.#findings.set(`${nameOf(target)} ${limit.unit}`, finding);
    metrics.limit(finding);
  }
}

/**
 * The bytes that a search may use: its worst case, but no more than half of what is left, so that the checks do not starve.
 * undefined: that is not enough to get anywhere.
 */
function reserveShare(
  budget: ByteBudget,
  searches: LimitSearches,
): { readonly bytes: number; readonly reservation: Reservation } | undefined {
  const worst = worstCaseSearchBytes(sizePlan(searches));
  const bytes = Math.min(worst, Math.floor((budget.remaining() ?? Number.POSITIVE_INFINITY) / 2));
  const reservation = bytes < Math.min(worst, 2 * searches.upToBytes) ? undefined : budget.reserve(bytes);
  return reservation === undefined ? undefined : { bytes, reservation };
}

function wireBytes({ runs }: SizeLimit | DurationLimit): number {
  return runs.reduce((sum, run) => sum + run.wireBytes, 0);
}

/** What a finished search says, as the metrics want it. */
export function findingOf(target: LimitTarget, limit: SizeLimit | DurationLimit): LimitFinding {
  const { unit, largestAccepted, smallestRejected } = limit;
  return {
    ...labels(target),
    unit,
    bounds: {
      ...(largestAccepted === undefined ? {} : { largest_accepted: largestAccepted }),
      ...(smallestRejected === undefined ? {} : { smallest_rejected: smallestRejected }),
    },
  };
}

/** What a search varies: registry, path and client stay. */
export function checkOf({ registry, path, client }: LimitTarget): Check {
  return {
    registry,
    path,
    client,
    workload: { name: 'limit-search', kind: 'blob', layerBytes: [1], pull: false },
    intervalMs: tryTimeoutMs,
    timeoutMs: tryTimeoutMs,
    retries: 'none',
    retryWaitScale: 1,
    payload: { kind: 'fresh' },
  };
}

function labels({ registry, path, client }: LimitTarget): { registry: string; path: string; client: string } {
  return { registry: registry.name, path: path.name, client: client.name };
}

function nameOf(target: LimitTarget | { registry: string; path: string; client: string; unit: undefined }): string {
  const { registry, path, client } = 'unit' in target ? target : labels(target);
  return `${registry}/${path}/${client}`;
}

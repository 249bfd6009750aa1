import { createHesitatingPacer } from '../network/body/pacer.ts';
import type { Pacer } from '../network/body/pump.ts';
import type { LimitSearches, LimitTarget } from '../config/config.ts';
import { oneBlob, type Check } from '../probe/check.ts';
import { pullSearchBytes, searchDurationLimit, usualDurationsMs } from '../probe/limits/duration-search.ts';
import {
  directionOf,
  type DurationLimit,
  type LimitDirection,
  type PathLimit,
  pathLimit,
  type SizeLimit,
} from '../probe/limits/limit.ts';
import type { RunCheck } from '../probe/outcome.ts';
import { sizePlan, worstCaseSearchBytes } from '../probe/limits/size-plan.ts';
import { hesitationMs, searchSizeLimit } from '../probe/limits/size-search.ts';
import type { Metrics } from '../publish/metrics/metrics.ts';
import type { Task } from '../schedule/task-loop.ts';
import type { Engine } from './engine.ts';
import type { Gate, Refusal } from './gate.ts';
import type { Logger } from './log.ts';
import type { Tasks } from './schedules.ts';

interface ScheduledLimitsDeps {
  readonly engine: Pick<Engine, 'paced'>;
  readonly metrics: Pick<Metrics, 'limit'>;
  readonly gate: Gate;
  readonly log: Logger;
}

/** Bound on one try. */
const tryTimeoutMs = 15 * 60_000;
/** More tries than any search makes; only a search that hangs is ended by the product of both. */
const mostTries = 40;

/** The searches for limits in force, as tasks for the schedule. What they find goes to metrics, log and `findings`. */
export class ScheduledLimits {
  readonly #deps: ScheduledLimitsDeps;
  readonly #findings = new Map<string, PathLimit>();
  #inForce: ReadonlySet<string> = new Set();

  constructor(deps: ScheduledLimitsDeps) {
    this.#deps = deps;
  }

  /** Puts these in force; undefined: none. What was found on targets that are gone is forgotten. */
  update(searches: LimitSearches | undefined): Tasks {
    const targets = searches?.targets ?? [];
    this.#inForce = new Set(targets.map(nameOf));
    for (const [key, finding] of this.#findings) {
      if (!this.#inForce.has(keyOf(finding))) {
        this.#findings.delete(key);
        this.#deps.metrics.limit({ ...finding, largestAccepted: undefined, smallestRejected: undefined });
      }
    }
    const task = (kind: string, target: LimitTarget, timeoutMs: number, run: Task['run']): Task => ({
      id: `${kind} limit of ${nameOf(target)}`,
      intervalMs: searches?.intervalMs ?? 0,
      timeoutMs,
      run,
    });
    const slowest = usualDurationsMs.reduce((sum, durationMs) => sum + 2 * (durationMs + tryTimeoutMs), 0);
    const size = (target: LimitTarget): Task =>
      task('size', target, mostTries * tryTimeoutMs, (signal) => this.#size(target, searches, signal));
    const duration = (target: LimitTarget): Task =>
      task('duration', target, slowest, (signal) => this.#duration(target, signal));
    // What is pulled slowly is not small, and was pushed at full speed.
    const slow = (direction: LimitDirection): readonly Task[] =>
      targets.filter((target) => directionOf(target) === direction).map(duration);
    return { pushes: [...targets.map(size), ...slow('pull')], light: slow('push') };
  }

  findings(): readonly PathLimit[] {
    return [...this.#findings.values()];
  }

  async #size(target: LimitTarget, searches: LimitSearches | undefined, signal: AbortSignal): Promise<void> {
    if (searches === undefined) return;
    const { engine, gate } = this.#deps;
    const { upToBytes, resolutionBytes } = searches;
    // What is pulled was pushed before, and is tried more often.
    const worst = worstCaseSearchBytes(sizePlan(searches)) * (target.pushedOver === undefined ? 1 : pullFactor);
    const byteBudget = this.#shareOf({ least: Math.min(worst, 2 * upToBytes), most: worst });
    const pass = gate.enter(target, byteBudget);
    if ('cause' in pass) return this.#skipped(target, pass);
    const run = sizeRun(engine, target);
    const limit = await pass.run(
      () => searchSizeLimit(checkOf(target), { upToBytes, resolutionBytes, byteBudget, signal }, run),
      ({ runs }) => runs,
    );
    this.#publish(target, limit, signal);
  }

  async #duration(target: LimitTarget, signal: AbortSignal): Promise<void> {
    const { engine, gate } = this.#deps;
    // What is pushed is small, but the budget counts all bytes.
    const byteBudget = target.pushedOver === undefined ? undefined : this.#shareOf(pullSearchBytes());
    const pass = gate.enter(target, byteBudget ?? 0);
    if ('cause' in pass) return this.#skipped(target, pass);
    const limit = await pass.run(
      () => searchDurationLimit(checkOf(target), { byteBudget, signal }, durationRuns(engine, target)),
      ({ runs }) => runs,
    );
    this.#publish(target, limit, signal);
  }

  /** No more than half of what is left, so that the checks do not starve; with less than `least` it would get nowhere: infinite, which is refused. */
  #shareOf({ least, most }: { readonly least: number; readonly most: number }): number {
    const share = Math.min(most, this.#deps.gate.halfOfTheRestBytes());
    return share < least ? Number.POSITIVE_INFINITY : share;
  }

  #skipped(target: LimitTarget, refusal: Refusal): void {
    const rest = refusal.cause === 'budget' ? { remaining_bytes: refusal.remainingBytes } : {};
    this.#deps.log.warn('limit search skipped', { ...labels(target), cause: refusal.cause, ...rest });
  }

  /** An inconclusive search leaves what was known before. */
  #publish(target: LimitTarget, limit: SizeLimit | DurationLimit, signal: AbortSignal): void {
    if (signal.aborted || !this.#inForce.has(nameOf(target))) return;
    const { metrics, log } = this.#deps;
    const fields = {
      ...labels(target),
      unit: limit.unit,
      direction: limit.direction,
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
    const finding = pathLimit(target, limit);
    this.#findings.set(`${keyOf(finding)} ${limit.unit}`, finding);
    metrics.limit(finding);
  }
}

/** Of the bytes that a search over pushes needs at worst. */
const pullFactor = 4;

/** The engine for a search for a size: where a refusal may come early, a body waits for it. */
export function sizeRun(engine: Pick<Engine, 'paced'>, { pushedOver }: LimitTarget): RunCheck {
  return engine.paced(createHesitatingPacer(pushedOver === undefined ? hesitationMs : 0));
}

/** The engine for a search for a time: what is in question is paced. */
export function durationRuns(engine: Pick<Engine, 'paced'>, { pushedOver }: LimitTarget): (pacer: Pacer) => RunCheck {
  return (pacer) => (pushedOver === undefined ? engine.paced(pacer) : engine.paced(pacer, 'pull'));
}

/** What a search varies: registry, path and client stay. `timeoutMs`: bound on one push. */
export function checkOf({ registry, path, client, pushedOver }: LimitTarget, timeoutMs = tryTimeoutMs): Check {
  const times = { intervalMs: timeoutMs, timeoutMs, retryWaitScale: 1 };
  return oneBlob({ registry, path, client, pushedOver, ...times, retries: 'none' as const }, 'limit-search', 1);
}

function labels({ registry, path, client }: LimitTarget): { registry: string; path: string; client: string } {
  return { registry: registry.name, path: path.name, client: client.name };
}

function nameOf(target: LimitTarget): string {
  return keyOf({ ...labels(target), direction: directionOf(target) });
}

/** `gitea/cloudflare/docker`, and ` pull` where that is what was searched. */
function keyOf({
  registry,
  path,
  client,
  direction,
}: Pick<PathLimit, 'registry' | 'path' | 'client' | 'direction'>): string {
  return `${registry}/${path}/${client}${direction === 'push' ? '' : ' pull'}`;
}

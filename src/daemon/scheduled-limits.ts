import { createHesitatingPacer } from '../network/body/pacer.ts';
import type { Pacer } from '../network/body/pump.ts';
import type { LimitSearches, LimitTarget } from '../config/config.ts';
import { BoundedSignal } from '../probe/bounded-signal.ts';
import { oneBlob, type Check } from '../probe/check.ts';
import { pullSearchBytes, searchDurationLimit } from '../probe/limits/duration-search.ts';
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
import type { Task, Turn } from '../schedule/task-loop.ts';
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

/** A search for one limit of a target: what it may move, undefined where that is next to nothing, and how it goes about it. */
interface Search {
  readonly bytes: { readonly least: number; readonly most: number } | undefined;
  /** `inTurn` lets others go first before each try but the first. */
  readonly limit: (
    options: { readonly byteBudget: number | undefined; readonly signal: AbortSignal },
    inTurn: (run: RunCheck) => RunCheck,
  ) => Promise<SizeLimit | DurationLimit>;
}

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
    const task = (kind: string, target: LimitTarget, search: Search): Task => ({
      id: `${kind} limit of ${nameOf(target)}`,
      intervalMs: searches?.intervalMs ?? 0,
      timeoutMs: tryTimeoutMs,
      run: (signal, turn) => this.#run(target, search, signal, turn),
    });
    const sizes =
      searches === undefined ? [] : targets.map((target) => task('size', target, this.#sizeSearch(target, searches)));
    const duration = (target: LimitTarget): Task => task('duration', target, this.#durationSearch(target));
    // What is pulled slowly is not small, and was pushed at full speed.
    const slow = (direction: LimitDirection): readonly Task[] =>
      targets.filter((target) => directionOf(target) === direction).map(duration);
    return { pushes: [...sizes, ...slow('pull')], light: slow('push') };
  }

  findings(): readonly PathLimit[] {
    return [...this.#findings.values()];
  }

  #sizeSearch(target: LimitTarget, { upToBytes, resolutionBytes }: LimitSearches): Search {
    const worst = worstCaseSearchBytes(sizePlan({ upToBytes, resolutionBytes }), directionOf(target));
    return {
      bytes: { least: Math.min(worst, 2 * upToBytes), most: worst },
      limit: (options, inTurn) =>
        searchSizeLimit(
          checkOf(target),
          { upToBytes, resolutionBytes, ...options },
          inTurn(sizeRun(this.#deps.engine, target)),
        ),
    };
  }

  #durationSearch(target: LimitTarget): Search {
    return {
      // What is pushed is small, and counted only.
      bytes: target.pushedOver === undefined ? undefined : pullSearchBytes(),
      limit: (options, inTurn) => {
        const runs = durationRuns(this.#deps.engine, target);
        return searchDurationLimit(checkOf(target), options, (pacer) => inTurn(runs(pacer)));
      },
    };
  }

  async #run(target: LimitTarget, { bytes, limit }: Search, signal: AbortSignal, turn: Turn): Promise<void> {
    const byteBudget = bytes === undefined ? undefined : this.#shareOf(bytes);
    const pass = this.#deps.gate.enter(target, byteBudget ?? 0);
    if ('cause' in pass) return this.#skipped(target, pass);
    const ending = new BoundedSignal(signal);
    let tries = 0;
    const inTurn =
      (run: RunCheck): RunCheck =>
      async (check, options) => {
        tries += 1;
        if (tries > 1) await turn();
        // Others may have been asked meanwhile to leave it alone.
        if (tries > 1 && this.#deps.gate.leftMs(target) > 0) ending.cancel();
        return run(check, options);
      };
    try {
      const found = await pass.run(
        () => limit({ byteBudget, signal: ending.signal }, inTurn),
        ({ runs }) => runs,
      );
      if (ending.signal.aborted && !signal.aborted) this.#endedEarly(target, found);
      else this.#publish(target, found, ending.signal);
    } finally {
      ending.stop();
    }
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

  #endedEarly(target: LimitTarget, { unit, direction, bytesSpent, runs }: SizeLimit | DurationLimit): void {
    const done = runs.filter(({ failure }) => failure?.reason !== 'cancelled').length;
    const fields = { unit, direction, cause: 'rate_limited', sent_bytes: bytesSpent, runs: done };
    this.#deps.log.warn('limit search ended early', { ...labels(target), ...fields });
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

import { worstCaseBytes } from '../config/byte-cost.ts';
import type { Config } from '../config/config.ts';
import { type Check, checkId, checkLabels } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';
import { formatBytes, formatDuration, formatTime } from '../publish/format.ts';
import type { History } from '../publish/history.ts';
import type { ByteBudget, Reservation } from '../schedule/byte-budget.ts';
import type { PauseState } from '../schedule/pause.ts';
import type { TransferLimit } from '../schedule/transfer-limit.ts';
import type { OnDemand, RunAnswer, RunRequest, RunTerms } from '../server/on-demand.ts';
import type { WatchedRuns } from './live-runs.ts';
import type { Logger } from './log.ts';
import { checkFor, UnknownRequest } from './on-demand-check.ts';
import type { RateLimits } from './rate-limits.ts';
import { logHold, logRun } from './run-log.ts';
import { whyTooLong } from './scrape-fit.ts';
import { type Place, takePlace } from './transfer-place.ts';

/** Runs that wait for a transfer at most; each holds memory and somebody's hope. */
const mostQueued = 8;
const retryAfterSeconds = 10;
/** Nobody knows when somebody will resume. */
const whilePausedMs = 60_000;
/** Part of the time that is kept for removing what the push left behind, and its upper bound. */
const cleanupShare = 0.1;
const mostCleanupMs = 2_000;

export interface OnDemandDeps {
  readonly config: () => Pick<Config, 'checks' | 'limits'>;
  readonly runs: WatchedRuns;
  readonly history: History;
  /** The schedule's: what is run on demand waits for its turn like all else. */
  readonly limit: TransferLimit;
  readonly budget: Pick<ByteBudget, 'reserve'>;
  readonly log: Logger;
  readonly newId: () => string;
  /** Somebody paused everything; then nothing is started. Default: never. */
  readonly paused?: () => PauseState | undefined;
  /** Who is left alone for a while. Default: nobody. */
  readonly rateLimits?: RateLimits;
}

/** Runs on demand until `stop`. They go to history and log, not into the metrics of the scheduled checks. */
export interface OnDemandRuns extends OnDemand {
  /** Before, and after `stop`, everything is refused. */
  open(): void;
  /** Aborts what is under way and what waits; what is asked for later is not touched. */
  interrupt(): void;
  /** Aborts what is under way; resolves when it has ended. */
  stop(): Promise<void>;
}

interface Pending {
  readonly id: string;
  readonly run: Promise<Run>;
  queued: boolean;
}

export function createOnDemand(deps: OnDemandDeps): OnDemandRuns {
  return new Runs(deps);
}

class Runs implements OnDemandRuns {
  readonly #deps: OnDemandDeps;
  readonly #pending = new Map<string, Pending>();
  readonly #stopping = new AbortController();
  #interrupting = new AbortController();
  #open = false;

  constructor(deps: OnDemandDeps) {
    this.#deps = deps;
  }

  open(): void {
    this.#open = true;
  }

  start(request: RunRequest, terms: RunTerms): RunAnswer {
    if (!this.#open || this.#stopping.signal.aborted) {
      return busy(this.#open ? 'the daemon is ending' : 'the daemon is not running yet');
    }
    const paused = this.#deps.paused?.();
    if (paused !== undefined) {
      return whilePaused(paused);
    }
    try {
      const check = bounded(checkFor(request, this.#deps.config()), terms.withinMs);
      const why = terms.withinMs === undefined ? undefined : whyTooLong(check, this.#similar(check), check.timeoutMs);
      const message = `the push cannot fit into the scrape timeout: ${why}`;
      return why === undefined ? this.#join(check, terms) : { kind: 'refused', message };
    } catch (error) {
      if (error instanceof UnknownRequest) {
        return { kind: 'refused', message: error.message };
      }
      throw error;
    }
  }

  interrupt(): void {
    this.#interrupting.abort();
    this.#interrupting = new AbortController();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#pending.values()].map(({ run }) => run));
  }

  /** Runs over the same path with the same client, newest first. */
  #similar(check: Check): Run[] {
    const { registry, path, client } = checkLabels(check);
    return this.#deps.history.list().filter((run) => {
      const labels = checkLabels(run.check);
      return labels.registry === registry && labels.path === path && labels.client === client;
    });
  }

  #join(check: Check, terms: RunTerms): RunAnswer {
    const id = checkId(check);
    const key = JSON.stringify([id, check.retries]);
    const same = this.#pending.get(key);
    if (same !== undefined) {
      return { kind: 'started', id: same.id, run: same.run };
    }
    if (this.#deps.runs.list().some((live) => checkId(live.check) === id)) {
      return busy(`${id} is running right now`);
    }
    if ([...this.#pending.values()].filter(({ queued }) => queued).length >= mostQueued) {
      return busy(`${mostQueued} runs are waiting already`);
    }
    const heldMs = this.#deps.rateLimits?.leftMs(check) ?? 0;
    if (heldMs > 0) {
      const { registry, path } = checkLabels(check);
      const message = `${registry}/${path} asked to be left alone, for another ${formatDuration(heldMs)}`;
      return busy(message, Math.ceil(heldMs / 1_000));
    }
    return this.#launch(check, key, terms);
  }

  #launch(check: Check, key: string, terms: RunTerms): RunAnswer {
    const { limit, budget, newId } = this.#deps;
    const place = takePlace(limit, terms.queue);
    if (place === undefined) {
      return busy('another push is running');
    }
    const reservation = budget.reserve(worstCaseBytes(check));
    if (reservation === undefined) {
      place.leave();
      return busy(`budget.bytesPerDay has not the ${formatBytes(worstCaseBytes(check))} left that this may need`);
    }
    const entry = { id: newId(), queued: true };
    const wanted = { id: entry.id, check, place, reservation };
    const signal = AbortSignal.any([this.#stopping.signal, this.#interrupting.signal]);
    const run = runOnce(this.#deps, wanted, signal, () => (entry.queued = false));
    this.#pending.set(key, Object.assign(entry, { run }));
    void run.catch(() => {}).then(() => this.#pending.delete(key));
    return { kind: 'started', id: entry.id, run };
  }
}

function busy(message: string, afterSeconds = retryAfterSeconds): RunAnswer {
  return { kind: 'busy', message, retryAfterSeconds: afterSeconds };
}

function whilePaused({ since, until }: PauseState): RunAnswer {
  const ends = until === undefined ? '' : ` until ${formatTime(until)}`;
  const leftMs = until === undefined ? whilePausedMs : until.getTime() - Date.now();
  return busy(`paused since ${formatTime(since)}${ends}`, Math.max(1, Math.ceil(leftMs / 1_000)));
}

/** Cleaning up is no part of a run's own time limit, but somebody waits for its end. */
function bounded(check: Check, withinMs: number | undefined): Check {
  if (withinMs === undefined) {
    return check;
  }
  const pushMs = Math.floor(withinMs - Math.min(mostCleanupMs, withinMs * cleanupShare));
  return { ...check, timeoutMs: Math.min(check.timeoutMs, pushMs) };
}

interface Wanted {
  readonly id: string;
  readonly check: Check;
  readonly place: Place;
  readonly reservation: Reservation;
}

async function runOnce(
  { runs, history, log, rateLimits }: OnDemandDeps,
  { id, check, place, reservation }: Wanted,
  signal: AbortSignal,
  onStart: () => void,
): Promise<Run> {
  const forget = runs.announce(id, check);
  let moved = 0;
  try {
    await grantedOrAborted(place, signal);
    onStart();
    const run = await runs.run(check, { signal, id });
    moved = run.wireBytes;
    history.addOnDemand(run);
    logRun(log, run);
    logHold(log, rateLimits?.note(run));
    return run;
  } finally {
    reservation.settle(moved);
    forget();
    place.leave();
  }
}

/** The signal lives as long as the daemon: a listener for each run would pile up. */
function grantedOrAborted({ granted }: Place, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) {
      done();
    }
    void granted.then(done);
  });
}

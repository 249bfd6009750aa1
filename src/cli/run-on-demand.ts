import type { Config } from '../config/config.ts';
import { type Check, checkId, checkLabels, workloadBytes } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';
import type { History } from '../publish/history.ts';
import type { TransferLimit } from '../schedule/transfer-limit.ts';
import type { OnDemand, RunAnswer, RunTerms } from '../server/on-demand.ts';
import type { WatchedRuns } from './live-runs.ts';
import type { Logger } from './log.ts';
import { checkFor, UnknownRequest } from './on-demand-check.ts';
import { logRun } from './run-log.ts';
import { whyTooLong } from './scrape-fit.ts';

/** Runs that wait for a transfer at most; each holds memory and somebody's hope. */
const mostQueued = 8;
const retryAfterSeconds = 10;
/** Part of the time that is kept for removing what the push left behind, and its upper bound. */
const cleanupShare = 0.1;
const mostCleanupMs = 2_000;

export interface OnDemandDeps {
  readonly config: () => Pick<Config, 'checks' | 'limits'>;
  readonly runs: WatchedRuns;
  readonly history: History;
  /** The schedule's: what is run on demand waits for its turn like all else. */
  readonly limit: TransferLimit;
  /** Takes bytes from the day's budget; false: there are not so many left. */
  readonly takeBytes: (bytes: number) => boolean;
  readonly log: Logger;
  readonly newId: () => string;
}

/** Runs on demand until `stop`. They go to history and log, not into the metrics of the scheduled checks. */
export interface OnDemandRuns extends OnDemand {
  /** Before, and after `stop`, everything is refused. */
  open(): void;
  /** Aborts what is under way; resolves when it has ended. */
  stop(): Promise<void>;
}

interface Pending {
  readonly id: string;
  readonly run: Promise<Run>;
  queued: boolean;
}

export function createOnDemand(deps: OnDemandDeps): OnDemandRuns {
  const pending = new Map<string, Pending>();
  const stopping = new AbortController();
  let open = false;

  function launch(check: Check, terms: RunTerms): RunAnswer {
    const key = JSON.stringify([checkId(check), check.retries]);
    const same = pending.get(key);
    if (same !== undefined) {
      return { kind: 'started', id: same.id, run: same.run };
    }
    const id = checkId(check);
    if (deps.runs.list().some((live) => checkId(live.check) === id)) {
      return busy(`${id} is running right now`);
    }
    if ([...pending.values()].filter(({ queued }) => queued).length >= mostQueued) {
      return busy(`${mostQueued} runs are waiting already`);
    }
    const place = takePlace(deps.limit, terms.queue);
    if (place === undefined) {
      return busy('another push is running');
    }
    if (!deps.takeBytes(plannedBytes(check))) {
      place.leave();
      return busy("the day's budget of bytes does not allow it");
    }
    const entry = { id: deps.newId(), queued: true };
    const run = runOnce(deps, { ...entry, check, place }, stopping.signal, () => (entry.queued = false));
    pending.set(key, Object.assign(entry, { run }));
    void run.catch(() => {}).then(() => pending.delete(key));
    return { kind: 'started', id: entry.id, run };
  }

  return {
    open: () => void (open = true),
    start(request, terms) {
      if (!open || stopping.signal.aborted) {
        return busy(open ? 'the daemon is ending' : 'the daemon is not running yet');
      }
      try {
        const check = bounded(checkFor(request, deps.config()), terms.withinMs);
        const earlier = deps.history.list().filter((run) => isSimilar(run.check, check));
        const why = terms.withinMs === undefined ? undefined : whyTooLong(check, earlier, check.timeoutMs);
        const message = `the push cannot fit into the scrape timeout: ${why}`;
        return why === undefined ? launch(check, terms) : { kind: 'refused', message };
      } catch (error) {
        if (error instanceof UnknownRequest) {
          return { kind: 'refused', message: error.message };
        }
        throw error;
      }
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled([...pending.values()].map(({ run }) => run));
    },
  };
}

function busy(message: string): RunAnswer {
  return { kind: 'busy', message, retryAfterSeconds };
}

/** What a run moves when it succeeds at the first attempt, as the budget counts it. */
function plannedBytes({ workload }: Check): number {
  return workloadBytes(workload) * (workload.pull ? 2 : 1);
}

/** Cleaning up is no part of a run's own time limit, but somebody waits for its end. */
function bounded(check: Check, withinMs: number | undefined): Check {
  if (withinMs === undefined) {
    return check;
  }
  const pushMs = Math.floor(withinMs - Math.min(mostCleanupMs, withinMs * cleanupShare));
  return { ...check, timeoutMs: Math.min(check.timeoutMs, pushMs) };
}

function isSimilar(one: Check, other: Check): boolean {
  const [a, b] = [checkLabels(one), checkLabels(other)];
  return a.registry === b.registry && a.path === b.path && a.client === b.client;
}

/** A transfer under the limit, or a place in the queue for one. */
interface Place {
  readonly granted: Promise<void>;
  /** Gives the transfer back, or the place in the queue. */
  leave(): void;
}

/** undefined: there is no room, and `queue` does not allow to wait for it. */
function takePlace(limit: TransferLimit, queue: boolean): Place | undefined {
  let running = false;
  let grant = (): void => {};
  const granted = new Promise<void>((resolve) => (grant = resolve));
  const leaveQueue = limit.enter(() => {
    running = true;
    grant();
  });
  if (!running && !queue) {
    leaveQueue();
    return undefined;
  }
  return { granted, leave: () => (running ? limit.leave() : leaveQueue()) };
}

async function runOnce(
  { runs, history, log }: OnDemandDeps,
  { id, check, place }: { readonly id: string; readonly check: Check; readonly place: Place },
  signal: AbortSignal,
  onStart: () => void,
): Promise<Run> {
  const forget = runs.announce(id, check);
  try {
    await Promise.race([place.granted, aborted(signal)]);
    onStart();
    const run = await runs.run(check, { signal, id });
    history.addOnDemand(run);
    logRun(log, run);
    return run;
  } finally {
    forget();
    place.leave();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

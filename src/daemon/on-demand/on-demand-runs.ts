import { setMaxListeners } from 'node:events';
import { formatBytes } from '../../probe/byte-words.ts';
import { worstCaseBytes } from '../../config/byte-cost.ts';
import type { Config } from '../../config/config.ts';
import { type Check, checkId, checkLabels } from '../../probe/check.ts';
import type { Run } from '../../probe/outcome.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { formatTime } from '../../publish/format.ts';
import type { History } from '../../publish/history.ts';
import type { PauseState } from '../../schedule/pause.ts';
import type { TransferLimit } from '../../schedule/transfer-limit.ts';
import {
  type NoRunReason,
  type OnDemand,
  type RunAnswer,
  RunNotStarted,
  type RunRequest,
  type RunTerms,
} from '../../server/on-demand.ts';
import type { Gate, Pass, Refusal } from '../gate.ts';
import type { WatchedRuns } from '../watched-runs.ts';
import type { Logger } from '../log.ts';
import { checkFor, UnknownRequest } from './on-demand-check.ts';
import { logRun } from '../run-log.ts';
import { whyTooLong } from './scrape-fit.ts';
import { grantedOrAborted, type Place } from '../../schedule/transfer-limit.ts';

/** Runs that wait for a transfer at most; each holds memory and somebody's hope. */
const mostQueued = 8;
const retryAfterSeconds = 10;
/** Nobody knows when somebody will resume. */
const whilePausedMs = 60_000;
/** Part of the time that is kept for removing what the push left behind, and its upper bound. */
const cleanupShare = 0.1;
const mostCleanupMs = 2_000;
/** A push that begins with less than this part of the scrape's time left would end by our own clock, and say nothing of its path. */
const leastShare = 0.5;

interface OnDemandDeps {
  readonly config: () => Pick<Config, 'checks' | 'limits'>;
  readonly runs: WatchedRuns;
  readonly history: History;
  /** The schedule's: what is run on demand waits for its turn like all else. */
  readonly limit: TransferLimit;
  readonly gate: Gate;
  readonly log: Logger;
  readonly newId: () => string;
  /** Somebody paused everything; then nothing is started. */
  readonly paused: () => PauseState | undefined;
}

interface Pending {
  readonly id: string;
  readonly run: Promise<Run>;
  queued: boolean;
}

/** Runs on demand until `stop`. They go to history and log, not into the metrics of the scheduled checks. */
export class OnDemandRuns implements OnDemand {
  readonly #deps: OnDemandDeps;
  readonly #pending = new Map<string, Pending>();
  #interrupting = interruption();
  #state: 'closed' | 'open' | 'stopped' = 'closed';

  constructor(deps: OnDemandDeps) {
    this.#deps = deps;
  }

  /** Before, and after `stop`, everything is refused. */
  open(): void {
    this.#state = 'open';
  }

  start(request: RunRequest, terms: RunTerms = {}): RunAnswer {
    if (this.#state === 'closed') return no('not_running', 'the daemon is not running yet');
    if (this.#state === 'stopped') return no('not_running', 'the daemon is ending');
    const paused = this.#deps.paused();
    if (paused !== undefined) return whilePaused(paused);
    try {
      const check = bounded(checkFor(request, this.#deps.config()), terms.withinMs);
      const why = terms.withinMs === undefined ? undefined : whyTooLong(check, this.#similar(check), check.timeoutMs);
      const message = `the push cannot fit into the scrape timeout: ${why}`;
      return why === undefined ? this.#join(check, terms) : { kind: 'refused', message };
    } catch (error) {
      if (error instanceof UnknownRequest) return { kind: 'refused', message: error.message };
      throw error;
    }
  }

  /** Aborts what is under way and what waits; what is asked for later is not touched. */
  interrupt(): void {
    this.#interrupting.abort();
    this.#interrupting = interruption();
  }

  /** Aborts what is under way; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.interrupt();
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

  #fitting(check: Check, withinMs: number): () => Check {
    const endMs = performance.now() + withinMs;
    return () => {
      const leftMs = Math.ceil(endMs - performance.now());
      const now = bounded(check, leftMs);
      const why = whyTooLong(now, this.#similar(check), now.timeoutMs);
      if (leftMs < leastShare * withinMs || why !== undefined)
        throw new RunNotStarted('another push was running for most of the time that the scrape has');
      return now;
    };
  }

  #join(check: Check, terms: RunTerms): RunAnswer {
    const id = checkId(check);
    const key = JSON.stringify([id, check.retries]);
    const same = this.#pending.get(key);
    if (same !== undefined) return { kind: 'started', id: same.id, run: same.run };
    if (this.#deps.runs.list().some((live) => checkId(live.check) === id))
      return no('busy', `${id} is running right now`);
    if ([...this.#pending.values()].filter(({ queued }) => queued).length >= mostQueued)
      return no('busy', `${mostQueued} runs are waiting already`);
    return this.#launch(check, key, terms);
  }

  #launch(check: Check, key: string, terms: RunTerms): RunAnswer {
    const { limit, gate, newId } = this.#deps;
    const pass = gate.enter(check, worstCaseBytes(check));
    if ('cause' in pass) return refused(check, pass);
    const entry = { id: newId(), queued: true };
    const stillFits = terms.withinMs === undefined ? (): Check => check : this.#fitting(check, terms.withinMs);
    const wanted = { id: entry.id, check, place: limit.take(), pass, stillFits, withinMs: terms.withinMs };
    const run = runOnce(this.#deps, wanted, this.#interrupting.signal, () => (entry.queued = false));
    this.#pending.set(key, Object.assign(entry, { run }));
    void run.catch(() => {}).then(() => this.#pending.delete(key));
    return { kind: 'started', id: entry.id, run };
  }
}

function refused(check: Check, refusal: Refusal): RunAnswer {
  if (refusal.cause === 'budget')
    return no('budget', `budget.bytesPerDay has not the ${formatBytes(worstCaseBytes(check))} left that this may need`);
  const { registry, path } = checkLabels(check);
  const message = `${registry}/${path} asked for a pause, which lasts another ${formatDuration(refusal.leftMs)}`;
  return no('rate_limited', message, Math.ceil(refusal.leftMs / 1_000));
}

function no(reason: NoRunReason, message: string, afterSeconds = retryAfterSeconds): RunAnswer {
  return { kind: 'busy', reason, message, retryAfterSeconds: afterSeconds };
}

function whilePaused({ since, until }: PauseState): RunAnswer {
  const ends = until === undefined ? '' : ` until ${formatTime(until)}`;
  const leftMs = until === undefined ? whilePausedMs : until.getTime() - Date.now();
  return no('paused', `paused since ${formatTime(since)}${ends}`, Math.max(1, Math.ceil(leftMs / 1_000)));
}

/** Each run on its way listens to it, to however many registries they are. */
function interruption(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Cleaning up is no part of a run's own time limit, but somebody waits for its end. */
function bounded(check: Check, withinMs: number | undefined): Check {
  if (withinMs === undefined) return check;
  const pushMs = Math.floor(withinMs - Math.min(mostCleanupMs, withinMs * cleanupShare));
  return { ...check, timeoutMs: Math.min(check.timeoutMs, pushMs) };
}

interface Wanted {
  readonly id: string;
  readonly check: Check;
  readonly place: Place;
  readonly pass: Pass;
  readonly withinMs: number | undefined;
  /** The check with the time that is left for it. Throws RunNotStarted when that is too little. */
  readonly stillFits: () => Check;
}

async function runOnce(
  { runs, history, log }: OnDemandDeps,
  { id, check, place, pass, withinMs, stillFits }: Wanted,
  signal: AbortSignal,
  onStart: () => void,
): Promise<Run> {
  const forget = runs.announce(id, check);
  try {
    const late = withinMs === undefined ? [] : [AbortSignal.timeout(Math.max(0, Math.ceil(withinMs)))];
    await grantedOrAborted(place, AbortSignal.any([signal, ...late]));
    onStart();
    return await pass.run(
      async () => {
        const run = await runs.run(signal.aborted ? check : stillFits(), { signal, id });
        history.addOnDemand(run);
        logRun(log, run);
        return run;
      },
      (run) => [run],
    );
  } finally {
    forget();
    place.leave();
  }
}

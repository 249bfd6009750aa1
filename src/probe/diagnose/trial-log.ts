import { formatBytes } from '../byte-words.ts';
import type { NetworkPath } from '../../network/path.ts';
import { formatDuration } from '../../network/duration-words.ts';
import type { Check } from '../check.ts';
import type { Run, RunCheck } from '../outcome.ts';
import { stuckFactor } from './direct-result.ts';
import type { ExamineDeps, ExamineOptions } from './examine-options.ts';
import { sendsAgain, type ShapedCheck, smallBytes, trialCheck } from './trial-checks.ts';
import type { Trial, TrialKind } from './trial.ts';

/** How a push of an examination differs from the usual one. */
interface How {
  readonly direct?: NetworkPath;
  readonly run?: RunCheck;
  readonly pauseMs?: number;
}

/** A run, and the time for it. */
interface Asked {
  /** For people. */
  readonly what: string;
  /** With the timeout that it has where there is time enough. */
  readonly usual: Check;
  /** All that is left, unless it is said. */
  readonly leftMs?: number;
  /** What it takes where nothing is wrong, as far as it is known: with less time than a few times that its end at our own timeout says nothing. */
  readonly neededMs: number;
  readonly run: (check: Check) => Promise<Run>;
}

/** A body of which nobody takes a byte for so long is lost; the daemon waits longer, because it has other things to do meanwhile. */
const stallTimeoutMs = 30_000;
/** Of the time left, a small body gets so much: one that hangs must leave time to compare it with another path. */
const smallShare = 1 / 3;
/** And never less than this, where there is so much. */
const smallLeastMs = 10_000;
/** With less time left no push is begun. */
const leastMs = 3_000;

/** Makes the pushes of an examination, one after the other, within its time, and keeps what came of them. */
export class TrialLog {
  readonly trials: Trial[] = [];
  readonly directTrials: Trial[] = [];
  /** What was not done, mostly for want of time, in a few words each. */
  readonly leftOut: string[] = [];
  readonly #options: ExamineOptions;
  readonly #deps: ExamineDeps;
  readonly #endsAtMs: number;

  constructor(options: ExamineOptions, deps: ExamineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#endsAtMs = performance.now() + (options.deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  /** Time left for all that is to come, in milliseconds; infinite without a deadline. */
  get leftMs(): number {
    return this.#endsAtMs - performance.now();
  }

  #timeFor(sizeBytes: number): number {
    const isSmall = sizeBytes <= smallBytes(Number.POSITIVE_INFINITY);
    return isSmall ? Math.min(this.leftMs, Math.max(smallLeastMs, smallShare * this.leftMs)) : this.leftMs;
  }

  get failed(): Trial[] {
    return this.trials.filter(({ run }) => !run.ok);
  }

  /** Whether there is time for `what`; if not, it is noted as left out. */
  hasTimeFor(what: string): boolean {
    if (this.#options.signal.aborted) return false;
    if (this.leftMs >= leastMs) return true;
    this.#leaveOut(`${what}: the ${formatDuration(this.#options.deadlineMs ?? 0)} of this examination were over`);
    return false;
  }

  /** Once, however often it is asked for. */
  #leaveOut(sentence: string): void {
    if (!this.leftOut.includes(sentence)) this.leftOut.push(sentence);
  }

  /** One push. False: it failed, or was not made. */
  async push(kind: TrialKind, shaped: ShapedCheck, sizeBytes: number, how: How = {}): Promise<boolean> {
    const { signal, onProgress, check: own } = this.#options;
    const { direct, pauseMs, run = this.#deps.run } = how;
    const usual = { ...trialCheck(shaped, sizeBytes), path: direct ?? own.path };
    const trials = direct === undefined ? this.trials : this.directTrials;
    const outcome = await this.made({
      what: `${usual.client.name}, ${formatBytes(sizeBytes)} over ${usual.path.name}`,
      usual,
      leftMs: this.#timeFor(sizeBytes),
      neededMs: needed(trials),
      run: (check) => run(check, { signal, inspectsSession: true, onProgress, stallTimeoutMs }),
    });
    if (outcome === undefined) return false;
    const { failure } = outcome;
    const clientSendsAgain = failure !== undefined && sendsAgain(shaped.check.client, failure);
    trials.push({ kind, shape: shaped.shape, sizeBytes, run: outcome, pauseMs, clientSendsAgain });
    return outcome.ok;
  }

  /** One run in the time that is left for it. Undefined: there was none, or too little to tell anything; that is noted as left out. */
  async made({ what, usual, leftMs = this.leftMs, neededMs, run }: Asked): Promise<Run | undefined> {
    if (!this.hasTimeFor(what)) return undefined;
    const timeoutMs = Math.min(usual.timeoutMs, Math.ceil(leftMs));
    this.#options.onStep?.(what);
    const outcome = await run({ ...usual, timeoutMs });
    const endedByUs = timeoutMs < usual.timeoutMs && outcome.failure?.reason === 'deadline';
    if (!endedByUs || stuckFactor * neededMs < timeoutMs) return outcome;
    this.#leaveOut(`${what}: ${formatDuration(timeoutMs)} were left for it, and it takes longer`);
    return undefined;
  }
}

/** The longest that a push which got through took, in milliseconds. */
function needed(trials: readonly Trial[]): number {
  return Math.max(0, ...trials.map(({ run }) => (run.ok ? run.durationMs : 0)));
}

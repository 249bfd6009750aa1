import { formatBytes } from '../byte-words.ts';
import type { Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import { isPullRefused, pullCutsOf } from '../judge/pull-cuts.ts';
import type { Progress, Run, RunCheck } from '../outcome.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import { bytesMoved, directionOf, type LimitDirection, noRoomFor, type SizeLimit } from './limit.ts';
import { nextSize, resolutionAt, type SizePlan, sizePlan } from './size-plan.ts';
import { type SizeTrial, sizeCheck, sizeTrialOf } from './size-trial.ts';

export interface SizeSearchOptions {
  /** Largest size to try. */
  readonly upToBytes: number;
  /** The search ends when the bounds are this close. */
  readonly resolutionBytes: number;
  /** Body bytes that the search may send at most; a try that could exceed it ends the search. */
  readonly byteBudget?: number | undefined;
  /** Once this is over, no further try begins; undefined: as long as it takes. */
  readonly timeBudgetMs?: number;
  readonly signal: AbortSignal;
  /** Told before each try. */
  readonly onTry?: (tried: { readonly sizeBytes: number; readonly number: number }) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** A proxy that refuses a declared length has answered by then, also from another continent. */
export const hesitationMs = 500;

/** A cut is tried so often before the search gives up: one of the tries may bring the answer. */
const triesPerCut = 3;

/**
 * Looks for the largest body that a path accepts and the smallest that it refuses. Registry, path, client and timeout of a run
 * are those of `check`. Only an answer that says so (413, or the registry's own code) counts as a refusal; anything else that
 * fails ends the search as inconclusive, because a wrong limit is worse than none. Never rejects.
 */
export async function searchSizeLimit(check: Check, options: SizeSearchOptions, run: RunCheck): Promise<SizeLimit> {
  return new SizeSearch(check, options, run).execute();
}

/** Why cuts after the same time say nothing of a size. */
const sameTimeWords = {
  otherBytes: ', each time after the same time, which is no limit on size',
  nearBytes: ', each time after the same time: nothing tells whether the size or the time is limited',
  sameBytes:
    ', each time after the same bytes and the same time: nothing tells whether the size or the time is limited',
} as const;

/** What happens to a size, by direction. */
const words = {
  push: { passes: 'is accepted', fails: 'is refused', nothing: 'nothing smaller was accepted' },
  pull: { passes: 'comes back', fails: 'does not', nothing: 'nothing smaller came back' },
} as const;

class SizeSearch {
  readonly #check: Check;
  readonly #options: SizeSearchOptions;
  readonly #run: RunCheck;
  readonly #plan: SizePlan;
  readonly #endsAtMs: number;
  readonly #runs: Run[] = [];
  #accepted: number | undefined;
  #rejected: number | undefined;
  #rejection: Failure | undefined;

  constructor(check: Check, options: SizeSearchOptions, run: RunCheck) {
    this.#check = check;
    this.#options = options;
    this.#run = run;
    this.#plan = sizePlan(options);
    this.#endsAtMs = performance.now() + (options.timeBudgetMs ?? Number.POSITIVE_INFINITY);
  }

  async execute(): Promise<SizeLimit> {
    for (;;) {
      const bracket = { accepted: this.#accepted, rejected: this.#rejected };
      const size = this.#cutAt(bracket) ?? nextSize(bracket, this.#plan);
      if (size === undefined) return this.#rejected === undefined ? this.#none() : this.#confirm(this.#rejected);
      const trial = await this.#settle(size);
      if (trial.kind === 'accepted') {
        this.#accepted = size;
      } else if (trial.kind === 'rejected') {
        this.#rejected = size;
        this.#rejection = trial.failure;
      } else {
        return this.#end('inconclusive', whyUnclear(trial, size));
      }
    }
  }

  /** What is pulled comes up to the limit: that size, and then the next one, are the best to try. */
  #cutAt({
    accepted = 0,
    rejected,
  }: {
    accepted: number | undefined;
    rejected: number | undefined;
  }): number | undefined {
    const cutBytes = this.#rejection?.evidence.pulledBytes;
    if (cutBytes === undefined || rejected === undefined) return undefined;
    const next = accepted < cutBytes ? cutBytes : cutBytes + resolutionAt(cutBytes, this.#plan);
    return next > accepted && next < rejected ? next : undefined;
  }

  get #direction(): LimitDirection {
    return directionOf(this.#check);
  }

  /** One size, tried again while it is only cut. A pull that is cut after the same bytes, and not after the same time, is refused, and so is one that an answer refuses each time. */
  async #settle(sizeBytes: number): Promise<SizeTrial> {
    const from = this.#runs.length;
    const trial = await this.#untilSettled(sizeBytes);
    if (this.#direction === 'push' || trial.kind !== 'cut') return trial;
    const failures = this.#runs.slice(from).map(({ failure }) => failure);
    const { sameBytes, sameMs, otherBytes } = pullCutsOf(failures);
    const isRefused = isPullRefused(trial.failure) && failures.every((one) => one?.status === trial.failure.status);
    // What refuses everything refuses nothing for its size.
    if ((isRefused && this.#accepted !== undefined) || (sameBytes !== undefined && sameMs === undefined))
      return { kind: 'rejected', failure: trial.failure };
    const bytes = sameBytes === undefined ? (otherBytes ? 'otherBytes' : 'nearBytes') : 'sameBytes';
    const clock = sameMs === undefined ? '' : sameTimeWords[bytes];
    return {
      kind: 'unclear',
      why: `${formatBytes(sizeBytes)} does not come back: ${describeFailure(trial.failure)}${clock}`,
    };
  }

  async #untilSettled(sizeBytes: number): Promise<SizeTrial> {
    let trial = await this.#try(sizeBytes);
    for (let tries = 1; trial.kind === 'cut' && tries < triesPerCut; tries += 1) {
      const next = await this.#try(sizeBytes);
      if (next.kind === 'accepted') {
        const why = `${formatBytes(sizeBytes)} failed at one time (${describeFailure(trial.failure)}) and was accepted at another`;
        return { kind: 'unclear', why };
      }
      trial = next;
    }
    return trial;
  }

  async #try(sizeBytes: number): Promise<SizeTrial> {
    const { byteBudget, signal, onTry, onProgress } = this.#options;
    const noRoom = noRoomFor(sizeBytes, this.#direction, this.#runs, byteBudget);
    if (noRoom !== undefined) return { kind: 'unclear', why: noRoom };
    const leftMs = this.#endsAtMs - performance.now();
    if (leftMs <= 0) return { kind: 'unclear', why: 'the time for the search was over' };
    onTry?.({ sizeBytes, number: this.#runs.length + 1 });
    const check = sizeCheck(this.#check, sizeBytes);
    const run = await this.#run(
      { ...check, timeoutMs: Math.min(check.timeoutMs, Math.ceil(leftMs)) },
      {
        signal,
        onProgress,
      },
    );
    this.#runs.push(run);
    return sizeTrialOf(run);
  }

  /** What was refused once must be refused again. */
  async #confirm(rejected: number): Promise<SizeLimit> {
    const again = await this.#settle(rejected);
    if (again.kind === 'accepted')
      return this.#end('inconclusive', `${formatBytes(rejected)} was refused at one time and accepted at another`);
    if (again.kind !== 'rejected') return this.#end('inconclusive', whyUnclear(again, rejected));
    const unclear = await this.#whyNotBelow(again.failure);
    if (unclear !== undefined) return this.#end('inconclusive', unclear);
    const { passes, fails, nothing } = words[this.#direction];
    const below = this.#accepted === undefined ? nothing : `${formatBytes(this.#accepted)} ${passes}`;
    return this.#end('found', `${below}, ${formatBytes(rejected)} ${fails}: ${describeFailure(again.failure)}`);
  }

  /** What refuses a pull by an answer may refuse everything by now: what came back must come back again. Undefined: it does. */
  async #whyNotBelow(refusal: Failure): Promise<string | undefined> {
    const accepted = this.#accepted;
    if (accepted === undefined || !isPullRefused(refusal)) return undefined;
    const trial = await this.#try(accepted);
    if (trial.kind === 'accepted') return undefined;
    return trial.kind === 'unclear'
      ? trial.why
      : `${formatBytes(accepted)} came back at one time, and not at another: ${describeFailure(trial.failure)}`;
  }

  #none(): SizeLimit {
    return this.#end(
      'none-up-to',
      `${formatBytes(this.#plan.upToBytes)}, the largest size tried, ${words[this.#direction].passes}`,
    );
  }

  #end(conclusion: SizeLimit['conclusion'], why: string): SizeLimit {
    return {
      unit: 'bytes',
      direction: this.#direction,
      largestAccepted: this.#accepted,
      smallestRejected: this.#rejected,
      rejection: this.#rejection,
      bytesSpent: bytesMoved(this.#runs),
      runs: this.#runs,
      conclusion,
      why,
    };
  }
}

function whyUnclear(trial: Exclude<SizeTrial, { kind: 'accepted' | 'rejected' }>, sizeBytes: number): string {
  return trial.kind === 'unclear'
    ? trial.why
    : `${formatBytes(sizeBytes)} fails each time, and no answer says why: ${describeFailure(trial.failure)}`;
}

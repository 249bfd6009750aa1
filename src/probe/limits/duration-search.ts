import {
  createReadingPacer,
  createStretchingPacer,
  type PacerClock,
  systemPacerClock,
} from '../../network/body/pacer.ts';
import type { Pacer } from '../../network/body/pump.ts';
import { formatDuration } from '../../network/duration-words.ts';
import type { Check } from '../check.ts';
import type { Progress, Run, RunCheck } from '../outcome.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import { type DurationTrial, durationCheck, durationTrialOf, type Ended } from './duration-trial.ts';
import { bytesMoved, directionOf, type DurationLimit, type LimitDirection, noRoomFor } from './limit.ts';

export interface DurationSearchOptions {
  /** How long bodies are made to take, ascending. Default: just above the usual limits of 30, 60, 100 and 120 s. */
  readonly durationsMs?: readonly number[];
  /** The search ends when the bounds are this close. Default: a tenth of the longest duration, 5 s at most. */
  readonly resolutionMs?: number;
  /** Default 256 KiB; of what is pulled 24 MiB, because proxies and kernels may set 8 MiB of it aside: we read slowly, so windows stay small. */
  readonly sizeBytes?: number;
  /** Body bytes that the search may move at most; a try that could exceed it ends the search. */
  readonly byteBudget?: number | undefined;
  readonly signal: AbortSignal;
  /** Told before each try. */
  readonly onTry?: (tried: { readonly durationMs: number; readonly number: number }) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly clock?: PacerClock;
}

/** Traefik and most nginx timeouts stand at 60 s, Cloudflare's at 100 and 120 s, CloudFront's at 30 s. */
export const usualDurationsMs: readonly number[] = [35_000, 65_000, 105_000, 125_000];

/** The usual times below `upToMs`, and that time itself. */
export function durationsUpTo(upToMs: number): readonly number[] {
  return [...usualDurationsMs.filter((durationMs) => durationMs < upToMs), upToMs];
}

/** Default sizes: a body that is pushed is small, so that only its time counts. */
const searchedBytes = { push: 256 * 1024, pull: 24 * 1024 * 1024 } as const;
/** The end of what is pulled comes at once: it may have left the hop long before. */
const setAsideBytes = 8 * 1024 * 1024;

function pacedBytes(sizeBytes: number): number {
  return Math.max(1, sizeBytes - setAsideBytes);
}

/** What is made to take long, by direction. */
const words = {
  push: {
    body: 'a body',
    small: 'a small body',
    over: 'sent over',
    passes: 'is accepted',
    passed: 'accepted',
    hadPassed: 'had been accepted',
  },
  pull: {
    body: 'a pull',
    small: 'a pull at full speed',
    over: 'made to take',
    passes: 'comes back',
    passed: 'whole',
    hadPassed: 'had passed',
  },
} as const;

/**
 * What a search over the way back moves, both ways together. At least, to find that nothing is limited: each duration once. At most:
 * each twice, and half a dozen in between.
 */
export function pullSearchBytes(durationsMs: readonly number[] = usualDurationsMs): { least: number; most: number } {
  const tryBytes = 2 * searchedBytes.pull;
  return { least: tryBytes * (1 + durationsMs.length), most: tryBytes * (1 + 2 * (durationsMs.length + 6)) };
}

/** Two endings this close together come from the same clock; of a pull, what was under way comes on top. */
const sameTimeShare = 0.1;

/**
 * Looks for the longest time that a path lets a body take, with a small body sent slowly, without ever pausing for long.
 * `runPaced` gives the engine with a pacer. An ending that nobody explains counts only when it comes again at the same time.
 * Never rejects.
 */
export async function searchDurationLimit(
  check: Check,
  options: DurationSearchOptions,
  runPaced: (pacer: Pacer) => RunCheck,
): Promise<DurationLimit> {
  return new DurationSearch(check, options, runPaced).execute();
}

class DurationSearch {
  readonly #check: Check;
  readonly #options: DurationSearchOptions;
  readonly #runPaced: (pacer: Pacer) => RunCheck;
  readonly #direction: LimitDirection;
  readonly #sizeBytes: number;
  readonly #resolutionMs: number;
  readonly #runs: Run[] = [];
  /** The longest time that passed; 0: at most a body that was not made to take long. */
  #acceptedMs = 0;
  #rejected: Ended | undefined;

  constructor(check: Check, options: DurationSearchOptions, runPaced: (pacer: Pacer) => RunCheck) {
    this.#check = check;
    this.#options = options;
    this.#runPaced = runPaced;
    this.#direction = directionOf(check);
    this.#sizeBytes = options.sizeBytes ?? searchedBytes[this.#direction];
    const { durationsMs = usualDurationsMs, resolutionMs = Math.min(5_000, Math.max(0, ...durationsMs) / 10) } =
      options;
    this.#resolutionMs = Math.max(1, Math.ceil(resolutionMs));
  }

  async execute(): Promise<DurationLimit> {
    const durationsMs = this.#options.durationsMs ?? usualDurationsMs;
    // Without a pause first: what fails then is not about time.
    for (const durationMs of [0, ...durationsMs]) {
      const unclear = await this.#settle(durationMs);
      if (unclear !== undefined) return this.#end('inconclusive', unclear);
      if (this.#rejected !== undefined) return this.#narrow(this.#rejected);
    }
    return this.#end(
      'none-up-to',
      `${this.#words.body} that takes ${formatDuration(this.#acceptedMs)}, the longest tried, ${this.#words.passes}`,
    );
  }

  /** The ending itself told when the limit strikes, so the first try goes just below it. */
  async #narrow(first: Ended): Promise<DurationLimit> {
    let rejected = first;
    let guessMs = this.#direction === 'push' ? rejected.afterMs - this.#resolutionMs : undefined;
    while (rejected.afterMs - this.#acceptedMs > this.#resolutionMs) {
      const durationMs = guessMs ?? Math.floor((rejected.afterMs + this.#acceptedMs) / 2);
      const unclear = await this.#settle(durationMs);
      if (unclear !== undefined) return this.#end('inconclusive', unclear);
      rejected = this.#rejected ?? rejected;
      guessMs = undefined;
    }
    const [acceptedText, rejectedText] = [formatDuration(this.#acceptedMs), formatDuration(rejected.afterMs)];
    const how = describeFailure(rejected.failure);
    return this.#end(
      'found',
      this.#direction === 'push'
        ? `a body may take ${acceptedText}; after ${rejectedText} it is ended: ${how}`
        : `a pull may take ${acceptedText}; one of ${rejectedText} is ended: ${how}`,
    );
  }

  /** Tries one duration and moves a bound; returns why it could not. */
  async #settle(durationMs: number): Promise<string | undefined> {
    const trial = await this.#try(durationMs);
    if (trial.kind === 'unclear') return trial.why;
    if (trial.kind === 'accepted') {
      this.#acceptedMs = durationMs;
      return undefined;
    }
    const doubt = this.#tooEarly(durationMs, trial) ?? (trial.said ? undefined : await this.#again(durationMs, trial));
    if (doubt === undefined) this.#rejected = trial;
    return doubt;
  }

  /** What was seen to end before what passes was not ended by a clock: an end is seen late, never early. */
  #tooEarly(durationMs: number, { afterMs, failure }: Ended): string | undefined {
    const seenMs = Math.min(afterMs, Math.ceil(failure.elapsedMs));
    if (durationMs > 0 && seenMs > this.#acceptedMs) return undefined;
    const { small, hadPassed } = this.#words;
    const accepted = durationMs === 0 ? '' : `, although ${formatDuration(this.#acceptedMs)} ${hadPassed}`;
    return `${small} was ended after ${formatDuration(seenMs)}${accepted}: ${describeFailure(failure)}`;
  }

  /** An ending without words: only a clock strikes twice at the same time. Returns why it is none. */
  async #again(durationMs: number, first: Ended): Promise<string | undefined> {
    const second = await this.#try(durationMs);
    const { body, over, passed } = this.#words;
    const what = `${body} ${over} ${formatDuration(durationMs)} was ended after ${formatDuration(first.failure.elapsedMs)}`;
    if (second.kind === 'unclear') return second.why;
    if (second.kind === 'accepted') return `${what} at one time and ${passed} at another`;
    const firstMs = first.failure.elapsedMs;
    const secondMs = second.failure.elapsedMs;
    if (Math.abs(secondMs - firstMs) > sameTimeShare * firstMs + this.#underWayMs(durationMs))
      return `${what}, and the next one after ${formatDuration(secondMs)}`;
    return this.#tooEarly(durationMs, second);
  }

  /** What a hop had sent before it hung up is read at the pace of the try: so much later than that the end may be seen. */
  #underWayMs(durationMs: number): number {
    if (this.#direction === 'push') return 0;
    return (durationMs * setAsideBytes) / pacedBytes(this.#sizeBytes);
  }

  async #try(durationMs: number): Promise<DurationTrial> {
    const { byteBudget, signal, onTry, onProgress, clock = systemPacerClock } = this.#options;
    const noRoom = noRoomFor(this.#sizeBytes, this.#direction, this.#runs, byteBudget);
    if (noRoom !== undefined) return { kind: 'unclear', why: noRoom };
    onTry?.({ durationMs, number: this.#runs.length + 1 });
    const pacer = this.#pacer(durationMs, clock);
    const run = await this.#runPaced(pacer)(durationCheck(this.#check, this.#sizeBytes, durationMs), {
      signal,
      onProgress,
    });
    this.#runs.push(run);
    return durationTrialOf(run, durationMs);
  }

  #pacer(durationMs: number, clock: PacerClock): Pacer {
    const sizeBytes = this.#sizeBytes;
    return this.#direction === 'push'
      ? createStretchingPacer({ sizeBytes, durationMs }, clock)
      : createReadingPacer({ sizeBytes: pacedBytes(sizeBytes), durationMs }, clock);
  }

  get #words(): (typeof words)[LimitDirection] {
    return words[this.#direction];
  }

  #end(conclusion: DurationLimit['conclusion'], why: string): DurationLimit {
    return {
      unit: 'seconds',
      direction: this.#direction,
      largestAccepted: this.#acceptedMs > 0 ? this.#acceptedMs / 1_000 : undefined,
      smallestRejected: this.#rejected && this.#rejected.afterMs / 1_000,
      rejection: this.#rejected?.failure,
      bytesSpent: bytesMoved(this.#runs),
      runs: this.#runs,
      conclusion,
      why,
    };
  }
}

import { createHesitatingPacer } from '../../network/pacer.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { ApiReport } from '../api-check.ts';
import type { FailureReason, Phase } from '../failure.ts';
import { isCut } from '../held-bytes.ts';
import { searchDurationLimit, usualDurationsMs } from '../limits/duration-search.ts';
import type { DurationLimit, SizeLimit } from '../limits/limit.ts';
import { searchSizeLimit } from '../limits/size-search.ts';
import type { RunCheck } from '../outcome.ts';
import { megabytes } from '../verdict-words.ts';
import { type ExamineDeps, type ExamineOptions, searchFactor, slowBytes } from './examine-options.ts';
import { mayPass, silenceMs } from './passing.ts';
import { refusedForSize } from './refused-for-size.ts';
import { controlShapes, freshCheck, type ShapedCheck, smallBytes, trialCheck } from './trial-checks.ts';
import type { Examination, Examined, Trial, TrialKind } from './trial.ts';

const cutReasons: ReadonlySet<FailureReason> = new Set(['stale_connection', 'connection_reset']);

const bodyPhases: ReadonlySet<Phase> = new Set(['send', 'wait', 'commit', 'verify']);

/**
 * Does over one path what a person would do by hand: API, login, sizes, wire shapes, size limit, slow bodies; then the pushes
 * that failed over the direct path, in the same minutes; and a small push at the end. Never rejects; ends early when `signal`
 * aborts.
 */
export async function examine(options: ExamineOptions, deps: ExamineDeps): Promise<Examination> {
  return new Examiner(options, deps).execute();
}

/** Of the longest time that a slow body takes: what is cut sooner is not cut for its silence. */
const leastPauseShare = 0.02;
/** So much longer than the silence after which it was cut. */
const pauseFactor = 1.3;

interface How {
  readonly direct?: NetworkPath;
  readonly run?: RunCheck;
  readonly pauseMs?: number;
}

class Examiner {
  readonly #options: ExamineOptions;
  readonly #deps: ExamineDeps;
  readonly #trials: Trial[] = [];
  readonly #directTrials: Trial[] = [];
  /** Checks whose small push got through. */
  #usable: ShapedCheck[] = [];

  constructor(options: ExamineOptions, deps: ExamineDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async execute(): Promise<Examination> {
    const api = await this.#askApi();
    await this.#pushSmall();
    await this.#pushFull();
    const sizeLimit = await this.#searchSize();
    const durationLimit = await this.#sendSlowly();
    await this.#pushPausing();
    await this.#pushFresh();
    await this.#pushDirect();
    await this.#repeat();
    await this.#pushAgain(durationLimit);
    const { check, direct } = this.#options;
    const subject: Examined = {
      path: check.path,
      trials: this.#trials,
      ...(api === undefined ? {} : { api }),
      ...(sizeLimit === undefined ? {} : { sizeLimit }),
      ...(durationLimit === undefined ? {} : { durationLimit }),
    };
    return direct === undefined ? { subject } : { subject, direct: { path: direct, trials: this.#directTrials } };
  }

  get #sizeBytes(): number {
    return this.#options.check.workload.layerBytes[0] ?? 0;
  }

  #askApi(): Promise<ApiReport | undefined> {
    const { check, signal } = this.#options;
    this.#say('API and login');
    return this.#deps.checkApi(check, { timeoutMs: Math.min(30_000, check.timeoutMs), signal });
  }

  /** As the client; when that fails, in the other shapes too. */
  async #pushSmall(): Promise<void> {
    const shapes = controlShapes(this.#options.check);
    const bytes = smallBytes(this.#sizeBytes);
    const [own, ...others] = shapes;
    if (own !== undefined && (await this.#push('small', own, bytes))) {
      this.#usable = shapes;
      return;
    }
    for (const shape of others) {
      if (await this.#push('shape', shape, bytes)) this.#usable.push(shape);
    }
  }

  async #pushFull(): Promise<void> {
    if (this.#sizeBytes <= smallBytes(this.#sizeBytes)) return;
    for (const [index, shape] of this.#worthFull().entries()) {
      await this.#push(index === 0 ? 'full' : 'shape', shape, this.#sizeBytes);
    }
  }

  /** Where small bodies got through; nowhere: two all the same, if bodies were taken at all, because size may be a second trouble. */
  #worthFull(): readonly ShapedCheck[] {
    const reached = this.#trials.some(({ run }) => bodyPhases.has(run.failure?.phase ?? 'auth'));
    return this.#usable.length > 0 || !reached ? this.#usable : controlShapes(this.#options.check).slice(0, 2);
  }

  #searchSize(): Promise<SizeLimit> | undefined {
    const {
      signal,
      onProgress,
      resolutionBytes = Math.ceil(this.#sizeBytes / 100),
      hesitationMs = 500,
    } = this.#options;
    const refused = refusedForSize(this.#failedTrials(), this.#sizeBytes);
    if (refused === undefined || signal.aborted) return undefined;
    this.#say(`size limit up to ${megabytes(this.#sizeBytes)}`);
    return searchSizeLimit(
      refused.run.check,
      {
        upToBytes: this.#sizeBytes,
        resolutionBytes,
        byteBudget: searchFactor * this.#sizeBytes,
        signal,
        ...(onProgress === undefined ? {} : { onProgress }),
      },
      this.#deps.paced(createHesitatingPacer(hesitationMs)),
    );
  }

  #sendSlowly(): Promise<DurationLimit> | undefined {
    const { signal, onProgress, durationsMs = usualDurationsMs, durationResolutionMs } = this.#options;
    const [shape] = this.#usable;
    if (shape === undefined || durationsMs.length === 0 || signal.aborted) return undefined;
    this.#say(`small bodies sent over up to ${Math.round((durationsMs.at(-1) ?? 0) / 1_000)} s`);
    return searchDurationLimit(
      trialCheck(shape, slowBytes),
      {
        durationsMs,
        sizeBytes: Math.min(slowBytes, smallBytes(this.#sizeBytes)),
        signal,
        ...(durationResolutionMs === undefined ? {} : { resolutionMs: durationResolutionMs }),
        ...(onProgress === undefined ? {} : { onProgress }),
      },
      (pacer) => this.#deps.paced(pacer),
    );
  }

  /**
   * A small body that rests for somewhat longer than nothing moved before a push was cut without a word: what ends it then,
   * though slow bodies pass, counts silence and neither size nor time.
   */
  async #pushPausing(): Promise<void> {
    const longestMs = (this.#options.durationsMs ?? usualDurationsMs).at(-1);
    const shape = this.#usable[0] ?? controlShapes(this.#options.check)[0];
    const cut = this.#failedTrials().find(({ run: { failure } }) => failure !== undefined && isCut(failure));
    if (longestMs === undefined || cut?.run.failure === undefined) return;
    const pauseMs = Math.ceil(Math.min(longestMs, pauseFactor * silenceMs(cut.run.failure)));
    if (pauseMs < longestMs * leastPauseShare) return;
    const bytes = smallBytes(this.#sizeBytes);
    // Two writes at least: the pause is between the first and the rest.
    const halved = { ...shape.check, client: { ...shape.check.client, writeBytes: Math.ceil(bytes / 2) } };
    const run = this.#deps.paced(createHesitatingPacer(pauseMs));
    await this.#push('pausing', { ...shape, check: halved }, bytes, { run, pauseMs });
  }

  /** The push that was cut, without any connection used twice. */
  async #pushFresh(): Promise<void> {
    const cut = this.#failedTrials().find(
      ({ run: { failure } }) => failure !== undefined && cutReasons.has(failure.reason),
    );
    if (cut !== undefined) {
      await this.#push('fresh', { check: freshCheck(cut.run.check), shape: cut.shape }, cut.sizeBytes);
    }
  }

  /** The same client, small and full, and at most two more of what failed. */
  async #pushDirect(): Promise<void> {
    const { direct, check } = this.#options;
    if (direct === undefined) return;
    const own = { check, shape: check.client.shape };
    const more = this.#failedTrials()
      .filter(({ kind }) => kind === 'shape')
      .slice(0, 2);
    await this.#push('small', own, smallBytes(this.#sizeBytes), { direct });
    if (this.#sizeBytes > smallBytes(this.#sizeBytes)) await this.#push('full', own, this.#sizeBytes, { direct });
    for (const { run, shape, sizeBytes } of more) {
      await this.#push('shape', { check: run.check, shape }, sizeBytes, { direct });
    }
  }

  /** What a registry or a hop that restarts looks like while it does: whether it comes again. */
  async #repeat(): Promise<void> {
    const passing = this.#failedTrials().filter(
      ({ kind, run: { failure } }) =>
        kind !== 'fresh' && kind !== 'pausing' && failure !== undefined && mayPass(failure),
    );
    // The largest first: what strikes large bodies alone does not show in small ones.
    for (const { run, shape, sizeBytes } of passing.toReversed().slice(0, 2)) {
      await this.#push('repeat', { check: run.check, shape }, sizeBytes);
    }
  }

  /** After a failure: whether what worked at the beginning still works. */
  async #pushAgain(durationLimit: DurationLimit | undefined): Promise<void> {
    const [shape] = this.#usable;
    const { direct } = this.#options;
    const failed = this.#failedTrials().length > 0 || durationLimit?.conclusion === 'inconclusive';
    if (!failed || shape === undefined) return;
    const bytes = smallBytes(this.#sizeBytes);
    const alive = await this.#push('again', shape, bytes);
    if (!alive && direct !== undefined) await this.#push('again', shape, bytes, { direct });
  }

  #failedTrials(): Trial[] {
    return this.#trials.filter(({ run }) => !run.ok);
  }

  async #push(kind: TrialKind, shaped: ShapedCheck, sizeBytes: number, how: How = {}): Promise<boolean> {
    const { signal, onProgress, check: own } = this.#options;
    const { direct, pauseMs, run = this.#deps.run } = how;
    if (signal.aborted) return false;
    const path = direct ?? own.path;
    const check = { ...trialCheck(shaped, sizeBytes), path };
    this.#say(`${check.client.name}, ${megabytes(sizeBytes)} over ${path.name}`);
    const told = onProgress === undefined ? {} : { onProgress };
    const outcome = await run(check, { signal, inspectsSession: true, ...told });
    const trial = { kind, shape: shaped.shape, sizeBytes, run: outcome };
    const trials = direct === undefined ? this.#trials : this.#directTrials;
    trials.push(pauseMs === undefined ? trial : { ...trial, pauseMs });
    return outcome.ok;
  }

  #say(words: string): void {
    this.#options.onStep?.(words);
  }
}

import { createHesitatingPacer } from '../../network/pacer.ts';
import type { Pacer } from '../../network/pump.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { ApiReport } from '../api-check.ts';
import type { Check } from '../check.ts';
import type { FailureReason, Phase } from '../failure.ts';
import { searchDurationLimit, usualDurationsMs } from '../limits/duration-search.ts';
import { searchSizeLimit } from '../limits/size-search.ts';
import type { Progress, RunCheck } from '../outcome.ts';
import type { RegistryTarget } from '../../registry/target.ts';
import { megabytes } from '../verdict-words.ts';
import { controlShapes, freshCheck, type ShapedCheck, smallBytes, timesSent, trialCheck } from './trial-checks.ts';
import type { Examination, Examined, Trial, TrialKind } from './trial.ts';

export interface ExamineDeps {
  readonly run: RunCheck;
  readonly paced: (pacer: Pacer) => RunCheck;
  readonly checkApi: (
    target: { readonly registry: RegistryTarget; readonly path: NetworkPath },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<ApiReport | undefined>;
}

export interface ExamineOptions {
  /** Path, client and size in question: a single blob. */
  readonly check: Check;
  /** Another path to the same registry that is known to be direct. */
  readonly direct?: NetworkPath | undefined;
  /** How long a small body is made to take; empty: no slow bodies. Default: just above the usual limits, which takes minutes. */
  readonly durationsMs?: readonly number[];
  readonly durationResolutionMs?: number;
  /** The search for a size limit ends when the bounds are this close; default a hundredth of the size. */
  readonly resolutionBytes?: number;
  /** Pause after the first chunk in the search for a size limit, so that early refusals cost nothing. Default 500 ms. */
  readonly hesitationMs?: number;
  readonly signal: AbortSignal;
  /** Told what comes next, in a few words. */
  readonly onStep?: (words: string) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** A search for the size limit may send this many times the size in question. */
const searchFactor = 4;
const slowBytes = 256 * 1024;

/** Most body bytes that an examination sends: stated before it starts. */
export function mostExaminedBytes({ check, direct, durationsMs = usualDurationsMs }: ExamineOptions): number {
  const sizeBytes = check.workload.layerBytes[0] ?? 0;
  const costs = controlShapes(check).map(({ check: { client } }) => timesSent(client));
  const all = costs.reduce((sum, cost) => sum + cost, 0);
  const most = Math.max(...costs);
  // Every shape, one of them on fresh connections; the search may go over its share by one try.
  const pushes = all + most + (searchFactor + most);
  const besides = direct === undefined ? 0 : timesSent(check.client) + 2 * most;
  // Each duration at most twice, and some in between.
  const slow = durationsMs.length === 0 ? 0 : (2 * durationsMs.length + 6) * slowBytes * timesSent(check.client);
  return (pushes + besides) * sizeBytes + (2 * all + 4 * most) * smallBytes(sizeBytes) + slow;
}

const sizeReasons: ReadonlySet<FailureReason> = new Set(['body_too_large', 'connection_reset', 'http2_error']);
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
    await this.#pushFresh();
    await this.#pushDirect();
    await this.#pushAgain();
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

  #searchSize(): ReturnType<typeof searchSizeLimit> | undefined {
    const {
      signal,
      onProgress,
      resolutionBytes = Math.ceil(this.#sizeBytes / 100),
      hesitationMs = 500,
    } = this.#options;
    const refused = this.#failedTrials().find(
      ({ sizeBytes, run }) => sizeBytes === this.#sizeBytes && sizeReasons.has(run.failure?.reason ?? 'internal'),
    );
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

  #sendSlowly(): ReturnType<typeof searchDurationLimit> | undefined {
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
    await this.#push('small', own, smallBytes(this.#sizeBytes), direct);
    if (this.#sizeBytes > smallBytes(this.#sizeBytes)) await this.#push('full', own, this.#sizeBytes, direct);
    for (const { run, shape, sizeBytes } of more) {
      await this.#push('shape', { check: run.check, shape }, sizeBytes, direct);
    }
  }

  /** After a failure: whether what worked at the beginning still works. */
  async #pushAgain(): Promise<void> {
    const [shape] = this.#usable;
    const { direct } = this.#options;
    if (this.#failedTrials().length === 0 || shape === undefined) return;
    const bytes = smallBytes(this.#sizeBytes);
    const alive = await this.#push('again', shape, bytes);
    if (!alive && direct !== undefined) await this.#push('again', shape, bytes, direct);
  }

  #failedTrials(): Trial[] {
    return this.#trials.filter(({ run }) => !run.ok);
  }

  async #push(kind: TrialKind, shaped: ShapedCheck, sizeBytes: number, direct?: NetworkPath): Promise<boolean> {
    const { signal, onProgress } = this.#options;
    if (signal.aborted) return false;
    const path = direct ?? this.#options.check.path;
    const check = { ...trialCheck(shaped, sizeBytes), path };
    this.#say(`${check.client.name}, ${megabytes(sizeBytes)} over ${path.name}`);
    const told = onProgress === undefined ? {} : { onProgress };
    const run = await this.#deps.run(check, { signal, inspectsSession: true, ...told });
    (direct === undefined ? this.#trials : this.#directTrials).push({ kind, shape: shaped.shape, sizeBytes, run });
    return run.ok;
  }

  #say(words: string): void {
    this.#options.onStep?.(words);
  }
}

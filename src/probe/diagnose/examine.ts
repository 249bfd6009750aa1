import { formatBytes } from '../byte-words.ts';
import { createHesitatingPacer } from '../../network/body/pacer.ts';
import type { ApiReport } from './api-check.ts';
import type { Phase } from '../failure.ts';
import { isCut } from '../judge/is-cut.ts';
import { reasonTable } from '../judge/reason-table.ts';
import { searchDurationLimit, usualDurationsMs } from '../limits/duration-search.ts';
import type { DurationLimit, SizeLimit } from '../limits/limit.ts';
import { hesitationMs as usualHesitationMs, searchSizeLimit } from '../limits/size-search.ts';
import { segmentsVanish } from './kernel-signs.ts';
import { conformanceRounds } from './conformance-rounds.ts';
import { type ExamineDeps, type ExamineOptions, searchFactor, slowBytes, tinyBytes } from './examine-options.ts';
import { endedInSilence } from './flips.ts';
import { holdWhereRefused } from './held-connection.ts';
import { pushOlderHttp } from './older-http.ts';
import { putManifests } from './manifest-trials.ts';
import { pushBesideNeighbour } from './neighbour-push.ts';
import { pullBack } from './pull-trials.ts';
import { openingPhases, silenceMs, worthRepeating } from './passing.ts';
import { refusedForSize } from './refused-for-size.ts';
import { controlShapes, freshCheck, type ShapedCheck, smallBytes, trialCheck } from './trial-checks.ts';
import { TrialLog } from './trial-log.ts';
import type { Examination, Examined } from './trial.ts';

const bodyPhases: ReadonlySet<Phase> = new Set(['send', 'wait', 'commit', 'verify']);

/**
 * Does over one path what a person would do by hand: API, login, sizes, wire shapes, size limit, slow bodies; then the pushes
 * that failed over the direct path, in the same minutes; and a small push at the end. Never rejects; ends early when `signal`
 * aborts, and begins nothing after `deadlineMs`.
 */
export async function examine(options: ExamineOptions, deps: ExamineDeps): Promise<Examination> {
  return new Examiner(options, deps).execute();
}

/** Of the longest time that a slow body takes: what is cut sooner is not cut for its silence. */
const leastPauseShare = 0.02;
/** So much longer than the silence after which it was cut. */
const pauseFactor = 1.3;
/** The four endpoints have this share of the time together. */
const apiShare = 0.3;

class Examiner {
  readonly #options: ExamineOptions;
  readonly #deps: ExamineDeps;
  readonly #log: TrialLog;
  /** Checks whose small push got through. */
  #usable: ShapedCheck[] = [];

  constructor(options: ExamineOptions, deps: ExamineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#log = new TrialLog(options, deps);
  }

  async execute(): Promise<Examination> {
    const { check, direct } = this.#options;
    const api = await this.#askApi();
    await this.#pushSmall();
    await this.#pushTiny();
    await this.#pushFull();
    await this.#pushTiny();
    const sizeLimit = await this.#searchSize();
    const durationLimit = await this.#sendSlowly();
    await this.#pushPausing();
    await this.#pushFresh();
    await pushOlderHttp(this.#log);
    await this.#pushDirect();
    await this.#repeat();
    const held = await holdWhereRefused(this.#options, this.#deps, this.#log, api);
    await this.#pushAgain(durationLimit);
    const manifests = await putManifests(this.#options, this.#deps, this.#log);
    const conformance = await conformanceRounds(this.#options, this.#deps, this.#log);
    const { trials, directTrials, leftOut } = this.#log;
    const subject: Examined = { path: check.path, trials, api, sizeLimit, durationLimit };
    const pulled = await pullBack(this.#options, this.#deps, this.#log);
    const neighbour = await pushBesideNeighbour(this.#options, this.#deps, this.#log);
    const beside = direct === undefined ? undefined : { path: direct, trials: directTrials };
    return { subject, direct: beside, leftOut, manifests, conformance, pulled, held, neighbour };
  }

  get #sizeBytes(): number {
    return this.#options.check.workload.layerBytes[0] ?? 0;
  }

  #askApi(): Promise<ApiReport | undefined> {
    const { check, signal, onStep } = this.#options;
    onStep?.('API and login');
    const timeoutMs = Math.min(30_000, check.timeoutMs, Math.ceil((this.#log.leftMs * apiShare) / 4));
    return this.#deps.checkApi(check, { timeoutMs, signal });
  }

  /** As the client; when that fails, in the other shapes too. */
  async #pushSmall(): Promise<void> {
    const shapes = controlShapes(this.#options.check);
    const bytes = smallBytes(this.#sizeBytes);
    const [own, ...others] = shapes;
    if (await this.#log.push('small', own, bytes)) {
      this.#usable = shapes;
      return;
    }
    // Before a request is read, its wire shape changes nothing.
    if (openingPhases.has(this.#log.trials.at(-1)?.run.failure?.phase ?? 'start')) return;
    for (const shape of others) if (await this.#log.push('shape', shape, bytes)) this.#usable.push(shape);
  }

  /** Twice a body that fits into a segment, once it is known that full ones vanish. */
  async #pushTiny(): Promise<void> {
    const vanished = this.#log.failed.find(({ run: { failure } }) => failure !== undefined && segmentsVanish(failure));
    if (vanished === undefined || this.#log.trials.some(({ kind }) => kind === 'tiny')) return;
    const tiny = { check: vanished.run.check, shape: vanished.shape };
    if (await this.#log.push('tiny', tiny, tinyBytes)) await this.#log.push('tiny', tiny, tinyBytes);
  }

  async #pushFull(): Promise<void> {
    if (this.#sizeBytes <= smallBytes(this.#sizeBytes)) return;
    for (const [index, shape] of this.#worthFull().entries())
      await this.#log.push(index === 0 ? 'full' : 'shape', shape, this.#sizeBytes);
  }

  /** Where small bodies got through; nowhere: two all the same, if bodies were taken at all, because size may be a second trouble. */
  #worthFull(): readonly ShapedCheck[] {
    const reached = this.#log.trials.some(
      ({ run: { failure } }) => failure !== undefined && bodyPhases.has(failure.phase) && failure.reason !== 'deadline',
    );
    return this.#usable.length > 0 || !reached ? this.#usable : controlShapes(this.#options.check).slice(0, 2);
  }

  #searchSize(): Promise<SizeLimit> | undefined {
    const {
      signal,
      onProgress,
      onStep,
      resolutionBytes = Math.ceil(this.#sizeBytes / 100),
      hesitationMs = usualHesitationMs,
    } = this.#options;
    const refused = refusedForSize(this.#log.failed, this.#sizeBytes);
    const what = `size limit up to ${formatBytes(this.#sizeBytes)}`;
    if (refused === undefined || !this.#log.hasTimeFor(what)) return undefined;
    onStep?.(what);
    return searchSizeLimit(
      refused.run.check,
      {
        upToBytes: this.#sizeBytes,
        resolutionBytes,
        byteBudget: searchFactor * this.#sizeBytes,
        timeBudgetMs: this.#log.leftMs,
        signal,
        onProgress,
      },
      this.#deps.paced(createHesitatingPacer(hesitationMs)),
    );
  }

  #sendSlowly(): Promise<DurationLimit> | undefined {
    const { onProgress, onStep, signal, durationsMs = usualDurationsMs, durationResolutionMs } = this.#options;
    const [shape] = this.#usable;
    if (shape === undefined || durationsMs.length === 0 || signal.aborted) return undefined;
    onStep?.(`small bodies sent over up to ${Math.round((durationsMs.at(-1) ?? 0) / 1_000)} s`);
    return searchDurationLimit(
      trialCheck(shape, slowBytes),
      {
        durationsMs,
        sizeBytes: Math.min(slowBytes, smallBytes(this.#sizeBytes)),
        signal,
        resolutionMs: durationResolutionMs,
        onProgress,
      },
      (pacer) => this.#deps.paced(pacer),
    );
  }

  /**
   * A small body that rests for somewhat longer than nothing moved before a push was cut without a word: what ends it then,
   * though slow bodies pass, counts silence and neither size nor time. Twice, when it is ended.
   */
  async #pushPausing(): Promise<void> {
    const longestMs = (this.#options.durationsMs ?? usualDurationsMs).at(-1);
    const shape = this.#usable[0] ?? controlShapes(this.#options.check)[0];
    const cut = this.#log.failed.find(({ run: { failure } }) => failure !== undefined && isCut(failure));
    if (longestMs === undefined || cut?.run.failure === undefined) return;
    const pauseMs = Math.ceil(Math.min(longestMs, pauseFactor * silenceMs(cut.run.failure)));
    if (pauseMs < longestMs * leastPauseShare) return;
    const bytes = smallBytes(this.#sizeBytes);
    // Two writes at least: the pause is between the first and the rest.
    const halved = { ...shape.check, client: { ...shape.check.client, writeBytes: Math.ceil(bytes / 2) } };
    const run = this.#deps.paced(createHesitatingPacer(pauseMs));
    for (let times = 0; times < 2; times += 1) {
      await this.#log.push('pausing', { ...shape, check: halved }, bytes, { run, pauseMs });
      const last = this.#log.trials.at(-1);
      if (last === undefined || !endedInSilence(last)) return;
    }
  }

  /** The push that was cut, without any connection used twice; once more, when that gets through. */
  async #pushFresh(): Promise<void> {
    const cut = this.#log.failed.find(
      ({ run: { failure } }) => failure !== undefined && reasonTable[failure.reason].tells.cut === 'connection',
    );
    if (cut === undefined) return;
    const fresh = { check: freshCheck(cut.run.check), shape: cut.shape };
    if (await this.#log.push('fresh', fresh, cut.sizeBytes)) await this.#log.push('fresh', fresh, cut.sizeBytes);
  }

  /** The same client, small and full, and at most two more of what failed. */
  async #pushDirect(): Promise<void> {
    const { direct, check } = this.#options;
    if (direct === undefined) return;
    const own = { check, shape: check.client.shape };
    const more = this.#log.failed.filter(({ kind }) => kind === 'shape').slice(0, 2);
    await this.#log.push('small', own, smallBytes(this.#sizeBytes), { direct });
    if (this.#sizeBytes > smallBytes(this.#sizeBytes)) await this.#log.push('full', own, this.#sizeBytes, { direct });
    for (const { run, shape, sizeBytes } of more)
      await this.#log.push('shape', { check: run.check, shape }, sizeBytes, { direct });
  }

  /** Whether it comes again: what did not is never certain, and what a restart looks like passes. */
  async #repeat(): Promise<void> {
    for (const { run, shape, sizeBytes } of worthRepeating(this.#log.failed))
      await this.#log.push('repeat', { check: run.check, shape }, sizeBytes);
  }

  /** After a failure: whether what worked at the beginning still works. */
  async #pushAgain(durationLimit: DurationLimit | undefined): Promise<void> {
    const [shape] = this.#usable;
    const { direct } = this.#options;
    const failed = this.#log.failed.length > 0 || durationLimit?.conclusion === 'inconclusive';
    if (!failed || shape === undefined) return;
    const bytes = smallBytes(this.#sizeBytes);
    const alive = await this.#log.push('again', shape, bytes);
    if (!alive && direct !== undefined) await this.#log.push('again', shape, bytes, { direct });
  }
}

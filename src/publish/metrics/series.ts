import type { ChosenHistograms } from './chosen-histograms.ts';
import { endings, type MetricsFormat, textHead, textLines } from './exposition.ts';
import { createProcessMetrics, type FamilyLines } from './families.ts';
import type { FamilySnapshot } from './family-text.ts';
import { type Fragment, joinPieces } from './gzip-pieces.ts';
import type { LabelsOf, MetricKeyOf } from './metric-names.ts';
import type { Exemplar } from './partition.ts';
import { type BaseLabels, SeriesStore } from './series-store.ts';
import { timeSlices } from './time-slices.ts';

/** A whole answer in parts, made as they are asked for. Its values are those of the moment at which it was given. */
export type Answer = AsyncIterable<Fragment>;

interface SeriesOptions {
  /** Also publish `process_*` and `nodejs_*`. */
  readonly processMetrics: boolean;
  /** Called for `event_loop_lag_seconds` at each scrape. */
  readonly eventLoopLagSeconds?: () => number;
}

/** All series of one `/metrics`, typed by the table of metric names. Values that are no finite number are left out. */
export class Series {
  readonly #store: SeriesStore;
  readonly #renderProcess: () => Promise<FamilyLines[]>;

  constructor({ processMetrics, eventLoopLagSeconds }: SeriesOptions) {
    this.#store = new SeriesStore(eventLoopLagSeconds === undefined ? {} : { eventLoopLag: eventLoopLagSeconds });
    this.#renderProcess = processMetrics ? createProcessMetrics() : async () => [];
  }

  add<K extends MetricKeyOf<'counter'>>(key: K, labels: LabelsOf<K>, value: number): void {
    this.#store.partition(key, labels).add(key, labels, value);
  }

  set<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number): void {
    this.#store.partition(key, labels).set(key, labels, value);
  }

  /** Adds one to a gauge; one that is absent counts as 0. */
  increment<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>): void {
    this.#store.partition(key, labels).increment(key, labels);
  }

  observe<K extends MetricKeyOf<'histogram'>>(key: K, labels: LabelsOf<K>, value: number, exemplar?: Exemplar): void {
    this.#store.partition(key, labels).observe(key, labels, value, exemplar);
  }

  /** Creates a counter or histogram at zero; one that exists keeps its value. */
  zero<K extends MetricKeyOf<'counter' | 'histogram'>>(key: K, labels: LabelsOf<K>): void {
    this.#store.partition(key, labels).zero(key, labels);
  }

  /** Sets a gauge, or removes it where nothing is known (undefined). */
  setOrRemove<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number | undefined): void {
    if (value === undefined) this.#store.partition(key, labels).remove(key, labels);
    else this.set(key, labels, value);
  }

  /** Removes the series of the gauge that have these values of its base labels, whatever the others are. */
  clear(key: MetricKeyOf<'gauge'>, labels: BaseLabels): void {
    this.#store.partition(key, labels).clear(key);
  }

  /** Removes all series that have these base labels and no other base label. */
  drop(labels: BaseLabels): void {
    this.#store.drop(labels);
  }

  /** Which histograms have their edges; before, those that the boards draw. Those whose edges change are removed. */
  choose(histograms: ChosenHistograms): void {
    this.#store.choose(histograms);
  }

  /** All series as they are now. */
  async render(format: MetricsFormat): Promise<Answer> {
    const process = await this.#renderProcess();
    return answer(await this.#store.snapshot(format), process, format);
  }
}

async function* answer(
  families: readonly FamilySnapshot[],
  process: readonly FamilyLines[],
  format: MetricsFormat,
): AsyncGenerator<Fragment> {
  const slices = timeSlices();
  for (const family of families) {
    yield await family(slices);
    await slices();
  }
  const texts = process.map(({ head, series }) =>
    format === 'text' ? textHead(head) + textLines(series) : head + series,
  );
  yield joinPieces([...texts, endings[format]]);
}

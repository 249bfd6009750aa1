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

/** All series of one `/metrics`, typed by the table of metric names. Values that are no finite number are left out. */
export interface Series {
  add<K extends MetricKeyOf<'counter'>>(key: K, labels: LabelsOf<K>, value: number): void;
  set<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number): void;
  /** Adds one to a gauge; one that is absent counts as 0. */
  increment<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>): void;
  observe<K extends MetricKeyOf<'histogram'>>(key: K, labels: LabelsOf<K>, value: number, exemplar?: Exemplar): void;
  /** Creates a counter or histogram at zero; one that exists keeps its value. */
  zero<K extends MetricKeyOf<'counter' | 'histogram'>>(key: K, labels: LabelsOf<K>): void;
  remove<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>): void;
  /** Removes the series of the gauge that have these values of its base labels, whatever the others are. */
  clear(key: MetricKeyOf<'gauge'>, labels: BaseLabels): void;
  /** Removes all series that have these base labels and no other base label. */
  drop(labels: BaseLabels): void;
  /** Which histograms have their edges; before, those that the boards draw. Those whose edges change are removed. */
  choose(histograms: ChosenHistograms): void;
  /** All series as they are now. */
  render(format: MetricsFormat): Promise<Answer>;
}

export interface SeriesOptions {
  /** Also publish `process_*` and `nodejs_*`. */
  readonly processMetrics: boolean;
  /** Called for `event_loop_lag_seconds` at each scrape. */
  readonly eventLoopLagSeconds?: () => number;
}

/** Makes the series of one `/metrics`. */
export function createSeries({ processMetrics, eventLoopLagSeconds }: SeriesOptions): Series {
  const store = new SeriesStore(eventLoopLagSeconds === undefined ? {} : { eventLoopLag: eventLoopLagSeconds });
  const renderProcess = processMetrics ? createProcessMetrics() : async () => [];
  return {
    add: (key, labels, value) => store.partition(key, labels).add(key, labels, value),
    set: (key, labels, value) => store.partition(key, labels).set(key, labels, value),
    increment: (key, labels) => store.partition(key, labels).increment(key, labels),
    observe: (key, labels, value, exemplar = {}) => store.partition(key, labels).observe(key, labels, value, exemplar),
    zero: (key, labels) => store.partition(key, labels).zero(key, labels),
    remove: (key, labels) => store.partition(key, labels).remove(key, labels),
    clear: (key, labels) => store.partition(key, labels).clear(key),
    drop: (labels) => store.drop(labels),
    choose: (chosen) => store.choose(chosen),
    async render(format) {
      const process = await renderProcess();
      return answer(await store.snapshot(format), process, format);
    },
  };
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

/** Sets a gauge, or removes it where nothing is known (undefined). */
export function setOrRemove<K extends MetricKeyOf<'gauge'>>(
  series: Series,
  key: K,
  labels: LabelsOf<K>,
  value: number | undefined,
): void {
  if (value === undefined) series.remove(key, labels);
  else series.set(key, labels, value);
}

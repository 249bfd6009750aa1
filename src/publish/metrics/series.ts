import { type ChosenHistograms, drawnHistograms, histogramsOfCheck } from './chosen-histograms.ts';
import { endings, type MetricsFormat, textHead, textLines } from './exposition.ts';
import { createProcessMetrics, type FamilyLines, headOf } from './families.ts';
import { type FamilySnapshot, FamilyText } from './family-text.ts';
import { type Fragment, joinPieces } from './gzip-pieces.ts';
import { baseLabelsOf, type LabelsOf, type MetricKey, type MetricKeyOf, metricSpecs } from './metric-names.ts';
import { type Exemplar, Partition } from './partition.ts';
import { timeSlices } from './time-slices.ts';

/** A whole answer in parts, made as they are asked for. Its values are those of the moment at which it was given. */
export type Answer = AsyncIterable<Fragment>;

/** Values of the labels registry, path, client and workload, or of some of them. */
export type BaseLabels = Partial<Readonly<Record<'registry' | 'path' | 'client' | 'workload', string>>>;

interface SeriesOptions {
  /** Also publish `process_*` and `nodejs_*`. */
  readonly processMetrics: boolean;
  /** Called for `event_loop_lag_seconds` at each scrape. */
  readonly eventLoopLagSeconds?: () => number;
}

/**
 * All series of one `/metrics`, typed by the table of metric names. Those that share base labels are a partition; the text of each family
 * is kept. What was written is rendered once, soon after it was written, so that a scrape has next to nothing to render, however many
 * series there are. Values that are no finite number are left out.
 */
export class Series {
  readonly #partitions = new Map<string, Partition>();
  readonly #families = new Map<MetricKey, FamilyText>();
  readonly #changed = new Set<Partition>();
  readonly #unlabelled: Partition;
  readonly #renderProcess: () => Promise<FamilyLines[]>;
  #histograms = drawnHistograms;
  #refreshing: Promise<void> | undefined;
  #isRefreshDue = false;
  /** Somebody reads what is rendered: before that, nothing is rendered ahead. */
  #isRead = false;

  constructor({ processMetrics, eventLoopLagSeconds }: SeriesOptions) {
    for (const key of Object.keys(metricSpecs) as MetricKey[])
      this.#families.set(key, new FamilyText(headOf(metricSpecs[key])));
    const collectors = eventLoopLagSeconds === undefined ? {} : { eventLoopLag: eventLoopLagSeconds };
    this.#unlabelled = new Partition(this.#histograms, collectors);
    this.#partitions.set(idOf({}), this.#unlabelled);
    this.#renderProcess = processMetrics ? createProcessMetrics() : async () => [];
  }

  add<K extends MetricKeyOf<'counter'>>(key: K, labels: LabelsOf<K>, value: number): void {
    this.#partition(key, labels).add(key, labels, value);
  }

  set<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number): void {
    this.#partition(key, labels).set(key, labels, value);
  }

  /** Adds one to a gauge; one that is absent counts as 0. */
  increment<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>): void {
    this.#partition(key, labels).increment(key, labels);
  }

  observe<K extends MetricKeyOf<'histogram'>>(key: K, labels: LabelsOf<K>, value: number, exemplar?: Exemplar): void {
    this.#partition(key, labels).observe(key, labels, value, exemplar);
  }

  /** Creates a counter or histogram at zero; one that exists keeps its value. */
  zero<K extends MetricKeyOf<'counter' | 'histogram'>>(key: K, labels: LabelsOf<K>): void {
    this.#partition(key, labels).zero(key, labels);
  }

  /** Sets a gauge, or removes it where nothing is known (undefined). */
  setOrRemove<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number | undefined): void {
    if (value === undefined) this.#partition(key, labels).remove(key, labels);
    else this.set(key, labels, value);
  }

  /** Removes the series of the gauge that have these values of its base labels, whatever the others are. */
  clear(key: MetricKeyOf<'gauge'>, labels: BaseLabels): void {
    this.#partition(key, labels).clear(key);
  }

  /** Removes all series that have these base labels and no other base label. */
  drop(labels: BaseLabels): void {
    const id = idOf(labels);
    const partition = this.#partitions.get(id);
    if (partition !== undefined) {
      this.#partitions.delete(id);
      this.#changed.delete(partition);
      partition.isDropped = true;
      this.#families.forEach((family) => family.delete(partition));
    }
  }

  /** Which histograms have their edges; before, those that the boards draw. Those whose edges change are removed. */
  choose(histograms: ChosenHistograms): void {
    const changed = histogramsOfCheck.filter((key) => histograms.includes(key) !== this.#histograms.includes(key));
    this.#histograms = histograms;
    for (const partition of this.#partitions.values()) {
      partition.renew(changed, histograms);
      this.#changed.add(partition);
    }
    this.#refreshSoon();
  }

  /** All series as they are now. */
  async render(format: MetricsFormat): Promise<Answer> {
    const process = await this.#renderProcess();
    return answer(await this.#snapshot(format), process, format);
  }

  /** The partition that a series of this metric is in, to be written to. */
  #partition(key: MetricKey, labels: Readonly<Record<string, string>>): Partition {
    const id = idOf(Object.fromEntries(baseLabelsOf(key).map((name) => [name, labels[name]])));
    const partition = this.#partitions.get(id) ?? new Partition(this.#histograms);
    this.#partitions.set(id, partition);
    this.#changed.add(partition);
    this.#refreshSoon();
    return partition;
  }

  /** All families as they are now, in the order of the table; the series of a partition are all of one moment. */
  async #snapshot(format: MetricsFormat): Promise<FamilySnapshot[]> {
    this.#isRead = true;
    this.#unlabelled.touchCollected();
    this.#changed.add(this.#unlabelled);
    // What is being rendered is in no set any more, and not yet in the families.
    while (this.#changed.size > 0 || this.#refreshing !== undefined) await this.#refresh();
    return [...this.#families.values()].map((family) => family.snapshot(format));
  }

  #refreshSoon(): void {
    if (this.#isRead && !this.#isRefreshDue) {
      this.#isRefreshDue = true;
      setImmediate(() => {
        this.#isRefreshDue = false;
        // What fails here fails again at the next scrape, which says so.
        this.#refresh().catch(() => {});
      });
    }
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#renderChanged().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #renderChanged(): Promise<void> {
    const slices = timeSlices();
    // What is written meanwhile comes up again in the same loop: at its end each partition is as of its last write.
    for (const partition of this.#changed) {
      this.#changed.delete(partition);
      const changes = await partition.takeChanges();
      if (!partition.isDropped) changes.forEach((lines, key) => this.#families.get(key)?.put(partition, lines));
      await slices();
    }
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

function idOf({ registry, path, client, workload }: Readonly<Record<string, string | undefined>>): string {
  return JSON.stringify([registry, path, client, workload]);
}

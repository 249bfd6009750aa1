import { type ChosenHistograms, drawnHistograms, histogramsOfCheck } from './chosen-histograms.ts';
import type { MetricsFormat } from './exposition.ts';
import { headOf } from './families.ts';
import { type FamilySnapshot, FamilyText } from './family-text.ts';
import { baseLabelsOf, type MetricKey, metricSpecs } from './metric-names.ts';
import { type Collectors, Partition } from './partition.ts';
import { timeSlices } from './time-slices.ts';

/** Values of the labels registry, path, client and workload, or of some of them. */
export type BaseLabels = Partial<Readonly<Record<'registry' | 'path' | 'client' | 'workload', string>>>;

/**
 * All partitions, and the text of all families. What was written is rendered once, soon after it was written, so that a
 * scrape has next to nothing to render, however many series there are.
 */
export class SeriesStore {
  readonly #partitions = new Map<string, Partition>();
  readonly #families = new Map<MetricKey, FamilyText>();
  readonly #changed = new Set<Partition>();
  readonly #unlabelled: Partition;
  #histograms = drawnHistograms;
  #refreshing: Promise<void> | undefined;
  #isRefreshDue = false;
  /** Somebody reads what is rendered: before that, nothing is rendered ahead. */
  #isRead = false;

  /** `collectors` belong to gauges without labels. */
  constructor(collectors: Collectors) {
    for (const key of Object.keys(metricSpecs) as MetricKey[])
      this.#families.set(key, new FamilyText(headOf(metricSpecs[key])));
    this.#unlabelled = new Partition(this.#histograms, collectors);
    this.#partitions.set(idOf({}), this.#unlabelled);
  }

  /** The partition that a series of this metric is in, to be written to. */
  partition(key: MetricKey, labels: Readonly<Record<string, string>>): Partition {
    const id = idOf(Object.fromEntries(baseLabelsOf(key).map((name) => [name, labels[name]])));
    const partition = this.#partitions.get(id) ?? new Partition(this.#histograms);
    this.#partitions.set(id, partition);
    this.#changed.add(partition);
    this.#refreshSoon();
    return partition;
  }

  /** Removes the histograms whose edges another choice changes; what is written from now on has the new ones. */
  choose(histograms: ChosenHistograms): void {
    const changed = histogramsOfCheck.filter((key) => histograms.includes(key) !== this.#histograms.includes(key));
    this.#histograms = histograms;
    for (const partition of this.#partitions.values()) {
      partition.renew(changed, histograms);
      this.#changed.add(partition);
    }
    this.#refreshSoon();
  }

  /** Removes the partition with exactly these base labels. */
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

  /** All families as they are now, in the order of the table; the series of a partition are all of one moment. */
  async snapshot(format: MetricsFormat): Promise<FamilySnapshot[]> {
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

function idOf({ registry, path, client, workload }: Readonly<Record<string, string | undefined>>): string {
  return JSON.stringify([registry, path, client, workload]);
}

import type { BenchContext, Goal, Range, Ratio, Row } from './suite.ts';

/** From so many measurements on, the 99th percentile is more than another word for the maximum. */
const samplesForP99 = 50;

/** Minimum, median and maximum; undefined without measurements. */
export function rangeOf(figures: readonly number[]): Range | undefined {
  if (figures.length === 0) return undefined;
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? sorted[0]!;
  const middle = (at(0.5) + sorted[Math.floor(sorted.length / 2)]!) / 2;
  const p99 = sorted.length >= samplesForP99 ? { p99: at(0.99) } : {};
  return { min: at(0), median: middle, ...p99, max: at(1), samples: sorted.length };
}

/** A row of measurements, or one that says that there are none. */
export function rowOf(
  row: Pick<Row, 'subject' | 'figure' | 'unit' | 'note'>,
  figures: readonly number[],
  more: { readonly goal?: Goal; readonly ratio?: Ratio | undefined } = {},
): Row {
  const range = rangeOf(figures);
  const { goal, ratio } = more;
  return {
    ...row,
    ...(range === undefined ? { note: row.note ?? 'not measured' } : { range }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(goal === undefined ? {} : { goal }),
  };
}

/** Median of one list by median of another; undefined where one is empty. */
export function ratioTo(to: string, figures: readonly number[], others: readonly number[]): Ratio | undefined {
  const [own, other] = [rangeOf(figures), rangeOf(others)];
  return own === undefined || other === undefined ? undefined : { to, value: own.median / other.median };
}

/** The figure that a goal speaks of; undefined when the row does not have it. */
export function judgedFigure(row: Row): number | undefined {
  return row.goal === undefined ? undefined : row.goal.of === 'ratio' ? row.ratio?.value : row.range?.[row.goal.of];
}

/** Whether a row reaches its goal; undefined without goal or without figure. */
export function isMet(row: Row): boolean | undefined {
  const figure = judgedFigure(row);
  if (row.goal === undefined || figure === undefined) return undefined;
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = row.goal;
  return figure <= atMost && figure >= atLeast;
}

/** Something that is measured several times beside others. */
export interface Subject<M> {
  readonly name: string;
  /** undefined: cannot be measured here (a peer that is not installed). */
  readonly measure: () => Promise<M | undefined>;
}

/**
 * Measures each subject `runs` times in turn (A B C A B C): what changes on the machine meanwhile meets them all alike. Subjects
 * that cannot be measured have an empty list.
 */
export async function interleave<M>(
  { runs, progress }: Pick<BenchContext, 'runs' | 'progress'>,
  subjects: readonly Subject<M>[],
): Promise<ReadonlyMap<string, readonly M[]>> {
  const measured = new Map<string, M[]>(subjects.map(({ name }) => [name, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const { name, measure } of subjects) {
      progress(`${name}: run ${run} of ${runs}`);
      const measurement = await measure();
      if (measurement !== undefined) measured.get(name)?.push(measurement);
    }
  }
  return measured;
}

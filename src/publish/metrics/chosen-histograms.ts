import { type MetricKey, type MetricKeyOf, metricSpecs } from './metric-names.ts';
import { metricPrefix } from './metric-spec.ts';

/** The histograms of a check whose bucket edges can be chosen: most of what a check costs are edges. */
export const histogramsOfCheck = [
  'runDuration',
  'throughput',
  'failureSentBytes',
  'failureElapsed',
  'phaseDuration',
  'runAttempts',
] as const satisfies readonly MetricKeyOf<'histogram'>[];
type HistogramOfCheck = (typeof histogramsOfCheck)[number];

/** Those that have their edges; of the others there are sum, count and the bucket +Inf. */
export type ChosenHistograms = readonly HistogramOfCheck[];

/** Those whose edges the boards draw. */
export const drawnHistograms: ChosenHistograms = ['runDuration', 'throughput', 'failureSentBytes', 'failureElapsed'];

/** By the name that the configuration has for it: the metric's, without prefix. */
export const histogramsByName: ReadonlyMap<string, HistogramOfCheck> = new Map(
  histogramsOfCheck.map((key) => [metricSpecs[key].name.slice(metricPrefix.length), key]),
);

/** Upper bounds of the metric with this choice, without +Inf. */
export function bucketsOf(key: MetricKey, chosen: ChosenHistograms): readonly number[] {
  const optional: readonly MetricKey[] = histogramsOfCheck;
  const isBare = optional.includes(key) && !(chosen as readonly MetricKey[]).includes(key);
  return isBare ? [] : metricSpecs[key].buckets;
}

import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type Arbitrary, array, assert, asyncProperty, constantFrom, double, nat, oneof, record } from 'fast-check';
import { Counter, Gauge, Histogram } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { gzipStream } from '../../../src/publish/metrics/answer-streams.ts';
import { canonicalLines } from '../../../src/publish/metrics/exposition.ts';
import { type AnyMetric, createMetric, createRegistry } from '../../../src/publish/metrics/families.ts';
import { baseLabelsOf, type MetricKey, metricSpecs } from '../../../src/publish/metrics/metric-names.ts';
import { drawnHistograms } from '../../../src/publish/metrics/chosen-histograms.ts';
import { Series } from '../../../src/publish/metrics/series.ts';
import { rendered } from '../../support/rendered.ts';

type Labels = Readonly<Record<string, string>>;

const keys = Object.keys(metricSpecs) as MetricKey[];
/** Few values, so that series meet; some that an unwary renderer would trip over. */
const labelValues = ['a', 'b"\\\n', 'c # {run_id="x"} 1 2', '_bucket{le="1"} # EOF\r\u2028é'];

interface Step {
  readonly what: 'write' | 'write again' | 'zero' | 'remove' | 'clear' | 'drop' | 'turn' | 'compare';
  readonly key: MetricKey;
  readonly labels: readonly number[];
  readonly value: number;
}

const steps: Arbitrary<Step[]> = array(
  record({
    what: constantFrom('write', 'write', 'write', 'write again', 'zero', 'remove', 'clear', 'drop', 'turn', 'compare'),
    key: constantFrom(...keys),
    labels: array(nat({ max: labelValues.length - 1 }), { minLength: 8, maxLength: 8 }),
    value: oneof(double({ min: 0, noNaN: true }), constantFrom(0, 1, 0.005, 2 ** 40, Number.NaN)),
  }),
  { minLength: 30, maxLength: 80 },
);

/** One prom-client registry with all there is, rendered as a whole each time. */
class Reference {
  readonly #registry = createRegistry();
  readonly #metrics = new Map<MetricKey, AnyMetric>(
    keys.map((key) => [key, createMetric(this.#registry, key, drawnHistograms)]),
  );
  readonly #sets = new Map<MetricKey, Map<string, Labels>>(keys.map((key) => [key, new Map<string, Labels>()]));

  write(key: MetricKey, labels: Labels, value: number, runId: string): void {
    if (Number.isFinite(value)) {
      this.#sets.get(key)!.set(JSON.stringify(labels), labels);
      const metric = this.#metrics.get(key)!;
      if (metric instanceof Counter) metric.inc(labels, value);
      else if (metric instanceof Gauge) metric.set(labels, value);
      else if (metric instanceof Histogram) metric.observe({ labels, value, exemplarLabels: { run_id: runId } });
    }
  }

  zero(key: MetricKey, labels: Labels): void {
    const metric = this.#metrics.get(key)!;
    const sets = this.#sets.get(key)!;
    if (!sets.has(JSON.stringify(labels)) && !(metric instanceof Gauge)) {
      sets.set(JSON.stringify(labels), labels);
      if (metric instanceof Counter) metric.inc(labels, 0);
      else metric.zero(labels);
    }
  }

  removeIf(doomed: (key: MetricKey, labels: Labels) => boolean): void {
    for (const [key, sets] of this.#sets) {
      for (const [id, labels] of sets) {
        if (doomed(key, labels)) {
          sets.delete(id);
          this.#metrics.get(key)!.remove({ ...labels });
        }
      }
    }
  }

  async text(): Promise<string> {
    const families = [];
    for (const { name } of this.#registry.getMetricsAsArray())
      families.push(`${canonicalLines(await this.#registry.getSingleMetricAsString(name))}\n`);
    return `${families.join('')}# EOF\n`;
  }
}

function base(key: MetricKey, labels: Labels): Labels {
  return Object.fromEntries(baseLabelsOf(key).map((name) => [name, labels[name]!]));
}

function same(a: Labels, b: Labels): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The types of `Series` tie labels to keys, which nothing that is drawn by lot can satisfy. */
type Untyped = Record<'add' | 'set' | 'observe' | 'zero' | 'setOrRemove', (...args: unknown[]) => void> &
  Pick<Series, 'clear' | 'drop' | 'render'>;

function apply(series: Untyped, reference: Reference, step: Step): void {
  const { what, key, value } = step;
  const spec = metricSpecs[key];
  const labels = Object.fromEntries(spec.labels.map((name, at) => [name, labelValues[step.labels[at]!]!]));
  if (what === 'write' || what === 'write again') {
    const write = { counter: 'add', gauge: 'set', histogram: 'observe' }[spec.type] as 'add' | 'set' | 'observe';
    series[write](key, labels, value, { run_id: 'r1' });
    reference.write(key, labels, value, 'r1');
  } else if (what === 'zero' && spec.type !== 'gauge') {
    series.zero(key, labels);
    reference.zero(key, labels);
  } else if (what === 'remove' && spec.type === 'gauge') {
    series.setOrRemove(key, labels, undefined);
    reference.removeIf((other, set) => other === key && same(set, labels));
  } else if (what === 'clear' && spec.type === 'gauge' && spec.labels.length > 0) {
    series.clear(key as 'pathInfo', base(key, labels));
    reference.removeIf((other, set) => other === key && same(base(key, set), base(key, labels)));
  } else if (what === 'drop' && spec.labels.length > 0 && baseLabelsOf(key).length > 0) {
    series.drop(base(key, labels));
    reference.removeIf((other, set) => same(base(other, set), base(key, labels)));
  }
}

/** Families in order, each with its lines sorted: which series comes first is not said by the formats. */
function families(text: string): [head: string, series: string[]][] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .split(/^(?=# HELP )/m)
    .map((family) => family.split('\n'))
    .map(([help, type, ...lines]) => [`${help}\n${type}`, lines.toSorted()]);
}

/** Both formats, and both encodings, hold what the reference holds. */
async function compare(series: Series, reference: Reference): Promise<void> {
  const open = await rendered(series, 'openmetrics');
  expect(families(open)).toEqual(families(await reference.text()));
  const gzip = await buffer(gzipStream(await series.render('openmetrics')));
  expect(gunzipSync(gzip).toString()).toBe(open);
  const text = await rendered(series, 'text');
  expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual(withoutExemplars(open));
}

/** What prom-client has that stands at zero from the start, for having no labels. */
function start(series: Series): void {
  series.zero('scheduleLag', {});
  series.zero('runsExhausted', {});
}

describe('the answer kept in pieces', () => {
  beforeEach(() => {
    // Exemplars have times.
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_123 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is that of one registry rendered as a whole, whatever was written, removed and rendered before', async () => {
    await assert(
      asyncProperty(steps, async (all) => {
        const series = new Series({ processMetrics: false });
        const reference = new Reference();
        start(series);
        for (const step of [...all, { ...all[0]!, what: 'compare' as const }]) {
          if (step.what === 'turn') await new Promise(setImmediate);
          else if (step.what === 'compare') await compare(series, reference);
          else apply(series as unknown as Untyped, reference, step);
        }
      }),
      { numRuns: 25 },
    );
  });
});

/** An exemplar of these tests has one label, `run_id="r1"`, which no label value holds unescaped. */
function withoutExemplars(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.split(' # {run_id="r1"} ')[0]!);
}

test('an answer has the values of the moment at which it was given, however late it is read', async () => {
  const series = new Series({ processMetrics: false });
  const labels = { registry: 'r', path: 'p', client: 'c', workload: 'w' };
  series.add('runs', labels, 1);
  const early = await series.render('text');
  series.add('runs', labels, 1);
  series.add('runs', { ...labels, path: 'q' }, 1);
  expect(await rendered(series)).toMatch(/runs_total\{.*path="p".*\} 2\n.*runs_total\{.*path="q".*\} 1\n/);
  series.drop(labels);
  expect(await rendered(series)).not.toContain('path="p"');
  const text = await rendered({ render: async () => early });
  expect(text).toMatch(/runs_total\{.*path="p".*\} 1\n/);
  expect(text).not.toContain('path="q"');
});

test('what is written while an answer is made shows in all families of a check or in none, and in the next answer', async () => {
  const series = new Series({ processMetrics: false });
  const labels = { registry: 'r', path: 'p', client: 'c', workload: 'w' };
  let runs = 0;
  const run = (): void => {
    runs += 1;
    series.add('runs', labels, 1);
    series.observe('runDuration', { ...labels, outcome: 'success' }, 1);
    series.set('lastRunAttempts', labels, runs);
  };
  const shown = (text: string): string[] =>
    ['runs_total', 'run_duration_seconds_count', 'last_run_attempts'].map(
      (name) => new RegExp(`^blobprobe_${name}\\{.*\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 'none',
    );
  for (let later = 0; later < 60; later += 1) {
    run();
    const answer = rendered(series);
    // Rendering waits for microtasks only, so each of its steps is met by one of these.
    for (let microtask = 0; microtask < later; microtask += 1) await Promise.resolve();
    run();
    const [first, ...others] = shown(await answer);
    expect(others).toEqual([first, first]);
    expect([runs - 1, runs]).toContain(Number(first));
    expect(shown(await rendered(series))).toEqual([runs, runs, runs].map(String));
  }
});

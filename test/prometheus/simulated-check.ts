import { metricSpecs, type MetricKey } from '../../src/publish/metrics/metric-names.ts';
import type { InputSeries } from './promtool.ts';

/** What one run did, as far as metrics show it. */
export interface SimulatedRun {
  readonly ok: boolean;
  readonly retries?: number;
  readonly firstAttemptFailed?: boolean;
  readonly tainted?: boolean;
  readonly leftBehind?: number;
  readonly corrupted?: boolean;
  readonly bytesPerSecond?: number;
  readonly reason?: string;
  readonly failure?: Readonly<Record<'phase' | 'answered_by' | 'blame', string>>;
}

export interface SimulatedCheck {
  readonly registry: string;
  readonly path: string;
  readonly intervalSeconds: number;
  /** 100 MB unless told otherwise. */
  readonly sizeBytes?: number;
  /** The run that ends at this time; undefined: the slot passes without one. */
  readonly runAt: (seconds: number) => SimulatedRun | undefined;
}

export const target = { job: 'blobprobe', instance: 'prober:10719' };

export function seriesName(key: MetricKey, labels: Readonly<Record<string, string>> = {}): string {
  return selectorOf(metricSpecs[key].name, { ...target, ...labels });
}

export function selectorOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(', ')}}`;
}

export function labelsOfCheck({ registry, path }: { registry: string; path: string }): Record<string, string> {
  return { registry, path, client: 'docker', workload: 'large' };
}

/** The series of one check as a prober would show them, scraped at every step. The first run ends one interval in. */
export function simulate(check: SimulatedCheck, stepSeconds: number, totalSeconds: number): InputSeries[] {
  const base = labelsOfCheck(check);
  const columns = new Map<string, (number | undefined)[]>();
  const current = new Map<string, number>();
  const add = (key: MetricKey, by: number, labels = {}): void => {
    const name = seriesName(key, { ...base, ...labels });
    current.set(name, (current.get(name) ?? 0) + by);
  };
  const set = (key: MetricKey, value: number, labels = {}): void => {
    current.set(seriesName(key, { ...base, ...labels }), value);
  };
  const zero = ['runs', 'runFailures', 'firstAttemptFailures', 'attempts', 'retries', 'runsTainted'] as const;
  for (const key of zero) add(key, 0);
  add('cleanupFailures', 0, { kind: 'blob' });
  add('attemptFailures', 0, { phase: 'pull', reason: 'body_corrupted', answered_by: 'registry' });
  set('checkInterval', check.intervalSeconds);
  set('lastRunSize', check.sizeBytes ?? 100_000_000);
  for (let step = 0; step * stepSeconds <= totalSeconds; step += 1) {
    const now = step * stepSeconds;
    const run = now > 0 && now % check.intervalSeconds === 0 ? check.runAt(now) : undefined;
    if (run !== undefined) observe(run, now, { add, set, current, base });
    for (const [name, value] of current) {
      const column = columns.get(name) ?? Array.from<undefined>({ length: step }).fill(undefined);
      columns.set(name, column);
      column[step] = value;
    }
    for (const column of columns.values()) if (column.length <= step) column[step] = undefined;
  }
  return [...columns].map(([series, values]) => ({ series, values }));
}

interface Write {
  readonly add: (key: MetricKey, by: number, labels?: object) => void;
  readonly set: (key: MetricKey, value: number, labels?: object) => void;
  readonly current: Map<string, number>;
  readonly base: Record<string, string>;
}

function observe(run: SimulatedRun, now: number, { add, set, current, base }: Write): void {
  const retries = run.retries ?? 0;
  add('runs', 1);
  add('runFailures', run.ok ? 0 : 1);
  add('firstAttemptFailures', run.firstAttemptFailed === true || !run.ok ? 1 : 0);
  add('attempts', 1 + retries);
  add('retries', retries);
  add('runsTainted', run.tainted === true ? 1 : 0);
  add('cleanupFailures', run.leftBehind ?? 0, { kind: 'blob' });
  const corrupted = run.corrupted === true ? 1 : 0;
  add('attemptFailures', corrupted, { phase: 'pull', reason: 'body_corrupted', answered_by: 'registry' });
  set('lastRunSuccess', run.ok ? 1 : 0);
  set('consecutiveFailures', run.ok ? 0 : 1 + (current.get(seriesName('consecutiveFailures', base)) ?? 0));
  set('lastRunTimestamp', now);
  set('lastRunAttempts', Math.max(1 + retries, run.firstAttemptFailed === true ? 2 : 1));
  const failure = run.failure ?? { phase: 'wait', answered_by: 'cloudflare', blame: 'edge' };
  for (const name of current.keys()) if (name.startsWith(metricSpecs.lastFailureInfo.name)) current.delete(name);
  if (run.ok) {
    set('lastSuccessTimestamp', now);
    set('lastThroughput', run.bytesPerSecond ?? 10_000_000, { direction: 'push' });
  } else {
    current.set(seriesName('lastFailureInfo', { ...base, ...failure, reason: run.reason ?? 'body_too_large' }), 1);
  }
}

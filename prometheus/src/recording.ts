import { limitBounds } from '../../src/publish/metric-names.ts';
import { type Cadence, cadences, increaseInWindow, ofCadence, windowLabel } from './cadence.ts';
import { by, checkLabels, comparisonLabels, duration, type Match, metric, on } from './promql.ts';
import type { RecordingRule, RuleGroup } from './rule.ts';

/** Names of the recorded series; those with `window` exist once for each cadence and carry it as a label. */
export const recorded = {
  failuresWanted: 'check:blobprobe_failures_in_row:wanted',
  failuresInRow: 'check:blobprobe_failures_in_row:last',
  failing: 'check:blobprobe_failing:last',
  working: 'check:blobprobe_working:last',
  pathFault: 'check:blobprobe_path_fault:last',
  runs: 'check:blobprobe_runs:increase_window',
  runFailures: 'check:blobprobe_run_failures:increase_window',
  firstAttemptFailures: 'check:blobprobe_first_attempt_failures:increase_window',
  attempts: 'check:blobprobe_attempts:increase_window',
  retries: 'check:blobprobe_retries:increase_window',
  runsTainted: 'check:blobprobe_runs_tainted:increase_window',
  cleanupFailures: 'check:blobprobe_cleanup_failures:increase_window',
  pullCorruptions: 'check:blobprobe_pull_corruptions:increase_window',
  throughputRecent: 'check:blobprobe_throughput:max_recent',
  throughputPast: 'check:blobprobe_throughput:median_past',
  sizeLimitBest: 'path:blobprobe_limit_bytes:max_7d',
  durationLimitBest: 'path:blobprobe_limit_seconds:max_7d',
} as const;

const accepted = limitBounds[0];
const limitWindow = '7d';

/** Values that alerts and dashboards must agree on. */
export const quickCheckSeconds = 300;
export const hourlyCheckSeconds = 3600;

export function recordingGroups(classes: readonly Cadence[] = cadences): RuleGroup<RecordingRule>[] {
  return [
    { name: 'blobprobe.state', rules: [...stateRules(), ...limitRules()] },
    ...classes.map((cadence) => ({ name: `blobprobe.window.${windowLabel(cadence)}`, rules: windowRules(cadence) })),
  ];
}

/** Built from gauges and their times only, so that it is right for checks of any interval and between two runs. */
function stateRules(): RecordingRule[] {
  const interval = metric('checkInterval');
  const failed = `(${metric('lastRunSuccess')} == 0)`;
  const age = `(${metric('lastRunTimestamp')} - ${metric('lastSuccessTimestamp')})`;
  const never = `(${metric('runs')} unless ${on(checkLabels)} ${metric('lastSuccessTimestamp')})`;
  const others = `max ${by(comparisonLabels)} (${recorded.working})`;
  return [
    {
      // A single failed run of a check every few minutes wakes nobody; of one that runs daily it is a day without news.
      record: recorded.failuresWanted,
      expr: `1 + (${interval} <= bool ${quickCheckSeconds}) + (${interval} <= bool ${hourlyCheckSeconds})`,
    },
    {
      // Runs start one interval apart, so the time between the last run and the last success counts the failures.
      record: recorded.failuresInRow,
      expr: `clamp_min(round(${age} / ${interval}), 1) and ${on(checkLabels)} ${failed} or ${never} and ${on(checkLabels)} ${failed} or ${metric('lastRunSuccess')} * 0`,
    },
    { record: recorded.failing, expr: `${recorded.failuresInRow} >= bool ${recorded.failuresWanted}` },
    {
      // What is older than three intervals no longer shows that a path works.
      record: recorded.working,
      expr: `${metric('lastRunSuccess')} * (time() - ${metric('lastRunTimestamp')} < bool 3 * ${interval})`,
    },
    {
      record: recorded.pathFault,
      expr: `(${recorded.failing} == 1) and ${on(comparisonLabels)} (${others} == 1) or (${recorded.failing} == 1) and ${on(checkLabels)} (${metric('pathAtFault')} == 1)`,
    },
  ];
}

function limitRules(): RecordingRule[] {
  const best = (selector: string): string => `max_over_time(${selector}[${limitWindow}])`;
  return [
    { record: recorded.sizeLimitBest, expr: best(metric('limitBytes', { bound: accepted })) },
    { record: recorded.durationLimitBest, expr: best(metric('limitSeconds', { bound: accepted })) },
  ];
}

/** What happened in the window of a cadence. */
function windowRules(cadence: Cadence): RecordingRule[] {
  const labels = { window: windowLabel(cadence) };
  const increase = (selector: string): string => increaseInWindow(selector, cadence);
  const summed = (selector: string): string => `sum ${by(checkLabels)} (${increase(selector)})`;
  const push = metric('lastThroughput', { direction: 'push' });
  const rates = `sum ${by(checkLabels)} (${push})`;
  const corrupted: Match = 'body_corrupted';
  return [
    { record: recorded.runs, expr: increase(metric('runs')), labels },
    { record: recorded.runFailures, expr: increase(metric('runFailures')), labels },
    { record: recorded.firstAttemptFailures, expr: increase(metric('firstAttemptFailures')), labels },
    { record: recorded.attempts, expr: increase(metric('attempts')), labels },
    { record: recorded.retries, expr: increase(metric('retries')), labels },
    { record: recorded.runsTainted, expr: increase(metric('runsTainted')), labels },
    { record: recorded.cleanupFailures, expr: summed(metric('cleanupFailures')), labels },
    {
      record: recorded.pullCorruptions,
      expr: summed(metric('attemptFailures', { phase: 'pull', reason: corrupted })),
      labels,
    },
    {
      record: recorded.throughputRecent,
      expr: `max_over_time((${ofCadence(rates, cadence)})[${duration(cadence.recent)}:${duration(cadence.recentStep)}])`,
      labels,
    },
    {
      // A subquery looks at the past in steps: the range itself would hold every scrape of a fortnight.
      record: recorded.throughputPast,
      expr: `quantile_over_time(0.5, (${ofCadence(rates, cadence)})[${duration(cadence.past)}:${duration(cadence.pastStep)}] offset ${duration(cadence.recent)})`,
      labels,
    },
  ];
}

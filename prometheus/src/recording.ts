import type { FailureReason } from '../../src/probe/failure.ts';
import { limitBounds } from '../../src/publish/metrics/metric-names.ts';
import { type Cadence, cadences, increaseInWindow, ofCadence, windowLabel } from './cadence.ts';
import { by, checkLabels, comparisonLabels, duration, type Match, metric, on } from './promql.ts';
import type { RecordingRule, RuleGroup } from './rule.ts';

/** Names of the recorded series; those with `window` exist once for each cadence and carry it as a label. */
export const recorded = {
  failuresWanted: 'check:blobprobe_failures_in_row:wanted',
  failing: 'check:blobprobe_failing:last',
  working: 'check:blobprobe_working:last',
  pathFault: 'check:blobprobe_path_fault:last',
  allPathsFailing: 'comparison:blobprobe_paths_failing:all',
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
  throughputOfPast: 'check:blobprobe_throughput:ratio_past',
  sizeLimitBest: 'path:blobprobe_limit_bytes:max_7d',
  durationLimitBest: 'path:blobprobe_limit_seconds:max_7d',
} as const;

const accepted = limitBounds[0];
const limitWindow = '7d';

/** Values that alerts and dashboards must agree on. */
export const quickCheckSeconds = 300;
export const hourlyCheckSeconds = 3600;

/** Reasons that say the registry does not take our credentials, or asks for them in a way no client understands. */
export const authReasons = ['auth_challenge_bad', 'auth_rejected'] as const satisfies readonly FailureReason[];
/** Checks whose last run ended at authentication. */
export const atAuthentication = metric('lastFailureInfo', { reason: { re: authReasons.join('|') } });

export function recordingGroups(classes: readonly Cadence[] = cadences): RuleGroup<RecordingRule>[] {
  return [
    { name: 'blobprobe.state', rules: [...stateRules(), ...limitRules()] },
    ...classes.map((cadence) => ({ name: `blobprobe.window.${windowLabel(cadence)}`, rules: windowRules(cadence) })),
  ];
}

/** Built from gauges and their times only, so that it is right for checks of any interval and between two runs. */
function stateRules(): RecordingRule[] {
  const interval = metric('checkInterval');
  const failing = `(${recorded.failing} == 1 unless ${on(checkLabels)} ${atAuthentication})`;
  const others = `max ${by(comparisonLabels)} (${recorded.working})`;
  return [
    {
      // A single failed run of a check every few minutes wakes nobody; of one that runs daily it is a day without news.
      record: recorded.failuresWanted,
      expr: `1 + (${interval} <= bool ${quickCheckSeconds}) + (${interval} <= bool ${hourlyCheckSeconds})`,
    },
    {
      // The prober counts: from times a gap without runs would look like failures.
      record: recorded.failing,
      expr: `${metric('consecutiveFailures')} >= bool ${recorded.failuresWanted}`,
    },
    {
      // What is older than three intervals no longer shows that a path works.
      record: recorded.working,
      expr: `${metric('lastRunSuccess')} * (time() - ${metric('lastRunTimestamp')} < bool 3 * ${interval})`,
    },
    {
      record: recorded.pathFault,
      expr: `(${recorded.failing} == 1) and ${on(comparisonLabels)} (${others} == 1) or (${recorded.failing} == 1) and ${on(checkLabels)} (${metric('pathAtFault')} == 1)`,
    },
    {
      // How many, where there are several and none works. One path that fails says nothing of the registry, nor do our own credentials.
      record: recorded.allPathsFailing,
      expr: `count ${by(comparisonLabels)} ${failing} == (count ${by(comparisonLabels)} (${interval}) > 1)`,
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
  const window = `window="${windowLabel(cadence)}"`;
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
    {
      record: recorded.throughputOfPast,
      expr: `${recorded.throughputRecent}{${window}} / (${recorded.throughputPast}{${window}} > 0)`,
      labels,
    },
  ];
}

import type { FailureReason } from '../../src/probe/failure.ts';
import { type Cadence, ofCadence, windowLabel } from './cadence.ts';
import { by, checkLabels, comparisonLabels, duration, metric, on, targetLabels } from './promql.ts';
import { recorded } from './recording.ts';
import type { AlertingRule } from './rule.ts';
import { check, comparison, lastFailure } from './texts.ts';
import { thresholds } from './thresholds.ts';

/** Reasons that say the registry does not take our credentials, or asks for them in a way no client understands. */
export const authReasons = ['auth_challenge_bad', 'auth_rejected'] as const satisfies readonly FailureReason[];

/** An alert about checks before its cadence is filled in. */
type Plan = Omit<AlertingRule, 'hold' | 'keep' | 'window' | 'dashboard'> & { readonly hold?: number };

/** Alerts on pushes, for the checks of one cadence. */
export function checkAlerts(cadence: Cadence): AlertingRule[] {
  const plans = [...failurePlans(cadence), ...retryPlans(cadence), ...throughputPlans(cadence), ...carePlans(cadence)];
  return plans.map((plan) => ({
    hold: cadence.hold,
    ...plan,
    keep: cadence.keep,
    window: windowLabel(cadence),
    dashboard: plan.alert === 'BlobprobeAllPathsFailing' ? 'overview' : 'path',
  }));
}

function failurePlans(cadence: Cadence): Plan[] {
  const auth = metric('lastFailureInfo', { reason: { re: authReasons.join('|') } });
  const failing = `count ${by(comparisonLabels)} (${ofCadence(`${recorded.failing} == 1`, cadence)})`;
  const configured = `count ${by(comparisonLabels)} (${metric('checkInterval')})`;
  return [
    {
      alert: 'BlobprobePushFailing',
      expr: ofCadence(`${recorded.failing} == 1`, cadence),
      severity: 'critical',
      summary: 'Pushes over a path fail.',
      description: `Pushing ${check} fails after all retries.${lastFailure}`,
    },
    {
      alert: 'BlobprobePathFault',
      expr: ofCadence(`${recorded.pathFault} == 1`, cadence),
      severity: 'critical',
      summary: 'Pushes fail over one path and succeed over another: the fault is on the way, not in the registry.',
      description: `Pushing ${check} fails, while the same push succeeds over another path.${lastFailure}`,
    },
    {
      alert: 'BlobprobeAllPathsFailing',
      expr: `${failing} == ${configured}`,
      severity: 'critical',
      summary: 'Pushes fail over every path to a registry.',
      description: `Pushing ${comparison} fails over all {{ $value }} paths: suspect the registry or its storage.`,
    },
    {
      alert: 'BlobprobeAuthFailing',
      expr: ofCadence(`max ${by(checkLabels)} (${auth}) == 1`, cadence),
      severity: 'critical',
      summary: 'The registry does not accept the credentials of the probe.',
      description: `Pushing ${check} ends at authentication.${lastFailure}`,
    },
  ];
}

function retryPlans(cadence: Cadence): Plan[] {
  const window = `{window="${windowLabel(cadence)}"}`;
  // A push that fails is told as such first, and silences these: retries are news only where it does not.
  const hold = cadence.recent;
  const ratio = (part: string, whole: string): string => `${part}${window} / (${whole}${window} > 1.5)`;
  return [
    {
      alert: 'BlobprobeRetriesHigh',
      hold,
      expr: `${ratio(recorded.retries, recorded.attempts)} > ${thresholds.retryRatio}`,
      severity: 'warning',
      summary: 'Pushes need many retries.',
      description: `Pushing ${check}: {{ $value | humanizePercentage }} of the attempts in the last {{ $labels.window }} were retries.`,
    },
    {
      alert: 'BlobprobeFirstAttemptFailures',
      hold,
      expr: `${ratio(recorded.firstAttemptFailures, recorded.runs)} > ${thresholds.firstAttemptFailureRatio}`,
      severity: 'warning',
      summary: 'First attempts at pushing fail often, whatever the retries make of it.',
      description: `Pushing ${check}: the first attempt failed in {{ $value | humanizePercentage }} of the runs in the last {{ $labels.window }}.`,
    },
  ];
}

function throughputPlans(cadence: Cadence): Plan[] {
  const window = `{window="${windowLabel(cadence)}"}`;
  const recent = `${recorded.throughputRecent}${window}`;
  const best = `max ${by([...comparisonLabels, 'window'])} (${recent})`;
  return [
    {
      alert: 'BlobprobeThroughputDegraded',
      expr: `${recent} / (${recorded.throughputPast}${window} > 0) < ${thresholds.throughputOfPast}`,
      severity: 'warning',
      summary: 'Pushes are much slower than they used to be on the same path.',
      description: `Pushing ${check}: the best of the last runs reached {{ $value | humanizePercentage }} of the usual throughput.`,
    },
    {
      alert: 'BlobprobeThroughputBehind',
      expr: `${recent} / ${on([...comparisonLabels, 'window'])} group_left () (${best} > 0) < ${thresholds.throughputOfBestPath}`,
      severity: 'info',
      summary: 'Pushes over a path are far slower than over the best path to the same registry.',
      description: `Pushing ${check} reaches {{ $value | humanizePercentage }} of the throughput of the best path.`,
    },
  ];
}

function carePlans(cadence: Cadence): Plan[] {
  const window = `{window="${windowLabel(cadence)}"}`;
  const interval = metric('checkInterval');
  const late = `${thresholds.staleIntervals} * ${interval}`;
  const age = `(time() - ${metric('lastRunTimestamp')})`;
  const waited = `(${interval} * 0 + ${on(['job', 'instance'])} group_left () (time() - ${metric('configLastReloadSuccessTimestamp')}))`;
  const never = `(${waited} > ${late} unless ${on(checkLabels)} ${metric('lastRunTimestamp')})`;
  // Somebody wanted it so, and BlobprobePaused tells when it is forgotten. Afterwards a check gets the time to run again.
  const paused = `max_over_time(${metric('paused')}[${duration(cadence.recent)}])`;
  return [
    {
      alert: 'BlobprobePullCorrupted',
      expr: `${recorded.pullCorruptions}${window} > 0`,
      severity: 'critical',
      summary: 'What was pulled back is not what was pushed.',
      description: `Pulling ${check} gave other bytes than were pushed, in the last {{ $labels.window }}.`,
    },
    {
      alert: 'BlobprobeCheckStale',
      expr: `(${ofCadence(`${age} > ${late} or ${never}`, cadence)}) unless ${on(targetLabels)} (${paused} == 1)`,
      severity: 'warning',
      summary: 'A check has not run for several of its intervals, so its results are old.',
      description: `Pushing ${check} has not ended a run for {{ $value | humanizeDuration }}.`,
    },
    {
      alert: 'BlobprobeCleanupFailing',
      expr: `${recorded.cleanupFailures}${window} / (${recorded.runs}${window} > 0.5) >= ${thresholds.cleanupFailureRatio}`,
      severity: 'warning',
      summary: 'Probes leave objects behind in the registry.',
      description: `Pushing ${check} left {{ $value | humanize }} objects a run behind in the last {{ $labels.window }}.`,
    },
  ];
}

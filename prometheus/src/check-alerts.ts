import { type Cadence, ofCadence, windowLabel } from './cadence.ts';
import { checkTexts } from './check-texts.ts';
import { checkLabels, comparisonLabels, duration, metric, on, targetLabels } from './promql.ts';
import { atAuthentication, recorded } from './recording.ts';
import type { AlertingRule } from './rule.ts';
import { thresholds } from './thresholds.ts';

/** An alert about checks before its cadence is filled in. */
type Plan = Pick<AlertingRule, 'expr' | 'severity' | 'summary'> & {
  readonly alert: keyof typeof checkTexts;
  readonly hold?: number;
};

/** Alerts on pushes, for the checks of one cadence. */
export function checkAlerts(cadence: Cadence): AlertingRule[] {
  const plans = [...failurePlans(cadence), ...retryPlans(cadence), ...throughputPlans(cadence), ...carePlans(cadence)];
  return plans.map((plan) => ({
    hold: cadence.hold,
    ...plan,
    text: checkTexts[plan.alert],
    keep: cadence.keep,
    window: windowLabel(cadence),
    dashboard: plan.alert === 'BlobprobeAllPathsFailing' ? 'overview' : 'path',
  }));
}

const isFailing = `${recorded.failing} == 1`;
const onTheWay = `(${recorded.pathFault} == 1)`;
const otherwise = `unless ${on(checkLabels)} ${atAuthentication}`;
const everywhere = `unless ${on(comparisonLabels)} ${recorded.allPathsFailing}`;

// One page a fault, whoever groups and inhibits afterwards: what has an alert with its cause has no second one.
function failurePlans(cadence: Cadence): Plan[] {
  return [
    {
      alert: 'BlobprobePushFailing',
      expr: ofCadence(`${isFailing} ${otherwise} unless ${on(checkLabels)} ${onTheWay} ${everywhere}`, cadence),
      severity: 'critical',
      summary: 'Users cannot push over a path.',
    },
    {
      alert: 'BlobprobePathFault',
      expr: ofCadence(`${onTheWay} ${otherwise} ${everywhere}`, cadence),
      severity: 'critical',
      summary:
        'Users cannot push over a path, while the same push works over another: the fault is on the way, not in the registry.',
    },
    {
      alert: 'BlobprobeAllPathsFailing',
      expr: `${recorded.allPathsFailing} and ${on(comparisonLabels)} (${ofCadence(`max by (${checkLabels.join(', ')}) (${recorded.failing})`, cadence)})`,
      severity: 'critical',
      summary: 'Users cannot push to a registry over any path.',
    },
    {
      alert: 'BlobprobeAuthFailing',
      // A single 401 is none: a token server may be restarted between two runs.
      expr: ofCadence(`${isFailing} and ${on(checkLabels)} ${atAuthentication}`, cadence),
      severity: 'critical',
      summary: 'The probe cannot log in to a registry; users may not be able to either.',
    },
  ];
}

function retryPlans(cadence: Cadence): Plan[] {
  const window = `{window="${windowLabel(cadence)}"}`;
  // A push that fails is told as such first, and silences these: retries are news only where it does not.
  const hold = cadence.recent;
  const ratio = (part: string, whole: string): string => `${part}${window} / (${whole}${window} > 1.5)`;
  // The window remembers a fault long after it is healed: only what still happens fires, and of what fails altogether others tell.
  const retried = `max_over_time(${metric('lastRunAttempts')}[${duration(cadence.recent / 3)}]) > 1`;
  const still = `and ${on(checkLabels)} (${retried}) unless ${on(checkLabels)} (${recorded.failing} == 1)`;
  const retriesHigh = `${ratio(recorded.retries, recorded.attempts)} > ${thresholds.retryRatio}`;
  return [
    {
      alert: 'BlobprobeRetriesHigh',
      hold,
      expr: `${retriesHigh} ${still}`,
      severity: 'warning',
      summary: 'Users can push, but only with many retries.',
    },
    {
      alert: 'BlobprobeFirstAttemptFailures',
      hold,
      expr: `${ratio(recorded.firstAttemptFailures, recorded.runs)} > ${thresholds.firstAttemptFailureRatio} ${still} unless ${on(checkLabels)} (${retriesHigh})`,
      severity: 'warning',
      summary: 'Users can push, but first attempts fail often.',
    },
  ];
}

function throughputPlans(cadence: Cadence): Plan[] {
  const ratio = `${recorded.throughputOfPast}{window="${windowLabel(cadence)}"}`;
  const slow = `${ratio} < ${thresholds.throughputOfPast}`;
  const large = `(${metric('lastRunSize')} >= ${thresholds.throughputBytes})`;
  return [
    {
      alert: 'BlobprobeThroughputDegraded',
      expr: `${slow} and ${on(checkLabels)} ${large}`,
      severity: 'warning',
      summary: 'Users can push, but over three times slower than usual on the same path.',
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
      summary: 'Users get other bytes than were pushed.',
    },
    {
      alert: 'BlobprobeCheckStale',
      expr: `(${ofCadence(`${age} > ${late} or ${never}`, cadence)}) unless ${on(targetLabels)} (${paused} == 1)`,
      severity: 'warning',
      summary: 'Nobody knows whether users can push: a check has not run for several of its intervals.',
    },
    {
      alert: 'BlobprobeCleanupFailing',
      expr: `${recorded.cleanupFailures}${window} / (${recorded.runs}${window} > 0.5) >= ${thresholds.cleanupFailureRatio}`,
      severity: 'warning',
      summary: 'Users can push, but probes leave objects behind in a registry.',
    },
  ];
}

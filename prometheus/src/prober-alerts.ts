import { limitBounds } from '../../src/publish/metric-names.ts';
import { by, duration, metric, on, targetLabels } from './promql.ts';
import { recorded } from './recording.ts';
import type { AlertingRule } from './rule.ts';
import { thresholds } from './thresholds.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const accepted = limitBounds[0];

/** Alerts on what belongs to no single check: limits, endpoints, certificates, leftovers, and the prober itself. */
export function otherAlerts(): AlertingRule[] {
  return [...limitAlerts(), ...pathAlerts(), ...budgetAlerts(), ...proberAlerts(), ...exporterAlerts()];
}

function limitAlerts(): AlertingRule[] {
  const dropped = (now: string, best: string): string => `${now} / ${best} < ${thresholds.limitOfPast}`;
  // A search runs seldom: the gauge is gone from a restart until the next one, and the alert must not go with it.
  const common = { hold: 5 * minute, keep: day, severity: 'critical', dashboard: 'path' } as const;
  const where = 'Path {{ $labels.path }} to registry {{ $labels.registry }} now accepts';
  const share = '({{ $value | humanizePercentage }} of the best of a week) as client {{ $labels.client }}.';
  return [
    {
      ...common,
      alert: 'BlobprobeSizeLimitDropped',
      expr: dropped(metric('limitBytes', { bound: accepted }), recorded.sizeLimitBest),
      summary: 'A path accepts only smaller bodies than before.',
      description: `${where} smaller bodies ${share}`,
    },
    {
      ...common,
      alert: 'BlobprobeDurationLimitDropped',
      expr: dropped(metric('limitSeconds', { bound: accepted }), recorded.durationLimitBest),
      summary: 'A path cuts uploads after a shorter time than before.',
      description: `${where} shorter uploads ${share}`,
    },
  ];
}

function pathAlerts(): AlertingRule[] {
  const left = `${metric('tlsCertificateExpiry')} - time()`;
  const certificate = {
    alert: 'BlobprobeCertificateExpiring',
    hold: 10 * minute,
    summary: 'A certificate on a path to the registry expires soon.',
    description:
      'The certificate seen on path {{ $labels.path }} to registry {{ $labels.registry }} expires in {{ $value | humanizeDuration }}.',
    dashboard: 'path',
  } as const;
  return [
    {
      alert: 'BlobprobeApiDown',
      expr: `${metric('apiUp')} == 0`,
      hold: 10 * minute,
      keep: 10 * minute,
      severity: 'warning',
      summary: 'An endpoint of the registry does not answer as it should.',
      description:
        'Endpoint {{ $labels.endpoint }} of registry {{ $labels.registry }} does not answer as it should over path {{ $labels.path }}.',
      dashboard: 'path',
    },
    { ...certificate, expr: `${left} < ${thresholds.certificateWarningSeconds}`, severity: 'warning' },
    { ...certificate, expr: `${left} < ${thresholds.certificateCriticalSeconds}`, severity: 'critical' },
    {
      alert: 'BlobprobeLeftovers',
      expr: `sum ${by([...targetLabels, 'registry'])} (${metric('leftoverObjects')}) > ${thresholds.leftoverObjects}`,
      hold: 6 * hour,
      severity: 'warning',
      summary: 'Objects of earlier probes stay in the registry.',
      description: '{{ $value }} objects of earlier probes are known to be still in registry {{ $labels.registry }}.',
      dashboard: 'overview',
    },
  ];
}

function budgetAlerts(): AlertingRule[] {
  const skipped = `sum ${by(targetLabels)} (increase(${metric('runsSkipped', { cause: 'budget' })}[1h])) > 0`;
  return [
    {
      alert: 'BlobprobeBudgetExhausted',
      expr: `${metric('budgetRemaining')} <= 0 or ${skipped}`,
      hold: 5 * minute,
      keep: hour,
      severity: 'info',
      summary: 'The byte budget of the day is used up, so that runs are skipped.',
      description: 'The prober {{ $labels.instance }} has no bytes left for today; checks are skipped until it has.',
      dashboard: 'overview',
    },
  ];
}

function proberAlerts(): AlertingRule[] {
  const share = `sum ${by(targetLabels)} (${recorded.runsTainted}) / (sum ${by(targetLabels)} (${recorded.runs}) > 1.5)`;
  return [
    {
      alert: 'BlobprobeProberOverloaded',
      expr: `${metric('eventLoopLag')} > ${thresholds.eventLoopLagSeconds} or ${share} > ${thresholds.taintedRatio}`,
      hold: 10 * minute,
      keep: 10 * minute,
      severity: 'warning',
      summary: 'The prober is too busy for its timings to be trusted.',
      description:
        'The prober {{ $labels.instance }} was late, or marked too many runs as tainted (value {{ $value | humanize }}).',
      dashboard: 'path',
    },
    {
      alert: 'BlobprobePaused',
      expr: `${metric('paused')} == 1`,
      hold: 2 * hour,
      severity: 'warning',
      summary: 'The prober is paused, so nobody watches its paths.',
      description:
        'Somebody paused the prober {{ $labels.instance }} hours ago, and it stays so until somebody resumes it or the time that was asked for is over.',
      dashboard: 'overview',
    },
    {
      alert: 'BlobprobeReloadFailed',
      expr: `${metric('configLastReloadSuccessful')} == 0`,
      hold: 5 * minute,
      severity: 'warning',
      summary: 'The prober refused its new configuration and goes on with the old one.',
      description:
        'The prober {{ $labels.instance }} could not load its configuration; the one before is still in force.',
      dashboard: 'overview',
    },
  ];
}

function exporterAlerts(): AlertingRule[] {
  const known = `last_over_time(${metric('buildInfo')}[${duration(day)}])`;
  return [
    {
      alert: 'BlobprobeExporterDown',
      expr: `up == 0 and ${on(targetLabels)} ${known}`,
      hold: 5 * minute,
      severity: 'critical',
      summary: 'A prober cannot be scraped, so nobody watches its paths.',
      description: 'Prometheus cannot scrape the prober {{ $labels.instance }} of job {{ $labels.job }}.',
      dashboard: 'overview',
    },
    {
      alert: 'BlobprobeExporterAbsent',
      expr: `absent(${metric('buildInfo')})`,
      hold: 15 * minute,
      severity: 'critical',
      summary: 'No prober is scraped at all.',
      description: 'Prometheus has no series of any prober: none is among its targets, or none answers.',
      dashboard: 'overview',
    },
  ];
}

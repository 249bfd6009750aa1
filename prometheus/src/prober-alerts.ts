import { by, duration, metric, on, targetLabels } from './promql.ts';
import { recorded } from './recording.ts';
import type { AlertingRule } from './rule.ts';
import { thresholds } from './thresholds.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Alerts on the prober itself. */
export function proberAlerts(): AlertingRule[] {
  return [budgetExhausted(), overloaded(), exhausted(), paused(), reloadFailed(), exporterDown(), exporterAbsent()];
}

const nobodyKnows = 'Nobody knows whether users can push';

function budgetExhausted(): AlertingRule {
  const skipped = `sum ${by(targetLabels)} (increase(${metric('runsSkipped', { cause: 'budget' })}[1h])) > 0`;
  return {
    alert: 'BlobprobeBudgetExhausted',
    expr: `${metric('budgetRemaining')} <= 0 or ${skipped}`,
    hold: 5 * minute,
    keep: hour,
    severity: 'info',
    summary: `${nobodyKnows} for a while: the byte budget of the day is used up.`,
    text: {
      users: `${nobodyKnows} where prober {{ $labels.instance }} skips its checks; users are not affected.`,
      since: 'at least 5 minutes. It ends when what was sent 24 hours ago no longer counts.',
      cause: 'a large push that fails and sends its bytes with each retry, or many runs on demand. Hop: the prober.',
      first: 'Mend the path that fails, or raise `budget.bytesPerDay`.',
    },
    dashboard: 'overview',
  };
}

function overloaded(): AlertingRule {
  const share = `sum ${by(targetLabels)} (${recorded.runsTainted}) / (sum ${by(targetLabels)} (${recorded.runs}) > 1.5)`;
  return {
    alert: 'BlobprobeProberOverloaded',
    expr: `${metric('eventLoopLag')} > ${thresholds.eventLoopLagSeconds} or ${share} > ${thresholds.taintedRatio}`,
    hold: 10 * minute,
    keep: 10 * minute,
    severity: 'warning',
    summary: 'Nobody knows how fast users can push: a prober is too busy for its timings to be trusted.',
    text: {
      users:
        'Users are not affected. Do not trust durations and throughput of prober {{ $labels.instance }}; its outcomes (pushed or failed) hold.',
      since:
        'at least 10 minutes. The lag of the event loop in seconds, or the share of tainted runs, is {{ $value | printf "%.2f" }}.',
      cause:
        'a CPU limit that throttles, other work on the same host, or too many transfers at a time. Hop: the prober.',
      first: 'Raise or remove the CPU limit of the prober, or set `budget.transfers: 1`.',
    },
    dashboard: 'path',
  };
}

function exhausted(): AlertingRule {
  return {
    alert: 'BlobprobeProberExhausted',
    expr: `increase(${metric('runsExhausted')}[15m]) > 0`,
    hold: 0,
    keep: 15 * minute,
    severity: 'warning',
    summary: `${nobodyKnows}: the host of a prober has no descriptors, memory or ports left.`,
    text: {
      users: `${nobodyKnows} over the paths that prober {{ $labels.instance }} could not try; users are not affected.`,
      since:
        'within the last 15 minutes, in {{ $value | printf "%.0f" }} runs, which count neither as failures nor as successes.',
      cause: 'file descriptors, memory, buffers or local ports of its host were used up. Hop: the prober.',
      first:
        'Raise `ulimit -n` (`LimitNOFILE` of the unit) or the memory limit; `ss -s` on its host says who holds the ports.',
    },
    dashboard: 'overview',
  };
}

function paused(): AlertingRule {
  return {
    alert: 'BlobprobePaused',
    expr: `${metric('paused')} == 1`,
    hold: 2 * hour,
    severity: 'warning',
    summary: `${nobodyKnows}: a prober is paused.`,
    text: {
      users: `${nobodyKnows} over the paths of prober {{ $labels.instance }}; users are not affected.`,
      since:
        'at least two hours. It ends when somebody resumes the prober, or when the time that was asked for is over.',
      cause: 'somebody paused it; its log says how. Hop: the prober.',
      first: '`curl -X POST http://{{ $labels.instance }}/api/v1/resume`',
    },
    dashboard: 'overview',
  };
}

function reloadFailed(): AlertingRule {
  return {
    alert: 'BlobprobeReloadFailed',
    expr: `${metric('configLastReloadSuccessful')} == 0`,
    hold: 5 * minute,
    severity: 'warning',
    summary: 'Users are not affected: a prober refused its new configuration and goes on with the old one.',
    text: {
      users:
        'Users are not affected, but the changes to the configuration of prober {{ $labels.instance }} are not in force, and its next start will fail.',
      since: 'the last reload, at least 5 minutes ago; the configuration before it is still in force.',
      cause: 'there is a mistake in the file, or a file that it names cannot be read. Hop: the prober.',
      first: '`blobprobe --config.check --config.file=config.yaml` names line and column.',
    },
    dashboard: 'overview',
  };
}

// As long as Prometheus keeps data by default: a prober that is down is so until somebody takes it from the targets.
const down = `up == 0 and ${on(targetLabels)} last_over_time(${metric('buildInfo')}[${duration(14 * day)}])`;

function exporterDown(): AlertingRule {
  return {
    alert: 'BlobprobeExporterDown',
    expr: down,
    hold: 5 * minute,
    severity: 'critical',
    summary: `${nobodyKnows}: a prober cannot be scraped.`,
    text: {
      users: `${nobodyKnows} over the paths of prober {{ $labels.instance }} of job {{ $labels.job }}.`,
      since:
        'at least 5 minutes. Prometheus has it as a target and cannot scrape it; the prober itself may be running.',
      cause: 'the process ended, or something between Prometheus and prober refuses. Hop: the prober or its network.',
      first:
        '`curl -i http://{{ $labels.instance }}/-/healthy` where Prometheus runs. If it answers, look at the configuration of Prometheus; if it does not, start the prober.',
    },
    dashboard: 'overview',
  };
}

function exporterAbsent(): AlertingRule {
  const ofJob = (vector: string): string => `group by (job) (${vector})`;
  const lately = `last_over_time(${metric('buildInfo')}[${duration(day)}])`;
  // A target that is there and does not answer is told as ExporterDown.
  const gone = `${ofJob(lately)} unless on (job) ${metric('buildInfo')} unless on (job) (${down})`;
  const never = `absent(${metric('buildInfo')}) unless on () ${lately} unless on () (${down})`;
  return {
    alert: 'BlobprobeExporterAbsent',
    expr: `${gone} or ${never}`,
    hold: 15 * minute,
    severity: 'critical',
    summary: `${nobodyKnows}: no prober of a job is scraped.`,
    text: {
      users: `${nobodyKnows} over any path{{ with $labels.job }} of job {{ . }}{{ end }}.`,
      since:
        'at least 15 minutes. {{ if $labels.job }}A prober was there within the last day{{ else }}Prometheus knows of no prober{{ end }}; none is among its targets now.',
      cause:
        'the scrape job or ServiceMonitor is gone or no longer matches, or the deployment is scaled to zero. Hop: Prometheus.',
      first:
        'Look at the page Targets of Prometheus, then at `kubectl get servicemonitor,deployment`. If no prober is meant to run, remove these rules.',
    },
    dashboard: 'overview',
  };
}

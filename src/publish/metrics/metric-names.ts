import { buckets } from './buckets.ts';
import { lastRunSpecs } from './last-run-specs.ts';
import { checkLabelNames, counter, gauge, histogram, type MetricType } from './metric-spec.ts';
import { sendingSpecs } from './sending-specs.ts';

/**
 * Why a slot of the schedule passed without a run. `overlap`: the task's previous run was still running or queued; `missed`: the
 * process slept or was stopped through the slot; `paused`: somebody paused everything.
 */
export const skipCauses = ['overlap', 'missed', 'budget', 'paused', 'rate_limited'] as const;
export type SkipCause = (typeof skipCauses)[number];

export const runOutcomes = ['success', 'failure'] as const;
export const directions = ['push', 'pull'] as const;
export const limitBounds = ['largest_accepted', 'smallest_rejected'] as const;

const base = checkLabelNames;
const triple = [...base, 'phase', 'reason', 'answered_by'] as const;

/**
 * Every metric of our own. Dashboards, rules, docs/metrics.md and tests are made from this table or held against it.
 * Help texts contain no quote, backslash or line break, because the two exposition formats escape them differently.
 */
export const metricSpecs = {
  runs: counter(
    'runs_total',
    base,
    'Runs that ended by themselves, successful or not. Runs that the prober cancelled are not counted.',
  ),
  runFailures: counter('run_failures_total', base, 'Runs that failed after all attempts.'),
  runsCancelled: counter(
    'runs_cancelled_total',
    base,
    'Runs that the prober ended itself (shutdown, reload, pause). Otherwise only their bytes and completed attempts are counted.',
  ),
  runsExhausted: counter(
    'runs_exhausted_total',
    [],
    'Runs of all checks for which the host of the prober had no descriptor, memory or port left; they say nothing about their paths and count nowhere else but in bytes and completed attempts.',
  ),
  runsTainted: counter(
    'runs_tainted_total',
    base,
    'Runs during which the event loop of the prober was too late, or a CPU limit stopped it too long, for the timings to be trusted.',
  ),
  firstAttemptFailures: counter(
    'first_attempt_failures_total',
    base,
    'Runs in which the first attempt at any blob failed, whatever the retries made of it.',
  ),
  attempts: counter('attempts_total', base, 'Attempts at pushing one blob or manifest, as the client counts them.'),
  retries: counter('retries_total', base, 'Attempts after the first at the same blob.'),
  resends: counter(
    'resends_total',
    base,
    'Requests that the client sent once more within an attempt, on the same session.',
  ),
  attemptFailures: counter(
    'attempt_failures_total',
    triple,
    'Failed attempts by the phase in which they failed, the reason, and who answered.',
  ),
  sentBytes: counter('sent_bytes_total', base, 'Body bytes handed to the network, retries included.'),
  acknowledgedBytes: counter('acknowledged_bytes_total', base, 'Body bytes that the registry acknowledged.'),
  pulledBytes: counter('pulled_bytes_total', base, 'Body bytes pulled back.'),
  ...sendingSpecs,
  runsSkipped: counter('runs_skipped_total', [...base, 'cause'], 'Slots of the schedule that passed without a run.'),
  cleanupFailures: counter(
    'cleanup_failures_total',
    [...base, 'kind'],
    'Objects that could not be removed after a run.',
  ),

  runAttempts: histogram(
    'run_attempts',
    base,
    'Most attempts that any one blob of the run needed; 1 is a run without retry.',
    buckets.attempts,
  ),
  runDuration: histogram(
    'run_duration_seconds',
    [...base, 'outcome'],
    'Duration of a run as the user of the client feels it: waits between attempts included, cleanup excluded.',
    buckets.duration,
  ),
  phaseDuration: histogram(
    'phase_duration_seconds',
    [...base, 'phase'],
    'Duration of each phase that an attempt reached.',
    buckets.phase,
  ),
  throughput: histogram(
    'throughput_bytes_per_second',
    [...base, 'direction'],
    'Payload of successful attempts divided by the time of sending and waiting for the answer.',
    buckets.throughput,
  ),
  failureSentBytes: histogram(
    'failure_sent_bytes',
    [...base, 'reason'],
    'Body bytes sent when an attempt failed in send, wait or commit. A spike is a size limit.',
    buckets.failureBytes,
  ),
  failureElapsed: histogram(
    'failure_elapsed_seconds',
    [...base, 'reason'],
    'Age of the request when an attempt failed in send, wait or commit. A spike is a time limit.',
    buckets.failureElapsed,
  ),

  ...lastRunSpecs,
  checkInterval: gauge('check_interval_seconds', base, 'Configured interval of the check.'),
  runsInFlight: gauge('runs_in_flight', base, 'Runs under way.'),
  pathAtFault: gauge(
    'path_at_fault',
    base,
    '1 when the last round found the fault on this path, 0 when not. Absent before the first round.',
  ),
  roundVerdict: gauge(
    'round_verdict',
    ['registry', 'client', 'workload', 'verdict'],
    'State set: 1 for the verdict of the last round over all paths, 0 for the others.',
  ),
  limitBytes: gauge(
    'limit_bytes',
    ['registry', 'path', 'client', 'direction', 'bound'],
    'Largest accepted and smallest rejected size found on the path, of what is pushed or of what is pulled.',
  ),
  limitSeconds: gauge(
    'limit_seconds',
    ['registry', 'path', 'client', 'direction', 'bound'],
    'Longest accepted and shortest rejected duration of a push or a pull found on the path.',
  ),
  apiUp: gauge('api_up', ['registry', 'path', 'endpoint'], '1 when the endpoint answered as it should, 0 when not.'),
  pathInfo: gauge(
    'path_info',
    ['registry', 'path', 'client', 'ip_family', 'http_version', 'tls_version', 'token_host', 'upload_host'],
    'How the last run with this client was connected over the path, and whether its tokens and uploads were sent to another host than the own one of the path (own, other).',
  ),
  tlsCertificateExpiry: gauge(
    'tls_certificate_expiry_timestamp_seconds',
    ['registry', 'path'],
    'Unix time at which the certificate seen on the path expires.',
  ),
  leftoverObjects: gauge(
    'leftover_objects',
    ['registry', 'kind'],
    'Objects of earlier runs known to be still in the registry.',
  ),
  ledgerWritable: gauge('ledger_writable', [], '0 while the configured file of the ledger cannot be written, else 1.'),
  ledgerUnreadableLines: gauge(
    'ledger_unreadable_lines',
    [],
    'Lines of the ledger that could not be read at the start.',
  ),
  budgetRemaining: gauge('budget_remaining_bytes', [], 'Bytes that may still be sent today. Absent without a budget.'),

  paused: gauge('paused', [], '1 while everything is paused, so that no run starts; else 0.'),
  scheduleLag: histogram(
    'schedule_lag_seconds',
    [],
    'How late runs started against their slot, waiting for other transfers included.',
    buckets.lag,
  ),
  eventLoopLag: gauge(
    'event_loop_lag_seconds',
    [],
    'Longest delay of the event loop of the prober in the last half to one minute. Timings cannot be truer than this.',
  ),
  buildInfo: gauge('build_info', ['version', 'revision', 'nodeversion'], 'Always 1; the labels say what runs.'),
  configLastReloadSuccessful: gauge(
    'config_last_reload_successful',
    [],
    '1 when the last attempt to load the configuration succeeded.',
  ),
  configLastReloadSuccessTimestamp: gauge(
    'config_last_reload_success_timestamp_seconds',
    [],
    'Unix time at which the configuration in force was loaded.',
  ),
} as const;

export type MetricKey = keyof typeof metricSpecs;
export type MetricKeyOf<T extends MetricType> = {
  [K in MetricKey]: (typeof metricSpecs)[K]['type'] extends T ? K : never;
}[MetricKey];
/** The labels of a metric, each of which must be given. */
export type LabelsOf<K extends MetricKey> = Readonly<Record<(typeof metricSpecs)[K]['labels'][number], string>>;

/** Which of the labels registry, path, client and workload a metric has. */
export function baseLabelsOf(key: MetricKey): readonly (typeof base)[number][] {
  const labels: readonly string[] = metricSpecs[key].labels;
  return base.filter((name) => labels.includes(name));
}

import { checkLabelNames, gauge } from './metric-spec.ts';

const base = checkLabelNames;

/** What the last run of a check was like: a part of the table in `metric-names.ts`. */
export const lastRunSpecs = {
  lastRunSuccess: gauge(
    'last_run_success',
    base,
    '1 when the last run succeeded, 0 when it failed. Absent before the first run.',
  ),
  consecutiveFailures: gauge(
    'consecutive_failures',
    base,
    'Failed runs since the last one that succeeded, 0 after a success. Slots without a run count as nothing. Absent before the first run.',
  ),
  lastRunTimestamp: gauge('last_run_timestamp_seconds', base, 'Unix time at which the last run ended.'),
  lastSuccessTimestamp: gauge(
    'last_success_timestamp_seconds',
    base,
    'Unix time at which the last successful run ended.',
  ),
  lastRunDuration: gauge(
    'last_run_duration_seconds',
    base,
    'Duration of the last run; with excludeTainted, of the last run whose timings can be trusted.',
  ),
  lastRunAttempts: gauge('last_run_attempts', base, 'Most attempts that any one blob of the last run needed.'),
  lastRunSize: gauge('last_run_size_bytes', base, 'Bytes of the blobs that the last run was to push.'),
  lastThroughput: gauge(
    'last_throughput_bytes_per_second',
    [...base, 'direction'],
    'Throughput of the last successful run; with excludeTainted, of the last one whose timings can be trusted. The direction pull is its first, cold pull; pull_warm is the second.',
  ),
  lastNeighbour: gauge(
    'last_neighbour_seconds',
    [...base, 'state'],
    'How long another client waited for GET /v2/ on the path at the last run: before the push (state idle) and during it (loaded). Only for checks with neighbour: true.',
  ),
  lastFailureInfo: gauge(
    'last_failure_info',
    [...base, 'phase', 'reason', 'answered_by', 'blame'],
    '1 for the failure of the last run. Absent when the last run succeeded.',
  ),
  lastCauseInfo: gauge(
    'last_cause_info',
    [...base, 'cause', 'hop', 'confidence', 'title', 'remedy'],
    '1 for the likeliest cause of the failure of the last run, with what to change. Absent when the last run succeeded, or no cause is known.',
  ),
} as const;

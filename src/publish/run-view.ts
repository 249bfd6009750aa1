import { checkId, checkLabels, workloadBytes } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';
import { endedAtMs } from './history.ts';

/** A run in one line of JSON. */
export function runSummary(run: Run): object {
  const { id, check, startedAt, durationMs, ok, failure, sentBytes, pushBytesPerSecond } = run;
  return {
    id,
    check: checkId(check),
    ...checkLabels(check),
    startedAt,
    endedAt: new Date(endedAtMs(run)),
    durationMs,
    attempts: run.attempts.length,
    ok,
    sentBytes,
    pushBytesPerSecond,
    failure: failure && {
      reason: failure.reason,
      phase: failure.phase,
      answeredBy: failure.answeredBy,
      blame: failure.blame,
      status: failure.status,
    },
  };
}

/** A run request by request. Fields are named one by one: a check holds credentials and headers that are not for show. */
export function runView(run: Run): object {
  const { check } = run;
  return {
    ...runSummary(run),
    origin: check.path.origin,
    repository: check.registry.repository,
    sizeBytes: workloadBytes(check.workload),
    acknowledgedBytes: run.acknowledgedBytes,
    pulledBytes: run.pulledBytes,
    pullBytesPerSecond: run.pullBytesPerSecond,
    failure: run.failure,
    attempts: run.attempts,
    cleanup: run.cleanup,
    pathFacts: run.pathFacts,
    eventLoopLagMs: run.eventLoopLagMs,
    tainted: run.tainted,
    realWaits: run.realWaits,
  };
}

import { checkId, checkLabels, workloadBytes } from '../probe/check.ts';
import type { Finding } from '../probe/diagnose/finding.ts';
import { endedAtMs, type Run } from '../probe/outcome.ts';
import type { View } from './api/schemas.ts';
import type { LiveRun } from './live-run.ts';

/** A run in one line of JSON. */
export function runSummary(run: Run, onDemand: boolean): View<'RunSummary'> {
  const { failure } = run;
  return {
    ...head(run, onDemand),
    attempts: run.attempts.length,
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
export function runView(run: Run, onDemand: boolean, finding?: Finding): View<'Run'> {
  const { check } = run;
  return {
    ...head(run, onDemand),
    origin: check.path.origin,
    repository: check.registry.repository,
    sizeBytes: workloadBytes(check.workload),
    acknowledgedBytes: run.acknowledgedBytes,
    pulledBytes: run.pulledBytes,
    wireBytes: run.wireBytes,
    heldBytes: run.heldBytes,
    sessionAnswers: run.sessionAnswers,
    pullBytesPerSecond: run.pullBytesPerSecond,
    pulls: run.pulls,
    failure: run.failure,
    cause: finding,
    attempts: run.attempts,
    cleanup: run.cleanup,
    pathFacts: run.pathFacts,
    sending: run.sending,
    neighbour: run.neighbour,
    eventLoopLagMs: run.eventLoopLagMs,
    cpuThrottling: run.cpuThrottling,
    tainted: run.tainted,
    realWaits: run.realWaits,
  };
}

/** A run under way. */
export function liveRunView({ id, check, state, since, progress, onDemand }: LiveRun): View<'LiveRun'> {
  return { id, check: checkId(check), ...checkLabels(check), state, onDemand, since, progress };
}

function head(run: Run, onDemand: boolean): Omit<View<'RunSummary'>, 'attempts' | 'failure'> {
  const { id, check, startedAt, durationMs, ok, sentBytes, pushBytesPerSecond } = run;
  return {
    id,
    check: checkId(check),
    ...checkLabels(check),
    state: 'ended',
    onDemand,
    startedAt,
    endedAt: new Date(endedAtMs(run)),
    durationMs,
    ok,
    sentBytes,
    pushBytesPerSecond,
  };
}

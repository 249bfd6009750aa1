import { checkLabels } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';
import type { Round } from '../probe/round.ts';
import type { Fields, Logger } from './log.ts';
import type { Hold } from './rate-limits.ts';

/** One line for each run, in the words of the metrics' labels. */
export function logRun(log: Logger, run: Run): void {
  const fields: Fields = {
    ...checkLabels(run.check),
    run: run.id,
    duration_seconds: seconds(run.durationMs),
    attempts: run.attempts.reduce((most, { number }) => Math.max(most, number), 1),
    sent_bytes: run.sentBytes,
    event_loop_lag_seconds: seconds(run.eventLoopLagMs),
    cpu_throttled_seconds: run.cpuThrottling === undefined ? 'unknown' : seconds(run.cpuThrottling.ms),
    ...(run.tainted ? { tainted: true } : {}),
  };
  for (const { kind, reason, message } of run.cleanup.failures) {
    log.warn('cleanup failed', { ...checkLabels(run.check), run: run.id, kind, reason, message });
  }
  if (run.failure === undefined) {
    log.debug('push succeeded', fields);
    return;
  }
  const { phase, reason, answeredBy, blame, status, registryCode, evidence, elapsedMs } = run.failure;
  const failed = { phase, reason, answered_by: answeredBy, blame, status, registry_code: registryCode };
  if (reason === 'cancelled') {
    log.info('push cancelled', { ...fields, phase });
    return;
  }
  log.warn('push failed', {
    ...fields,
    ...failed,
    failure_sent_bytes: run.failure.sentBytes,
    failure_elapsed_seconds: seconds(elapsedMs),
    message: evidence.message,
    method: evidence.method,
    url: evidence.url,
    ray_id: evidence.rayId,
  });
}

/** One line when a registry or a path asked to be left alone; nothing without a hold. */
export function logHold(log: Logger, hold: Hold | undefined): void {
  if (hold !== undefined) {
    const { registry, path, status, until } = hold;
    log.warn('asked to be left alone: no run starts there until then', {
      registry,
      path,
      status,
      until: until.toISOString(),
    });
  }
}

/** One line for each fault, and for each verdict that differs from the one before; the rest at debug. */
export function logVerdict(log: Logger, round: Round, before: Round | undefined): void {
  const { registry, client, workload, verdict } = round;
  if (verdict.kind === 'healthy' && (before === undefined || before.verdict.kind === 'healthy')) {
    return;
  }
  const was = before === undefined || before.verdict.kind === verdict.kind ? {} : { was: before.verdict.kind };
  const fields: Fields = { registry, client, workload, verdict: verdict.kind, ...was, round: round.id };
  switch (verdict.kind) {
    case 'path-fault':
      for (const { path, reason, hop, runId, evidence, remedy } of verdict.faults) {
        log.warn('path at fault', { ...fields, path, reason, blame: hop, run: runId, message: evidence, remedy });
      }
      return;
    case 'registry-fault':
      log.warn('registry at fault', { ...fields, reason: verdict.reason, blame: verdict.hop, message: verdict.why });
      return;
    case 'inconclusive':
    case 'healthy':
      // The failures themselves have been logged; that nothing follows from them is news only once.
      log[before?.verdict.kind === verdict.kind ? 'debug' : 'info']('round judged', {
        ...fields,
        message: verdict.why,
      });
      return;
    default:
      verdict satisfies never;
  }
}

function seconds(ms: number): number {
  return Math.round(ms) / 1_000;
}

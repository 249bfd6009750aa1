import { checkLabels } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';
import type { Fields, Logger } from './log.ts';

/** One line for each run, in the words of the metrics' labels. */
export function logRun(log: Logger, run: Run): void {
  const fields: Fields = {
    ...checkLabels(run.check),
    run: run.id,
    duration_seconds: seconds(run.durationMs),
    attempts: run.attempts.reduce((most, { number }) => Math.max(most, number), 1),
    sent_bytes: run.sentBytes,
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

function seconds(ms: number): number {
  return Math.round(ms) / 1_000;
}

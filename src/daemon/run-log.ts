import { checkLabels } from '../probe/check.ts';
import { mostAttempts, type Run, type SendingFacts } from '../probe/outcome.ts';
import { limitedShares } from '../probe/run/sending-facts.ts';
import type { Round } from '../probe/compare/round.ts';
import type { Fields, Logger } from './log.ts';
import type { Hold } from '../schedule/rate-limits.ts';

/** One line for each run, in the words of the metrics' labels. */
export function logRun(log: Logger, run: Run): void {
  const fields: Fields = {
    ...checkLabels(run.check),
    run: run.id,
    duration_seconds: seconds(run.durationMs),
    attempts: mostAttempts(run),
    sent_bytes: run.sentBytes,
    ...sendingFields(run.sending),
    event_loop_lag_seconds: seconds(run.eventLoopLagMs),
    cpu_throttled_seconds: run.cpuThrottling === undefined ? 'unknown' : seconds(run.cpuThrottling.ms),
    tainted: run.tainted || undefined,
  };
  for (const { kind, reason, message } of run.cleanup.failures)
    log.warn('cleanup failed', { ...checkLabels(run.check), run: run.id, kind, reason, message });
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

/** What the kernel knows of the way of the bodies: shares are parts of the time of sending. */
function sendingFields(facts: SendingFacts | undefined): Fields {
  if (facts === undefined) return {};
  const { receiver, network, prober } = limitedShares(facts) ?? {};
  return {
    limited_by_receiver: rounded(receiver),
    limited_by_network: rounded(network),
    limited_by_prober: rounded(prober),
    kernel_acknowledged_bytes: facts.ackedBytes,
    retransmitted_bytes: facts.retransmittedBytes,
    round_trip_seconds: facts.minRttMs === undefined ? undefined : facts.minRttMs / 1_000,
    path_mtu_bytes: facts.pathMtuBytes,
  };
}

function rounded(share: number | undefined): number | undefined {
  return share === undefined ? undefined : Math.round(share * 1_000) / 1_000;
}

/** One line when a registry or a path asked to be left alone; nothing without a hold. */
export function logHold(log: Logger, hold: Hold | undefined): void {
  if (hold !== undefined) {
    const { registry, path, status, until } = hold;
    log.warn('a registry or hop asked for a pause: no run starts there until then', {
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
  if (verdict.kind === 'healthy' && (before === undefined || before.verdict.kind === 'healthy')) return;
  const was = before?.verdict.kind === verdict.kind ? undefined : before?.verdict.kind;
  const fields: Fields = { registry, client, workload, verdict: verdict.kind, was, round: round.id };
  switch (verdict.kind) {
    case 'path-fault':
      for (const { hop, runId, evidence, ...fault } of verdict.faults)
        log.warn('path at fault', { ...fields, ...fault, blame: hop, run: runId, message: evidence });
      return;
    case 'registry-fault':
      log.warn('registry at fault', {
        ...fields,
        reason: verdict.reason,
        blame: verdict.hop,
        message: verdict.why,
        cause: verdict.cause,
        remedy: verdict.remedy,
      });
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

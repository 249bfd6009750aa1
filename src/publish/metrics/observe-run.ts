import { type CheckLabels, checkLabels, workloadBytes } from '../../probe/check.ts';
import { findingFor } from '../../probe/diagnose/judge-run.ts';
import type { Failure } from '../../probe/failure.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import { limiters } from '../../network/kernel/kernel-facts.ts';
import {
  isCancelled,
  mostAttempts,
  type Attempt,
  type PathFacts,
  type Run,
  type SendingFacts,
} from '../../probe/outcome.ts';
import type { Exemplar } from './partition.ts';
import { isUploadPhase } from './phase-series.ts';
import type { Series } from './series.ts';

/** Where a run is written to. */
type Sink = Pick<Series, 'add' | 'set' | 'increment' | 'observe' | 'clear'>;

export interface ObserveOptions {
  /** A tainted run leaves the last-value gauges of timing and throughput as they were. */
  readonly excludeTainted?: boolean;
  /** The last run of each check: what a failing one is compared with. */
  readonly others?: readonly Run[];
}

/**
 * Counts one run. A run that we ended (shutdown, reload), or for which this host had no means, says nothing of the path: it leaves `runs_total`,
 * failures, durations and all `last_*` alone. Its bytes did travel and its completed attempts did happen; those count.
 */
export function observeRun(series: Sink, run: Run, { excludeTainted = false, others = [] }: ObserveOptions = {}): void {
  const base = checkLabels(run.check);
  series.add('sentBytes', base, run.sentBytes);
  series.add('acknowledgedBytes', base, run.acknowledgedBytes);
  series.add('pulledBytes', base, run.pulledBytes);
  for (const { kind } of run.cleanup.failures) series.add('cleanupFailures', { ...base, kind }, 1);

  for (const attempt of run.attempts) if (isOutcome(attempt)) observeAttempt(series, base, run.id, attempt);
  observePath(series, base, run.pathFacts);
  observeSending(series, base, run.sending);
  if (!isOutcome(run)) {
    if (isCancelled(run)) series.add('runsCancelled', base, 1);
    else series.add('runsExhausted', {}, 1);
    return;
  }
  observeOutcome(series, base, run);
  setLast(series, base, run);
  setCause(series, base, run, others);
  if (!run.tainted || !excludeTainted) setLastTimes(series, base, run);
}

/** Whether it says something of the path, so that it counts as a run. */
export function isOutcome({ failure }: { readonly failure?: Failure }): boolean {
  return failure === undefined || reasonTable[failure.reason].isOutcome;
}

function observeAttempt(series: Sink, base: CheckLabels, runId: string, attempt: Attempt): void {
  if (!isPull(attempt)) series.add('attempts', base, 1);

  series.add('resends', base, attempt.resends);
  if (attempt.number > 1) series.add('retries', base, 1);

  for (const [phase, ms] of Object.entries(attempt.phaseMs))
    series.observe('phaseDuration', { ...base, phase }, ms / 1000, { run_id: runId });

  if (attempt.failure !== undefined) observeFailure(series, base, runId, attempt.failure);
}

/** Fetching back is no attempt at the push; its time, bytes and failures count all the same. */
function isPull(attempt: Attempt): boolean {
  return attempt.pull !== undefined;
}

function observeFailure(series: Sink, base: CheckLabels, runId: string, failure: Failure): void {
  const { phase, reason, answeredBy } = failure;
  series.add('attemptFailures', { ...base, phase, reason, answered_by: answeredBy }, 1);
  if (isUploadPhase(phase)) {
    const exemplar = failureExemplar(runId, failure);
    series.observe('failureSentBytes', { ...base, reason }, failure.sentBytes, exemplar);
    series.observe('failureElapsed', { ...base, reason }, failure.elapsedMs / 1000, exemplar);
  }
}

/** The ray id comes from a response header, so only what looks like one is let through. */
function failureExemplar(runId: string, failure: Failure): Exemplar {
  const rayId = failure.evidence.rayId;
  const plausible = rayId !== undefined && /^[0-9a-fA-F]{8,32}(?:-[A-Z]{3})?$/.test(rayId);
  return plausible ? { run_id: runId, ray_id: rayId } : { run_id: runId };
}

function observeOutcome(series: Sink, base: CheckLabels, run: Run): void {
  const exemplar = { run_id: run.id };
  series.add('runs', base, 1);
  if (!run.ok) series.add('runFailures', base, 1);

  if (run.tainted) series.add('runsTainted', base, 1);

  if (run.attempts.some((attempt) => attempt.number === 1 && attempt.failure !== undefined && !isPull(attempt)))
    series.add('firstAttemptFailures', base, 1);

  series.observe('runAttempts', base, mostAttempts(run), exemplar);
  series.observe('runDuration', { ...base, outcome: run.ok ? 'success' : 'failure' }, run.durationMs / 1000, exemplar);
  for (const [direction, bytesPerSecond] of throughputs(run))
    series.observe('throughput', { ...base, direction }, bytesPerSecond, exemplar);
}

/** Of successful runs only: a rate up to the point of death is no throughput. */
function throughputs(run: Run): ['push' | 'pull', number][] {
  const rates: ['push' | 'pull', number][] = [];
  if (run.ok && run.pushBytesPerSecond !== undefined) rates.push(['push', run.pushBytesPerSecond]);

  if (run.ok && run.pullBytesPerSecond !== undefined) rates.push(['pull', run.pullBytesPerSecond]);

  return rates;
}

/** The gauges whose values a busy prober makes wrong; an outcome is an outcome, however late it was seen. */
function setLastTimes(series: Sink, base: CheckLabels, run: Run): void {
  series.set('lastRunDuration', base, run.durationMs / 1000);
  for (const [direction, bytesPerSecond] of throughputs(run))
    series.set('lastThroughput', { ...base, direction }, bytesPerSecond);
  const { idleMs, loadedMs } = run.neighbour ?? {};
  for (const [state, tookMs] of Object.entries({ idle: idleMs, loaded: loadedMs }))
    if (tookMs !== undefined) series.set('lastNeighbour', { ...base, state }, tookMs / 1000);
  const warm = run.pulls?.warm?.bytesPerSecond;
  if (run.ok && warm !== undefined) series.set('lastThroughput', { ...base, direction: 'pull_warm' }, warm);
}

function setLast(series: Sink, base: CheckLabels, run: Run): void {
  const endedAt = (run.startedAt.getTime() + run.durationMs) / 1000;
  series.set('lastRunSuccess', base, run.ok ? 1 : 0);
  series.set('lastRunTimestamp', base, endedAt);
  series.set('lastRunAttempts', base, mostAttempts(run));
  series.set('lastRunSize', base, workloadBytes(run.check.workload));
  if (run.ok) series.set('lastSuccessTimestamp', base, endedAt);
  if (run.ok) series.set('consecutiveFailures', base, 0);
  else series.increment('consecutiveFailures', base);

  series.clear('lastFailureInfo', base);
  if (run.failure !== undefined) {
    const { phase, reason, answeredBy, blame } = run.failure;
    series.set('lastFailureInfo', { ...base, phase, reason, answered_by: answeredBy, blame }, 1);
  }
}

/** Bytes and time did go by, whatever became of the run. What the kernel does not tell has no series. */
function observeSending(series: Sink, base: CheckLabels, facts: SendingFacts = { viaProxy: false }): void {
  const { limited, retransmittedBytes, minRttMs, pathMtuBytes } = facts;
  for (const limiter of limited === undefined ? [] : limiters)
    series.add('sendingLimited', { ...base, limited_by: limiter }, (limited?.[limiter] ?? 0) / 1_000);
  if (retransmittedBytes !== undefined) series.add('retransmittedBytes', base, retransmittedBytes);
  if (minRttMs !== undefined) series.set('roundTrip', base, minRttMs / 1_000);
  if (pathMtuBytes !== undefined) series.set('pathMtu', base, pathMtuBytes);
}

/** What an alert reads out: the cause with its remedy, all words of our own tables. */
function setCause(series: Sink, base: CheckLabels, run: Run, others: readonly Run[]): void {
  series.clear('lastCauseInfo', base);
  const finding = findingFor(run, others);
  if (finding === undefined) return;
  const { cause, hop, confidence, title, remedy } = finding;
  series.set('lastCauseInfo', { ...base, cause, hop, confidence, title, remedy }, 1);
}

/** One series per registry, path and client: a path that changes its address family replaces the old facts. */
function observePath(series: Sink, { registry, path, client }: CheckLabels, facts: PathFacts): void {
  if (facts.family !== undefined) {
    series.clear('pathInfo', { registry, path, client });
    const labels = {
      registry,
      path,
      client,
      ip_family: String(facts.family),
      http_version: facts.httpVersion ?? 'unknown',
      tls_version: facts.tlsVersion ?? 'none',
      // Not the names: they come from whoever answers, and are on the page of the run.
      token_host: facts.foreignRealmHost === undefined ? 'own' : 'other',
      upload_host: facts.foreignLocationHost === undefined ? 'own' : 'other',
    };
    series.set('pathInfo', labels, 1);
  }
  if (facts.certificateExpiresAt !== undefined)
    series.set('tlsCertificateExpiry', { registry, path }, facts.certificateExpiresAt.getTime() / 1000);
}

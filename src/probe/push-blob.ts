import type { Transport } from '../network/transport.ts';
import type { Authorizer } from '../registry/authorizer.ts';
import type { Step } from '../registry/errors.ts';
import type { UploadSession } from '../registry/upload.ts';
import { RunAborted } from './aborted.ts';
import { type AttemptResult, attemptPush, type Blob } from './attempt.ts';
import type { Check } from './check.ts';
import type { RunDeps } from './deps.ts';
import type { Attempt, PathFacts, Progress } from './outcome.ts';
import { retryPolicyOf } from './retrying.ts';

export interface BlobPushContext {
  readonly check: Check;
  readonly deps: RunDeps;
  readonly blob: Blob;
  readonly originMs: number;
  readonly authorizer: (transport: Transport) => Authorizer;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface BlobPush {
  readonly blob: Blob;
  readonly attempts: readonly Attempt[];
  readonly ok: boolean;
  /** Sessions that failed attempts left open, as real clients leave them. */
  readonly openSessions: readonly UploadSession[];
  readonly pathFacts: PathFacts;
  /** How we ended the run, if we did: in an attempt or in a wait between two. */
  readonly endedBy?: 'deadline' | 'cancelled';
}

/** Pushes one blob with the client's retries: attempts and the waits between them. The only place that retries. */
export async function pushBlob(context: BlobPushContext): Promise<BlobPush> {
  const { check, deps, blob, signal } = context;
  const policy = retryPolicyOf(check);
  const results: AttemptResult[] = [];
  let waitedMs = 0;
  for (let number = 1; ; number += 1) {
    const result = await attemptPush({
      ...context,
      number,
      waitedMs,
      sizeRefusedBefore: results.some(({ attempt }) => attempt.failure?.reason === 'body_too_large'),
      onProgress: (step, sentBytes) => context.onProgress(progress(step, sentBytes, number)),
    });
    results.push(result);
    const { failure } = result.attempt;
    const final = failure === undefined || result.endedInPing || !policy.retries(failure);
    if (final || number >= policy.maxAttempts || signal.aborted) {
      break;
    }
    const delayMs = policy.delayMs(number, deps.random());
    context.onProgress({ ...progress('start', 0, number + 1), waitingMs: delayMs });
    waitedMs = await waited(context, delayMs);
    if (signal.aborted) {
      break;
    }
  }
  return {
    blob,
    attempts: results.map((result) => result.attempt),
    ok: results.at(-1)?.attempt.failure === undefined,
    openSessions: results.flatMap(({ openSession }) => (openSession === undefined ? [] : [openSession])),
    pathFacts: Object.assign({}, ...results.map((result) => result.pathFacts)),
    ...(signal.reason instanceof RunAborted ? { endedBy: signal.reason.kind } : {}),
  };

  function progress(step: Step, sentBytes: number, attempt: number): Progress {
    const totalBytes = blob.payload.sizeBytes;
    return { phase: step, blob: blob.name, attempt, maxAttempts: policy.maxAttempts, sentBytes, totalBytes };
  }
}

/** Waits, and says how long it really was. */
async function waited({ deps, signal }: BlobPushContext, delayMs: number): Promise<number> {
  const startedMs = deps.clock.nowMs();
  if (delayMs > 0) {
    // An abort ends the wait early; the caller looks at the signal.
    await deps.clock.sleep(delayMs, signal).catch(() => {});
  }
  return deps.clock.nowMs() - startedMs;
}

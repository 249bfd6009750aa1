import type { Redactor } from '../../network/secrets/redactor.ts';
import type { Transport } from '../../network/transport.ts';
import type { Authorizer } from '../../registry/auth/authorizer.ts';
import type { Step } from '../../registry/errors.ts';
import type { HostMemory } from '../../registry/resend.ts';
import { RunAborted } from '../bounded-signal.ts';
import { type AttemptResult, type AttemptWork, runAttempt } from './attempt.ts';
import type { Check } from '../check.ts';
import type { RetryPolicy } from '../clients/client-profile.ts';
import type { RunDeps } from '../deps.ts';
import type { RunTrail } from '../leftovers/ledger-trail.ts';
import type { Attempt, PathFacts, Progress, PullRound } from '../outcome.ts';

/** What all parts of one run share. */
export interface RunContext {
  readonly check: Check;
  readonly deps: RunDeps;
  /** Where the run writes down what it is about to put on the registry. */
  readonly trail: RunTrail;
  /** Monotonic start of the run. */
  readonly originMs: number;
  /** What the run told servers in confidence, and what is therefore shown nowhere. */
  readonly redactor: Redactor;
  readonly authorizer: (transport: Transport) => Authorizer;
  /** What the client remembers of the host over the whole run. */
  readonly hostMemory: HostMemory | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/** One thing to get done with retries: a blob, the manifest, the pull. */
export interface Part {
  readonly name: string;
  readonly totalBytes: number;
  /** Of the way back: which time. */
  readonly pull?: PullRound;
  /** What attempt `number` (from 1) does. */
  readonly work: (number: number) => AttemptWork;
}

export interface PartOutcome {
  readonly part: Part;
  readonly attempts: readonly Attempt[];
  readonly ok: boolean;
  readonly pathFacts: PathFacts;
  /** How we ended it, if we did: in an attempt or in a wait between two. */
  readonly endedBy?: 'deadline' | 'cancelled';
}

/** Does one part with the client's retries: attempts and the waits between them. The only place that retries. */
export async function withRetries(
  context: RunContext,
  part: Part,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<PartOutcome> {
  const results: AttemptResult[] = [];
  let waitedMs = 0;
  for (let number = 1; ; number += 1) {
    const progress = progressOf(part, number, policy.maxAttempts);
    const result = await runAttempt(
      {
        ...context,
        blob: part.name,
        pull: part.pull,
        number,
        waitedMs,
        signal,
        sizeRefusedBefore: results.some(({ attempt }) => attempt.failure?.reason === 'body_too_large'),
        onProgress: (step, doneBytes) => context.onProgress(progress(step, doneBytes)),
      },
      part.work(number),
    );
    results.push(result);
    if (number >= policy.maxAttempts || signal.aborted || isFinal(result, policy)) break;
    const delayMs = policy.delayMs(number, context.deps.random());
    context.onProgress({ ...progress('start', 0), attempt: number + 1, waitingMs: delayMs });
    waitedMs = await wait(context.deps, delayMs, signal);
    if (signal.aborted) break;
  }
  return outcomeOf(part, results, signal);
}

function isFinal({ attempt, endedInPing }: AttemptResult, policy: RetryPolicy): boolean {
  return attempt.failure === undefined || endedInPing || !policy.retries(attempt.failure);
}

function progressOf(part: Part, attempt: number, maxAttempts: number): (phase: Step, doneBytes: number) => Progress {
  const { name: blob, totalBytes } = part;
  return (phase, sentBytes) => ({ phase, blob, attempt, maxAttempts, sentBytes, totalBytes });
}

/** Waits, and says how long it really was. */
async function wait(deps: RunDeps, delayMs: number, signal: AbortSignal): Promise<number> {
  const startedMs = deps.clock.nowMs();
  if (delayMs > 0) {
    // An abort ends the wait early; the caller looks at the signal.
    await deps.clock.sleep(delayMs, signal).catch(() => {});
  }
  return deps.clock.nowMs() - startedMs;
}

function outcomeOf(part: Part, results: readonly AttemptResult[], signal: AbortSignal): PartOutcome {
  const ok = results.at(-1)?.attempt.failure === undefined;
  return {
    part,
    ok,
    attempts: results.map((result) => result.attempt),
    pathFacts: Object.assign({}, ...results.map((result) => result.pathFacts)),
    endedBy: !ok && signal.reason instanceof RunAborted ? signal.reason.kind : undefined,
  };
}

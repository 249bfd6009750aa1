import type { Transport } from '../network/transport.ts';
import { type Authorizer, createAuthorizer } from '../registry/authorizer.ts';
import { tokenBehaviours } from '../registry/token-behaviour.ts';
import { prepareBlobs } from './blobs.ts';
import { type Check, checkId } from './check.ts';
import { classify } from './classify.ts';
import { cleanUp } from './cleanup.ts';
import type { RunDeps } from './deps.ts';
import { noContext } from './facts.ts';
import type { Failure } from './failure.ts';
import type { CleanupReport, Progress, Run, RunCheck } from './outcome.ts';
import { type BlobPush, pushBlob } from './push-blob.ts';
import { hasRealWaits } from './retrying.ts';
import { RunEnding } from './run-ending.ts';
import { pushThroughput } from './throughput.ts';

/** The engine: `RunCheck` over the given dependencies. Each call is one run; it resolves with its outcome, whatever happens. */
export function createRunner(deps: RunDeps): RunCheck {
  const runCounts = new Map<string, number>();
  return async (check, { signal, onProgress = () => {} }) => {
    const index = runCounts.get(checkId(check)) ?? 0;
    runCounts.set(checkId(check), index + 1);
    return new RunInFlight(check, deps, onProgress).execute(index, new RunEnding(signal));
  };
}

class RunInFlight {
  readonly #check: Check;
  readonly #deps: RunDeps;
  readonly #onProgress: (progress: Progress) => void;
  readonly #startedAt = new Date();
  #originMs: number;
  #pushes: readonly BlobPush[] = [];
  #foreignRealmHost: string | undefined;

  constructor(check: Check, deps: RunDeps, onProgress: (progress: Progress) => void) {
    this.#check = check;
    this.#deps = deps;
    this.#onProgress = onProgress;
    this.#originMs = deps.clock.nowMs();
  }

  async execute(index: number, ending: RunEnding): Promise<Run> {
    const stopLagWatch = this.#deps.eventLoopLag.start();
    let defect: Failure | undefined;
    try {
      await this.#push(index, ending);
    } catch (error) {
      defect = classify(error, { ...noContext, step: 'start' });
    }
    ending.stop();
    const durationMs = this.#deps.clock.nowMs() - this.#originMs;
    const eventLoopLagMs = stopLagWatch();
    const cleanup = await cleanUp(this.#check, this.#deps, {
      sessions: this.#pushes.flatMap((push) => push.openSessions),
      blobDigests: this.#pushes.filter(mayBeStored).map((push) => push.blob.payload.digest),
    });
    return this.#outcome(defect ?? failureOf(this.#pushes), durationMs, eventLoopLagMs, cleanup);
  }

  async #push(index: number, ending: RunEnding): Promise<void> {
    const check = this.#check;
    const blobs = await prepareBlobs(check, this.#deps.payloads, index);
    // Hashing a size for the first time takes a while: the clock starts when the client would start.
    this.#originMs = this.#deps.clock.nowMs();
    ending.startDeadline(check.timeoutMs);
    const authorizer = this.#authorizer();
    const pushes: BlobPush[] = [];
    for (const blob of blobs) {
      pushes.push(
        await pushBlob({
          check,
          deps: this.#deps,
          blob,
          originMs: this.#originMs,
          authorizer,
          signal: ending.signal,
          onProgress: this.#onProgress,
        }),
      );
      this.#pushes = pushes;
    }
  }

  /** Tokens live as long as the run, as they do in a client; each attempt asks for them over its own connections. */
  #authorizer(): (transport: Transport) => Authorizer {
    const { path, registry, client } = this.#check;
    let current: Transport | undefined;
    const authorizer = createAuthorizer({
      path,
      target: registry,
      transport: {
        exchange: (request) =>
          current === undefined ? Promise.reject(new Error('no transport')) : current.exchange(request),
      },
      tokenBehaviour: tokenBehaviours[client.name],
      headers: { 'user-agent': client.userAgent },
      now: () => Date.now(),
      onFact: (fact) => (this.#foreignRealmHost = fact.host),
    });
    return (transport) => {
      current = transport;
      return authorizer;
    };
  }

  #outcome(failure: Failure | undefined, durationMs: number, eventLoopLagMs: number, cleanup: CleanupReport): Run {
    const check = this.#check;
    const attempts = this.#pushes.flatMap((push) => push.attempts).sort((a, b) => a.startMs - b.startMs);
    const bytesPerSecond = failure === undefined ? pushThroughput(attempts) : undefined;
    return {
      id: this.#deps.newId(),
      check,
      startedAt: this.#startedAt,
      durationMs,
      attempts,
      ok: failure === undefined,
      sentBytes: attempts.reduce((sum, attempt) => sum + attempt.sentBytes, 0),
      acknowledgedBytes: attempts.reduce((sum, attempt) => sum + attempt.acknowledgedBytes, 0),
      pulledBytes: 0,
      cleanup,
      pathFacts: {
        ...Object.assign({}, ...this.#pushes.map((push) => push.pathFacts)),
        ...(this.#foreignRealmHost === undefined ? {} : { foreignRealmHost: this.#foreignRealmHost }),
      },
      eventLoopLagMs,
      tainted: eventLoopLagMs > this.#deps.taintedAboveMs,
      realWaits: hasRealWaits(check),
      ...(failure === undefined ? {} : { failure }),
      ...(bytesPerSecond === undefined ? {} : { pushBytesPerSecond: bytesPerSecond }),
    };
  }
}

/** The failure that ended the run: the last one of the first blob that did not get through. */
function failureOf(pushes: readonly BlobPush[]): Failure | undefined {
  const failed = pushes.find((push) => !push.ok);
  const failure = failed?.attempts.at(-1)?.failure;
  if (failed === undefined || failure === undefined || failed.endedBy !== 'cancelled') {
    return failure;
  }
  // Cancelled while waiting to try again: the path had not had its last word.
  return { ...failure, reason: 'cancelled', blame: 'prober', answeredBy: 'none' };
}

/** Committed, or perhaps: an answer to the commit that got lost leaves a blob behind. */
function mayBeStored(push: BlobPush): boolean {
  return push.attempts.some(
    ({ failure }) => failure === undefined || ['verify', 'commit', 'wait'].includes(failure.phase),
  );
}

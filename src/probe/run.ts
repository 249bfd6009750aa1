import type { Confidences } from '../network/confidences.ts';
import { knownSecrets } from '../registry/known-secrets.ts';
import { WireMeter } from '../network/wire-meter.ts';
import { prepareBlobs } from './blobs.ts';
import { type Check, checkId } from './check.ts';
import { classify } from './classify.ts';
import { cleanUp } from './cleanup.ts';
import type { RunDeps } from './deps.ts';
import { noContext } from './facts.ts';
import type { Failure } from './failure.ts';
import { askHeldBytes, isCut } from './held-bytes.ts';
import { Ledger } from './ledger.ts';
import type { RunTrail } from './ledger-trail.ts';
import type { CleanupReport, CpuThrottling, Progress, Run, RunCheck } from './outcome.ts';
import { pushParts } from './push-parts.ts';
import type { PartOutcome } from './retry-loop.ts';
import { hasRealWaits } from './retrying.ts';
import { RunEnding } from './run-ending.ts';
import { createRunAuthorizer } from './run-authorizer.ts';
import { isTainted } from './taint.ts';
import { pullThroughput, pushThroughput } from './throughput.ts';

/** The engine: `RunCheck` over the given dependencies. Each call is one run; it resolves with its outcome, whatever happens. */
export function createRunner(deps: RunDeps): RunCheck {
  const runCounts = new Map<string, number>();
  const ledger = deps.ledger ?? new Ledger();
  return async (check, { signal, onProgress = () => {}, id = deps.newId(), inspectsSession = false }) => {
    const index = runCounts.get(checkId(check)) ?? 0;
    runCounts.set(checkId(check), index + 1);
    const asks = inspectsSession ? signal : undefined;
    return new RunInFlight(id, check, { ...deps, ledger }, onProgress).execute(index, new RunEnding(signal), asks);
  };
}

/** What this process saw of itself during a run. */
interface OwnTrouble {
  readonly eventLoopLagMs: number;
  readonly cpuThrottling: CpuThrottling | undefined;
}

class RunInFlight {
  readonly #check: Check;
  readonly #deps: RunDeps & { readonly ledger: Ledger; readonly wire: WireMeter };
  readonly #trail: RunTrail;
  readonly #onProgress: (progress: Progress) => void;
  readonly #startedAt = new Date();
  readonly #confidences: Confidences;
  #originMs: number;
  readonly #id: string;
  readonly #parts: PartOutcome[] = [];
  #foreignRealmHost: string | undefined;

  constructor(
    id: string,
    check: Check,
    deps: RunDeps & { readonly ledger: Ledger },
    onProgress: (progress: Progress) => void,
  ) {
    this.#id = id;
    this.#check = check;
    this.#deps = { ...deps, wire: new WireMeter() };
    this.#confidences = knownSecrets(check.path, check.registry);
    this.#trail = deps.ledger.startRun(check, this.#confidences);
    this.#onProgress = onProgress;
    this.#originMs = deps.clock.nowMs();
  }

  /** `asks`: after a cut, the registry is asked how much arrived, unless this aborts. */
  async execute(index: number, ending: RunEnding, asks?: AbortSignal): Promise<Run> {
    const stopLagWatch = this.#deps.eventLoopLag.start();
    const stopThrottlingWatch = this.#deps.cpuThrottling?.start();
    let defect: Failure | undefined;
    try {
      await this.#push(index, ending);
    } catch (error) {
      defect = classify(error, { ...noContext, step: 'start' }, this.#confidences);
    }
    ending.stop();
    const durationMs = this.#deps.clock.nowMs() - this.#originMs;
    const own = { eventLoopLagMs: stopLagWatch(), cpuThrottling: stopThrottlingWatch?.() };
    const failure = defect ?? failureOf(this.#parts);
    const heldBytes =
      asks !== undefined && failure !== undefined && isCut(failure)
        ? await askHeldBytes(this.#check, this.#deps, this.#trail.entries(), asks)
        : undefined;
    const cleanup = await cleanUp(this.#check, this.#deps, this.#deps.ledger, this.#trail);
    const run = this.#outcome(failure, durationMs, own, cleanup);
    return heldBytes === undefined ? run : { ...run, heldBytes };
  }

  async #push(index: number, ending: RunEnding): Promise<void> {
    const check = this.#check;
    const blobs = await prepareBlobs(check, this.#deps.payloads, index);
    // Hashing a size for the first time takes a while: the clock starts when the client would start.
    this.#originMs = this.#deps.clock.nowMs();
    ending.startDeadline(check.timeoutMs);
    const authorizer = createRunAuthorizer(check, this.#deps, {
      onForeignRealm: (host) => (this.#foreignRealmHost = host),
      onSecret: (secret) => this.#confidences.add(secret),
    });
    const context = {
      check,
      deps: this.#deps,
      trail: this.#trail,
      originMs: this.#originMs,
      confidences: this.#confidences,
      authorizer: authorizer.forTransport,
      onProgress: this.#onProgress,
    };
    try {
      const done = await pushParts(context, blobs, ending.signal, (outcome) => this.#parts.push(outcome));
      if (!done && this.#parts.every((outcome) => outcome.ok)) {
        // Ended by us before or between two parts: nothing failed, and yet it is no success.
        throw ending.signal.reason;
      }
    } finally {
      await authorizer.close();
    }
  }

  #outcome(failure: Failure | undefined, durationMs: number, own: OwnTrouble, cleanup: CleanupReport): Run {
    const check = this.#check;
    const { eventLoopLagMs, cpuThrottling } = own;
    const attempts = this.#parts.flatMap((outcome) => outcome.attempts).sort((a, b) => a.startMs - b.startMs);
    const pushed = failure === undefined ? pushThroughput(attempts) : undefined;
    const pulled = failure === undefined ? pullThroughput(attempts) : undefined;
    return {
      id: this.#id,
      check,
      startedAt: this.#startedAt,
      durationMs,
      attempts,
      ok: failure === undefined,
      sentBytes: attempts.reduce((sum, attempt) => sum + attempt.sentBytes, 0),
      acknowledgedBytes: attempts.reduce((sum, attempt) => sum + attempt.acknowledgedBytes, 0),
      pulledBytes: attempts.reduce((sum, attempt) => sum + attempt.pulledBytes, 0),
      wireBytes: this.#deps.wire.bytes,
      cleanup,
      pathFacts: {
        ...Object.assign({}, ...this.#parts.map((outcome) => outcome.pathFacts)),
        ...(this.#foreignRealmHost === undefined
          ? {}
          : { foreignRealmHost: this.#confidences.blank(this.#foreignRealmHost) }),
      },
      eventLoopLagMs,
      ...(cpuThrottling === undefined ? {} : { cpuThrottling }),
      tainted: isTainted({ eventLoopLagMs, throttledMs: cpuThrottling?.ms, durationMs }, this.#deps.taintedAboveMs),
      realWaits: hasRealWaits(check),
      ...(failure === undefined ? {} : { failure }),
      ...(pushed === undefined ? {} : { pushBytesPerSecond: pushed }),
      ...(pulled === undefined ? {} : { pullBytesPerSecond: pulled }),
    };
  }
}

/** The failure that ended the run: the last one of the first part that failed by itself, else of one that we ended. */
function failureOf(parts: readonly PartOutcome[]): Failure | undefined {
  const failed = parts.filter((outcome) => !outcome.ok);
  const first = failed.find((outcome) => outcome.endedBy === undefined) ?? failed[0];
  const failure = first?.attempts.at(-1)?.failure;
  if (failure === undefined || first?.endedBy !== 'cancelled') {
    return failure;
  }
  // Cancelled, perhaps while waiting to try again: the path had not had its last word.
  return { ...failure, reason: 'cancelled', blame: 'prober', answeredBy: 'none' };
}

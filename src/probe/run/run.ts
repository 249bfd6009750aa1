import type { Redactor } from '../../network/secrets/redactor.ts';
import { knownSecrets } from '../../registry/auth/known-secrets.ts';
import { WireMeter } from '../../network/wire-meter.ts';
import { askedForTls } from './asked-for-tls.ts';
import { prepareBlobs } from './blobs.ts';
import { type Check, checkId } from '../check.ts';
import { clientOf } from '../check-client.ts';
import { classify } from '../judge/classify.ts';
import { cleanUp } from '../leftovers/cleanup.ts';
import type { RunDeps } from '../deps.ts';
import { noContext } from '../judge/facts.ts';
import type { Failure } from '../failure.ts';
import { isCut } from '../judge/is-cut.ts';
import { askForSession, askHeldBytes, doubtsSession } from '../leftovers/left-session.ts';
import { Ledger } from '../leftovers/ledger.ts';
import { RunTrail } from '../leftovers/ledger-trail.ts';
import type { Attempt, CleanupReport, CpuThrottling, NeighbourFacts, Progress, Run, RunCheck } from '../outcome.ts';
import { Neighbour } from './neighbour.ts';
import { pushParts } from './push-parts.ts';
import type { PartOutcome, RunContext } from './retry-loop.ts';
import { hasRealWaits } from './retrying.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import { createRunAuthorizer } from './run-authorizer.ts';
import { sendingFacts } from './sending-facts.ts';
import { isTainted } from './taint.ts';
import { pullFacts } from './pull-facts.ts';
import { pullThroughput, pushThroughput } from './throughput.ts';

/** The engine: `RunCheck` over the given dependencies. Each call is one run; it resolves with its outcome, whatever happens. */
export function createRunner(deps: RunDeps): RunCheck {
  const runCounts = new Map<string, number>();
  const ledger = deps.ledger ?? new Ledger();
  return async (
    check,
    { signal, onProgress = () => {}, id = deps.newId(), inspectsSession = false, stallTimeoutMs },
  ) => {
    const index = runCounts.get(checkId(check)) ?? 0;
    runCounts.set(checkId(check), index + 1);
    const asks = inspectsSession ? signal : undefined;
    const own = { ...deps, ledger, stallTimeoutMs: stallTimeoutMs ?? deps.stallTimeoutMs };
    return new RunInFlight(id, check, own, onProgress).execute(index, new BoundedSignal(signal), asks);
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
  readonly #redactor: Redactor;
  #originMs: number;
  readonly #id: string;
  readonly #parts: PartOutcome[] = [];
  #foreignRealmHost: string | undefined;
  #neighbour: NeighbourFacts | undefined;

  constructor(
    id: string,
    check: Check,
    deps: RunDeps & { readonly ledger: Ledger },
    onProgress: (progress: Progress) => void,
  ) {
    this.#id = id;
    this.#check = check;
    this.#deps = { ...deps, wire: new WireMeter() };
    this.#redactor = knownSecrets(check.path, check.registry, check.pushedOver);
    this.#trail = new RunTrail(deps.ledger, this.#putter, this.#redactor);
    this.#onProgress = onProgress;
    this.#originMs = deps.clock.nowMs();
  }

  /** `asks`: after a cut, the registry is asked how much arrived, unless this aborts. */
  async execute(index: number, ending: BoundedSignal, asks?: AbortSignal): Promise<Run> {
    const stopLagWatch = this.#deps.eventLoopLag.start();
    const stopThrottlingWatch = this.#deps.cpuThrottling?.start();
    let defect: Failure | undefined;
    try {
      await this.#push(index, ending);
    } catch (error) {
      defect = classify(error, { ...noContext, step: 'start' }, this.#redactor);
    }
    const durationMs = this.#deps.clock.nowMs() - this.#originMs;
    const own = { eventLoopLagMs: stopLagWatch(), cpuThrottling: stopThrottlingWatch?.() };
    const failure = await this.#withTls(defect ?? failureOf(this.#parts), ending.signal);
    ending.stop();
    const asked = asks === undefined || failure === undefined ? undefined : await this.#ask(failure, asks);
    const cleanup = await cleanUp(this.#putter, this.#deps, this.#deps.ledger, this.#trail, this.#redactor);
    const run = this.#outcome(failure, durationMs, own, cleanup);
    return { ...run, ...asked };
  }

  #withTls(failure: Failure | undefined, signal: AbortSignal): Promise<Failure> | undefined {
    const { clock, wire } = this.#deps;
    return failure && askedForTls(failure, { check: this.#check, clock, wire, attempts: this.#attempts, signal });
  }

  get #attempts(): Attempt[] {
    return this.#parts.flatMap((outcome) => outcome.attempts).sort((a, b) => a.startMs - b.startMs);
  }

  /** What the registry says, when asked, of the session that a failure left open. */
  async #ask(failure: Failure, cancelled: AbortSignal): Promise<Pick<Run, 'heldBytes' | 'sessionAnswers'>> {
    const [check, deps, redactor] = [this.#putter, this.#deps, this.#redactor];
    const asked = { check, deps, redactor, entries: this.#trail.entries(), cancelled };
    if (isCut(failure)) return { heldBytes: await askHeldBytes(asked) };
    return doubtsSession.has(failure.reason) ? { sessionAnswers: await askForSession(asked) } : {};
  }

  async #push(index: number, ending: BoundedSignal): Promise<void> {
    const check = this.#check;
    const blobs = await prepareBlobs(check, this.#deps.payloads, index, ending.signal);
    const neighbour = this.#neighbourOf(ending.signal);
    await neighbour?.askBefore();
    // Hashing a size for the first time takes a while: the clock starts when the client would start.
    this.#originMs = this.#deps.clock.nowMs();
    ending.startDeadline(check.timeoutMs);
    const there = this.#wayOf(this.#putter, neighbour);
    const back = check.pushedOver === undefined ? there : this.#wayOf(check, neighbour);
    neighbour?.start();
    try {
      const ways = { there: there.context, back: back.context };
      const done = await pushParts(ways, blobs, ending.signal, (outcome) => this.#parts.push(outcome));
      if (!done && this.#parts.every((outcome) => outcome.ok)) {
        // Ended by us before or between two parts: nothing failed, and yet it is no success.
        throw ending.signal.reason;
      }
    } finally {
      this.#neighbour = await neighbour?.end();
      for (const way of new Set([there, back])) await way.close();
    }
  }

  /** What the parts of one direction share, with an authorization of its own. */
  #wayOf(check: Check, neighbour: Neighbour | undefined): { context: RunContext; close: () => Promise<void> } {
    const speaker = clientOf(check, this.#deps, this.#redactor);
    const authorizer = createRunAuthorizer(check, speaker, (host) => (this.#foreignRealmHost = host));
    const context = {
      check,
      deps: this.#deps,
      trail: this.#trail,
      originMs: this.#originMs,
      redactor: this.#redactor,
      authorizer: authorizer.forTransport,
      hostMemory: check.client.remembersHost?.(),
      onProgress: (progress: Progress) => {
        neighbour?.hear(progress);
        this.#onProgress(progress);
      },
    };
    return { context, close: () => authorizer.close() };
  }

  /** The check over the path on which things are put on the registry, and taken away. */
  get #putter(): Check {
    const { pushedOver } = this.#check;
    return pushedOver === undefined ? this.#check : { ...this.#check, path: pushedOver };
  }

  #neighbourOf(signal: AbortSignal): Neighbour | undefined {
    if (this.#check.asksNeighbour !== true) return undefined;
    return new Neighbour(this.#check, this.#deps, this.#redactor, signal);
  }

  #outcome(failure: Failure | undefined, durationMs: number, own: OwnTrouble, cleanup: CleanupReport): Run {
    const check = this.#check;
    const { eventLoopLagMs, cpuThrottling } = own;
    const attempts = this.#attempts;
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
          : { foreignRealmHost: this.#redactor.redact(this.#foreignRealmHost) }),
      },
      sending: sendingFacts(attempts),
      neighbour: this.#neighbour,
      eventLoopLagMs,
      cpuThrottling,
      tainted: isTainted({ eventLoopLagMs, throttledMs: cpuThrottling?.ms, durationMs }, this.#deps.taintedAboveMs),
      realWaits: hasRealWaits(check),
      failure,
      pushBytesPerSecond: pushed,
      pullBytesPerSecond: pulled,
      pulls: pullFacts(attempts, this.#check.client.pull.ranges !== undefined),
    };
  }
}

/** The failure that ended the run: the last one of the first part that failed. What was given up beside it ended later. */
function failureOf(parts: readonly PartOutcome[]): Failure | undefined {
  const first = parts.find((outcome) => !outcome.ok);
  const failure = first?.attempts.at(-1)?.failure;
  if (failure === undefined || first?.endedBy !== 'cancelled') return failure;
  // Cancelled, perhaps while waiting to try again: the path had not had its last word.
  return { ...failure, reason: 'cancelled', blame: 'prober', answeredBy: 'none' };
}

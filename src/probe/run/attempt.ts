import type { Redactor } from '../../network/secrets/redactor.ts';
import type { Transport } from '../../network/transport.ts';
import type { Authorizer } from '../../registry/auth/authorizer.ts';
import type { Step } from '../../registry/errors.ts';
import { type OpenClient, type OpenClientOptions, openRegistryClient } from '../../registry/open-client.ts';
import type { PullAttempt } from '../../registry/pull.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { HostMemory } from '../../registry/resend.ts';
import type { UploadSession } from '../../registry/upload.ts';
import type { Check } from '../check.ts';
import { clientOf } from '../check-client.ts';
import { classify } from '../judge/classify.ts';
import type { RunDeps } from '../deps.ts';
import type { Failure } from '../failure.ts';
import type { Attempt, PathFacts, PullRound } from '../outcome.ts';
import { Recorder } from './recorder.ts';

interface AttemptContext {
  readonly check: Check;
  readonly deps: RunDeps;
  /** Name of what is attempted: `blob`, `layer2`, `config`, `manifest`, `pull`. */
  readonly blob: string;
  /** Set while pulling. */
  readonly pull: PullRound | undefined;
  readonly number: number;
  /** Monotonic start of the run. */
  readonly originMs: number;
  readonly waitedMs: number;
  readonly sizeRefusedBefore: boolean;
  /** What the whole run told servers in confidence. */
  readonly redactor: Redactor;
  /** Authorization of the whole run, asked through the transport of the running attempt. */
  readonly authorizer: (transport: Transport) => Authorizer;
  /** What the client remembers of the host over the whole run. */
  readonly hostMemory: HostMemory | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (step: Step, doneBytes: number) => void;
}

/** What the work of an attempt tells while it goes on: it must be known however the attempt ends. */
export interface AttemptNotes {
  session: UploadSession | undefined;
  /** In the ping, which the client sends once, before and outside its retries. */
  pinging: boolean;
  /** The registry said that it has the blob. */
  committedBytes: number;
  pulledBytes: number;
  /** The client took its second way of sending (regctl's chunks). */
  fellBack: boolean;
}

/** What an attempt does with a client: the steps of a push, a manifest, a pull. Throws what goes wrong. */
export type AttemptWork = (
  client: RegistryClient,
  notes: AttemptNotes,
  pull: Omit<PullAttempt, 'onBytes'>,
) => Promise<void>;

export interface AttemptResult {
  readonly attempt: Attempt;
  readonly pathFacts: PathFacts;
  readonly endedInPing: boolean;
}

/** One attempt, over connections of its own. Never throws: what went wrong is the attempt's failure. */
export async function runAttempt(context: AttemptContext, work: AttemptWork): Promise<AttemptResult> {
  return new AttemptInFlight(context).run(work);
}

class AttemptInFlight {
  readonly #context: AttemptContext;
  readonly #recorder: Recorder;
  readonly #notes: AttemptNotes = {
    session: undefined,
    pinging: false,
    committedBytes: 0,
    pulledBytes: 0,
    fellBack: false,
  };
  #step: Step = 'auth';

  constructor(context: AttemptContext) {
    this.#context = context;
    this.#recorder = new Recorder(context.originMs, context.redactor);
  }

  async run(work: AttemptWork): Promise<AttemptResult> {
    const { clock } = this.#context.deps;
    const startedMs = clock.nowMs();
    const client = this.#openClient();
    let failure: Failure | undefined;
    try {
      const pause = this.#context.check.retries === 'profile' ? this.#sleep : undefined;
      await work(client, this.#notes, { pause, random: this.#context.deps.random });
    } catch (error) {
      failure = this.#classify(error);
    }
    const endedMs = clock.nowMs();
    await client.close();
    return this.#result(startedMs, endedMs, failure);
  }

  #openClient(): OpenClient {
    const { check, deps, pull, redactor, signal, authorizer, onProgress } = this.#context;
    return openRegistryClient({
      ...clientOf(check, deps, redactor),
      authorizer,
      pacer: pull === undefined ? deps.pacer : (deps.pullPacer ?? deps.pacer),
      readTcpInfo: deps.readTcpInfo,
      stallTimeoutMs: deps.stallTimeoutMs,
      signal,
      resend: this.#resend(),
      onStep: (step) => {
        this.#step = step;
        onProgress(step, this.#recorder.sentBytes);
      },
      // What is no request of the client's own is one for a token; ranges side by side are in several steps at a time.
      onExchange: (exchange) => this.#recorder.add((exchange.purpose ?? 'auth') as Step, exchange),
      onProgress: (sentBytes) => {
        if (this.#step !== 'send') return;
        this.#recorder.noteProgress(deps.clock.nowMs(), sentBytes);
        onProgress('send', this.#recorder.sentBytes + sentBytes);
      },
    });
  }

  #resend(): OpenClientOptions['resend'] {
    const { check, hostMemory, pull } = this.#context;
    const policy = hostMemory?.resend ?? (pull === undefined ? check.client : check.client.pull).resend;
    // `none` and a number replace all of the client's retrying: a diagnosis wants to see each answer as it is.
    if (policy === undefined || check.retries !== 'profile') return undefined;
    return { policy, sleep: this.#sleep, waitMs: hostMemory?.waitMs };
  }

  /** Waits of the client within the attempt. */
  readonly #sleep = async (delayMs: number): Promise<void> => {
    const { check, deps, signal } = this.#context;
    await deps.clock.sleep(delayMs * check.retryWaitScale, signal).catch(() => {});
    // The reason says whether that was the deadline or the caller; the clock's own AbortError would read as a defect of ours.
    signal.throwIfAborted();
  };

  #classify(error: unknown): Failure {
    const { check, blob, sizeRefusedBefore, redactor } = this.#context;
    const { session, fellBack } = this.#notes;
    const isManifest = blob === 'manifest';
    const context = {
      step: this.#step,
      blob,
      uploadStarted: session !== undefined,
      sentBytes: this.#recorder.reachedBytes,
      acknowledgedBytes: session?.acknowledgedBytes,
      acknowledges: !isManifest && (fellBack || check.client.shape.startsWith('patch-')),
      sizeRefusedBefore,
    };
    return classify(error, context, redactor);
  }

  #result(startedMs: number, endedMs: number, failure: Failure | undefined): AttemptResult {
    const { blob, pull, number, originMs, waitedMs } = this.#context;
    const { session, committedBytes, pulledBytes, fellBack, pinging } = this.#notes;
    const committed = failure === undefined || committedBytes > 0;
    return {
      attempt: {
        blob,
        pull,
        number,
        startMs: startedMs - originMs,
        durationMs: endedMs - startedMs,
        waitedMs,
        phaseMs: this.#recorder.phaseMs,
        sentBytes: this.#recorder.sentBytes,
        acknowledgedBytes: committed ? committedBytes : (session?.acknowledgedBytes ?? 0),
        pulledBytes,
        resends: this.#recorder.resends,
        fellBack,
        requests: this.#recorder.requests,
        failure,
      },
      pathFacts: this.#recorder.pathFacts,
      endedInPing: pinging,
    };
  }
}

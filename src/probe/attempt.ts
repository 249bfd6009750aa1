import type { Confidences } from '../network/confidences.ts';
import { createTransport, transportDefaults, type Transport } from '../network/transport.ts';
import type { Authorizer } from '../registry/authorizer.ts';
import type { Step } from '../registry/errors.ts';
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts';
import type { UploadSession } from '../registry/upload.ts';
import type { Check } from './check.ts';
import { classify } from './classify.ts';
import type { RunDeps } from './deps.ts';
import type { Failure } from './failure.ts';
import type { Attempt, PathFacts } from './outcome.ts';
import { Recorder } from './recorder.ts';

export interface AttemptContext {
  readonly check: Check;
  readonly deps: RunDeps;
  /** Name of what is attempted: `blob`, `layer2`, `config`, `manifest`, `pull`. */
  readonly blob: string;
  readonly number: number;
  /** Monotonic start of the run. */
  readonly originMs: number;
  readonly waitedMs: number;
  readonly sizeRefusedBefore: boolean;
  /** What the whole run told servers in confidence. */
  readonly confidences: Confidences;
  /** Authorization of the whole run, asked through the transport of the running attempt. */
  readonly authorizer: (transport: Transport) => Authorizer;
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
export type AttemptWork = (client: RegistryClient, notes: AttemptNotes) => Promise<void>;

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
    this.#recorder = new Recorder(context.originMs, context.confidences);
  }

  async run(work: AttemptWork): Promise<AttemptResult> {
    const { clock } = this.#context.deps;
    const startedMs = clock.nowMs();
    const transport = this.#openTransport();
    let failure: Failure | undefined;
    try {
      await work(this.#openClient(transport), this.#notes);
    } catch (error) {
      failure = this.#classify(error);
    }
    const endedMs = clock.nowMs();
    await transport.close();
    return this.#result(startedMs, endedMs, failure);
  }

  #openTransport(): Transport {
    const { check, deps } = this.#context;
    return createTransport(check.path, {
      ...transportDefaults,
      httpVersion: check.client.httpVersion,
      now: () => deps.clock.nowMs(),
      pacer: deps.pacer,
      wire: deps.wire,
      onExchange: (exchange) => this.#recorder.add(this.#step, exchange),
      onProgress: (sentBytes) => {
        if (this.#step === 'send') {
          this.#recorder.noteProgress(deps.clock.nowMs(), sentBytes);
          this.#context.onProgress('send', this.#recorder.sentBytes + sentBytes);
        }
      },
    });
  }

  #openClient(transport: Transport): RegistryClient {
    const { check, deps, signal, authorizer, onProgress } = this.#context;
    const { client: profile } = check;
    return createRegistryClient({
      path: check.path,
      repository: check.registry.repository,
      transport,
      authorizer: authorizer(transport),
      requestHeaders: { 'user-agent': profile.userAgent, ...profile.requestHeaders },
      responseHeaderTimeoutMs: profile.responseHeaderTimeoutMs,
      stallTimeoutMs: deps.stallTimeoutMs,
      signal,
      resend: this.#resend(),
      onStep: (step) => {
        this.#step = step;
        onProgress(step, this.#recorder.sentBytes);
      },
    });
  }

  #resend(): Parameters<typeof createRegistryClient>[0]['resend'] {
    const { check, deps, signal } = this.#context;
    const { resend: policy } = check.client;
    // `none` and a number replace all of the client's retrying: a diagnosis wants to see each answer as it is.
    if (policy === undefined || check.retries !== 'profile') {
      return undefined;
    }
    const sleep = async (delayMs: number): Promise<void> => {
      await deps.clock.sleep(delayMs * check.retryWaitScale, signal).catch(() => {});
      // The reason says whether that was the deadline or the caller; the clock's own AbortError would read as a defect of ours.
      signal.throwIfAborted();
    };
    return { policy, sleep };
  }

  #classify(error: unknown): Failure {
    const { check, blob, sizeRefusedBefore, confidences } = this.#context;
    const { session, fellBack } = this.#notes;
    const context = {
      step: this.#step,
      blob,
      uploadStarted: session !== undefined,
      sentBytes: this.#recorder.reachedBytes,
      acknowledgedBytes: session?.acknowledgedBytes,
      acknowledges: fellBack || check.client.shape.startsWith('patch-'),
      sizeRefusedBefore,
    };
    return classify(error, context, confidences);
  }

  #result(startedMs: number, endedMs: number, failure: Failure | undefined): AttemptResult {
    const { blob, number, originMs, waitedMs } = this.#context;
    const { session, committedBytes, pulledBytes, fellBack, pinging } = this.#notes;
    const committed = failure === undefined || committedBytes > 0;
    return {
      attempt: {
        blob,
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
        ...(failure === undefined ? {} : { failure }),
      },
      pathFacts: this.#recorder.pathFacts,
      endedInPing: pinging,
    };
  }
}

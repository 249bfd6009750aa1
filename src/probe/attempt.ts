import { createTransport, transportDefaults, type Transport } from '../network/transport.ts';
import type { Authorizer } from '../registry/authorizer.ts';
import { blobExists, ping, verifyBlob } from '../registry/blob.ts';
import type { Step } from '../registry/errors.ts';
import type { Payload } from '../registry/payload.ts';
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts';
import type { UploadSession } from '../registry/upload.ts';
import type { Check } from './check.ts';
import { classify } from './classify.ts';
import type { RunDeps } from './deps.ts';
import type { Failure } from './failure.ts';
import type { Attempt, PathFacts } from './outcome.ts';
import { Recorder } from './recorder.ts';
import { wireShapes } from './wire-shapes.ts';

/** One blob of a run: its name in outcomes and its bytes. */
export interface Blob {
  readonly name: string;
  readonly payload: Payload;
}

export interface AttemptContext {
  readonly check: Check;
  readonly deps: RunDeps;
  readonly blob: Blob;
  readonly number: number;
  /** Monotonic start of the run. */
  readonly originMs: number;
  readonly waitedMs: number;
  readonly sizeRefusedBefore: boolean;
  /** Authorization of the whole run, asked through the transport of the running attempt. */
  readonly authorizer: (transport: Transport) => Authorizer;
  readonly signal: AbortSignal;
  readonly onProgress: (step: Step, sentBytes: number) => void;
}

export interface AttemptResult {
  readonly attempt: Attempt;
  /** The session as it was left; undefined when none was opened or the registry closed it by committing. */
  readonly openSession?: UploadSession;
  readonly pathFacts: PathFacts;
  /** It failed in the ping, which the client does once, outside its retries. */
  readonly endedInPing: boolean;
}

/** One try at pushing one blob as the client does it, over connections of its own. Never throws. */
export async function attemptPush(context: AttemptContext): Promise<AttemptResult> {
  return new PushAttempt(context).run();
}

class PushAttempt {
  readonly #context: AttemptContext;
  readonly #recorder: Recorder;
  #step: Step = 'auth';
  #session: UploadSession | undefined;
  #pinging = false;

  constructor(context: AttemptContext) {
    this.#context = context;
    this.#recorder = new Recorder(context.originMs);
  }

  async run(): Promise<AttemptResult> {
    const { clock } = this.#context.deps;
    const startedMs = clock.nowMs();
    const transport = this.#openTransport();
    let failure: Failure | undefined;
    try {
      await this.#push(this.#openClient(transport));
    } catch (error) {
      failure = this.#classify(error);
    }
    const endedMs = clock.nowMs();
    await transport.close();
    return this.#result(startedMs, endedMs, failure);
  }

  async #push(client: RegistryClient): Promise<void> {
    const { check, blob, number } = this.#context;
    const { client: profile } = check;
    if (profile.ping && number === 1) {
      this.#pinging = true;
      await ping(client);
      this.#pinging = false;
    }
    if (profile.headBefore) {
      // A fresh digest is never there; a rotated one may be, and then the client would not push: it is pushed anyway, and the
      // request still shows how the path treats HEAD.
      await blobExists(client, blob.payload.digest, profile.headHeaders ?? {});
    }
    await wireShapes[profile.shape]({
      client,
      profile,
      payload: blob.payload,
      onSession: (session) => (this.#session = session),
    });
    if (profile.headAfter) {
      await verifyBlob(client, blob.payload.digest, blob.payload.sizeBytes);
    }
  }

  #openTransport(): Transport {
    const { check, deps } = this.#context;
    return createTransport(check.path, {
      ...transportDefaults,
      httpVersion: check.client.httpVersion,
      now: () => deps.clock.nowMs(),
      pacer: deps.pacer,
      onExchange: (exchange) => this.#recorder.add(this.#step, exchange),
      onProgress: (sentBytes) => {
        if (this.#step === 'send') {
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
      onStep: (step) => {
        this.#step = step;
        onProgress(step, this.#recorder.sentBytes);
      },
    });
  }

  #classify(error: unknown): Failure {
    const { check, blob, sizeRefusedBefore } = this.#context;
    return classify(error, {
      step: this.#step,
      blob: blob.name,
      uploadStarted: this.#session !== undefined,
      sentBytes: this.#recorder.sentBytes,
      acknowledgedBytes: this.#session?.acknowledgedBytes,
      acknowledges: check.client.shape.startsWith('patch-'),
      sizeRefusedBefore,
    });
  }

  #result(startedMs: number, endedMs: number, failure: Failure | undefined): AttemptResult {
    const { blob, number, originMs, waitedMs } = this.#context;
    const committed = failure === undefined || failure.phase === 'verify';
    return {
      attempt: {
        blob: blob.name,
        number,
        startMs: startedMs - originMs,
        durationMs: endedMs - startedMs,
        waitedMs,
        phaseMs: this.#recorder.phaseMs,
        sentBytes: this.#recorder.sentBytes,
        acknowledgedBytes: committed ? blob.payload.sizeBytes : (this.#session?.acknowledgedBytes ?? 0),
        requests: this.#recorder.requests,
        ...(failure === undefined ? {} : { failure }),
      },
      pathFacts: this.#recorder.pathFacts,
      endedInPing: this.#pinging,
      ...(this.#session === undefined || committed ? {} : { openSession: this.#session }),
    };
  }
}

import { setMaxListeners } from 'node:events';

/** Why we ended something ourselves; the reason of its AbortSignal. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly kind: 'deadline' | 'cancelled';

  constructor(kind: 'deadline' | 'cancelled') {
    super(kind === 'deadline' ? 'the run reached its timeout' : 'the run was cancelled');
    this.kind = kind;
  }
}

/** Whether an error is that of a run which we ended: no answer of the registry's, and nothing to go on from. */
export function endedByUs(error: unknown): boolean {
  return error instanceof RunAborted || (error instanceof Error && error.cause instanceof RunAborted);
}

/** A signal that aborts with its caller's, at its deadline, or by `cancel`. Its reason is always a RunAborted. */
export class BoundedSignal {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onCaller = (): void => {
    const reason: unknown = this.#caller?.reason;
    this.#controller.abort(reason instanceof RunAborted ? reason : new RunAborted('cancelled'));
  };
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal | undefined, timeoutMs?: number) {
    this.#caller = caller;
    // Layers side by side listen to one signal, each several times: more than ten are no leak.
    setMaxListeners(0, this.signal);
    // Not AbortSignal.any: on a signal that lives as long as the daemon it keeps a little of each run (nodejs/node#54614).
    if (caller?.aborted === true) this.#onCaller();
    else caller?.addEventListener('abort', this.#onCaller);
    if (timeoutMs !== undefined) this.startDeadline(timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends it `timeoutMs` from now. */
  startDeadline(timeoutMs: number): void {
    this.#timer = setTimeout(() => this.#controller.abort(new RunAborted('deadline')), timeoutMs);
  }

  cancel(): void {
    this.#controller.abort(new RunAborted('cancelled'));
  }

  /** Lets go of the caller's signal and of the deadline. Must be called once the work is over. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onCaller);
  }
}

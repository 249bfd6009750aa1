import { RunAborted } from './aborted.ts';

/** The two ways in which we end a run: its deadline, and its caller (shutdown, reload, Ctrl-C). */
export class RunEnding {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #onCaller = (): void => this.#controller.abort(new RunAborted('cancelled'));
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal) {
    this.#caller = caller;
    if (caller.aborted) {
      this.#onCaller();
    } else {
      // Not AbortSignal.any: on a signal that lives as long as the daemon it keeps a little of each run (nodejs/node#54614).
      caller.addEventListener('abort', this.#onCaller, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  startDeadline(timeoutMs: number): void {
    this.#timer = setTimeout(() => this.#controller.abort(new RunAborted('deadline')), timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#onCaller);
  }
}

import type { Redactor } from '../../network/secrets/redactor.ts';
import type { Transport } from '../../network/transport.ts';
import { openTransport } from '../../registry/open-client.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { clientOf } from '../check-client.ts';
import { ownClient } from '../clients/controls.ts';
import type { RunDeps } from '../deps.ts';
import type { NeighbourFacts, Progress } from '../outcome.ts';
import { barePing } from './bare-ping.ts';

/** Between an answer and the next question. */
const everyMs = 250;
/** Longest wait for one answer. */
const patienceMs = 10_000;
/** Of one push: a long one is asked about during its first minute. */
const mostQuestions = 240;
/** Answers before the push, besides that of the opening; for all of them together there are `beforeMs`. */
const answersBefore = 3;
const beforeMs = 3_000;
/** Fewer questions than this beside the push say nothing. */
const fewest = 3;

/**
 * Somebody else on the path: asks GET /v2/ without a login over a connection of its own, a few times before a push, and a few times a
 * second while its bodies are under way. Any answer counts, a refusal too. What goes wrong here is no failure of the push, and
 * nothing here throws.
 */
export class Neighbour {
  readonly #check: Check;
  readonly #transport: Transport;
  readonly #clock: RunDeps['clock'];
  readonly #ending: BoundedSignal;
  readonly #idleMs: number[] = [];
  readonly #loadedMs: number[] = [];
  #unanswered = 0;
  #isSending = false;
  #asking: Promise<void> = Promise.resolve();

  constructor(check: Check, deps: Pick<RunDeps, 'clock' | 'wire'>, redactor: Redactor, signal: AbortSignal) {
    this.#check = check;
    this.#clock = deps.clock;
    this.#ending = new BoundedSignal(signal);
    this.#transport = openTransport({ ...clientOf(check, deps, redactor), client: ownClient(userAgent) });
  }

  /** How quick the path is with nobody on it. Resolves after some 3 s at most. */
  async askBefore(): Promise<void> {
    const endMs = this.#clock.nowMs() + beforeMs;
    if ((await this.#ask(beforeMs)) === undefined) return;
    while (this.#idleMs.length < answersBefore) {
      const tookMs = await this.#ask(endMs - this.#clock.nowMs());
      if (tookMs === undefined) return;
      this.#idleMs.push(tookMs);
    }
  }

  /** Begins to ask, whenever the push says that it is sending. */
  start(): void {
    this.#asking = this.#askBeside();
  }

  /** What the push says of itself. */
  hear({ phase, waitingMs }: Pick<Progress, 'phase' | 'waitingMs'>): void {
    this.#isSending = phase === 'send' && waitingMs === undefined;
  }

  /** Ends the asking. Undefined: too few answers to say anything. */
  async end(): Promise<NeighbourFacts | undefined> {
    this.#ending.cancel();
    await this.#asking;
    this.#ending.stop();
    await this.#transport.close();
    const asked = this.#loadedMs.length + this.#unanswered;
    const idleMs = median(this.#idleMs);
    if (idleMs === undefined || asked < fewest) return undefined;
    const sorted = this.#loadedMs.toSorted((a, b) => a - b);
    return { idleMs, loadedMs: median(sorted), worstMs: sorted.at(-1), asked, unanswered: this.#unanswered };
  }

  async #askBeside(): Promise<void> {
    const { signal } = this.#ending;
    for (let asked = 0; asked < mostQuestions && !signal.aborted; ) {
      await this.#clock.sleep(everyMs, signal).catch(() => {});
      if (signal.aborted || !this.#isSending) continue;
      asked += 1;
      const tookMs = await this.#ask(patienceMs);
      if (tookMs !== undefined) this.#loadedMs.push(tookMs);
      // What the end of the push took away was not left unanswered.
      else if (!signal.aborted) this.#unanswered += 1;
    }
  }

  /** Milliseconds to the head of an answer and its end; undefined: none within `timeoutMs`. */
  async #ask(timeoutMs: number): Promise<number | undefined> {
    const { path } = this.#check;
    const startMs = this.#clock.nowMs();
    const answer = await barePing(this.#transport, { path, userAgent, timeoutMs, signal: this.#ending.signal });
    return answer === undefined ? undefined : this.#clock.nowMs() - startMs;
  }
}

const userAgent = 'blobprobe (neighbour)';

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

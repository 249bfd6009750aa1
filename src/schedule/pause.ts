import { type Clock, systemClock } from './clock.ts';

/** Since when nothing runs, and until when; without `until` somebody has to resume. */
export interface PauseState {
  readonly since: Date;
  readonly until?: Date;
}

/** Who paused or resumed: a request over HTTP, a signal, or the end of the time that was asked for. */
type PausedBy = 'request' | 'signal' | 'time';

/** The kill switch: one for everything that sends bytes. In memory: a new process is not paused. */
export class PauseSwitch {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #now: () => Date;
  readonly #listeners: ((state: PauseState | undefined, by: PausedBy) => void)[] = [];
  #state: PauseState | undefined;
  #cancelTimer = (): void => {};

  constructor(clock: Pick<Clock, 'setTimer'> = systemClock(), now: () => Date = () => new Date()) {
    this.#clock = clock;
    this.#now = now;
  }

  /** undefined: not paused. */
  state(): PauseState | undefined {
    return this.#state;
  }

  /** Pauses, for `forMs` or until resumed. When it is paused already only the end changes. */
  pause(by: PausedBy, forMs?: number): PauseState {
    const at = this.#now();
    const until = forMs === undefined ? undefined : new Date(at.getTime() + forMs);
    const next = { since: this.#state?.since ?? at, until };
    this.#change(next, by);
    this.#cancelTimer = forMs === undefined ? () => {} : this.#clock.setTimer(forMs, () => this.resume('time'));
    return next;
  }

  resume(by: PausedBy): void {
    if (this.#state !== undefined) this.#change(undefined, by);
  }

  /** Told of each change, in the order of the calls. */
  onChange(listener: (state: PauseState | undefined, by: PausedBy) => void): void {
    this.#listeners.push(listener);
  }

  #change(next: PauseState | undefined, by: PausedBy): void {
    this.#cancelTimer();
    this.#state = next;
    this.#listeners.forEach((listener) => listener(next, by));
  }
}

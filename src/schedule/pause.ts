import { type Clock, systemClock } from './clock.ts';

/** Since when nothing runs, and until when; without `until` somebody has to resume. */
export interface PauseState {
  readonly since: Date;
  readonly until?: Date;
}

/** Who paused or resumed: a request over HTTP, a signal, or the end of the time that was asked for. */
export type PausedBy = 'request' | 'signal' | 'time';

/** The kill switch: one for everything that sends bytes. In memory: a new process is not paused. */
export interface PauseSwitch {
  /** undefined: not paused. */
  state(): PauseState | undefined;
  /** Pauses, for `forMs` or until resumed. When it is paused already only the end changes. */
  pause(by: PausedBy, forMs?: number): PauseState;
  resume(by: PausedBy): void;
  /** Told of each change, in the order of the calls. */
  onChange(listener: (state: PauseState | undefined, by: PausedBy) => void): void;
}

export function createPauseSwitch(
  clock: Pick<Clock, 'setTimer'> = systemClock(),
  now: () => Date = () => new Date(),
): PauseSwitch {
  const listeners: ((state: PauseState | undefined, by: PausedBy) => void)[] = [];
  let state: PauseState | undefined;
  let cancelTimer = (): void => {};

  function change(next: PauseState | undefined, by: PausedBy): void {
    cancelTimer();
    state = next;
    listeners.forEach((listener) => listener(next, by));
  }

  function resume(by: PausedBy): void {
    if (state !== undefined) {
      change(undefined, by);
    }
  }

  return {
    state: () => state,
    pause(by, forMs) {
      const at = now();
      const until = forMs === undefined ? {} : { until: new Date(at.getTime() + forMs) };
      const next = { since: state?.since ?? at, ...until };
      change(next, by);
      cancelTimer = forMs === undefined ? () => {} : clock.setTimer(forMs, () => resume('time'));
      return next;
    },
    resume,
    onChange: (listener) => void listeners.push(listener),
  };
}

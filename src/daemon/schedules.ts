import { Schedule } from '../schedule/schedule.ts';
import type { ScheduleObserver, Task } from '../schedule/task-loop.ts';
import { TransferLimit } from '../schedule/transfer-limit.ts';
import type { Logger } from './log.ts';

/** What queues for a transfer, and what does not. */
export interface Tasks {
  readonly pushes: readonly Task[];
  readonly light: readonly Task[];
}

interface SchedulesOptions {
  /** Of the pushes. */
  readonly observer: ScheduleObserver;
  readonly limit: TransferLimit;
  readonly isPaused: () => boolean;
  readonly log: Logger;
}

/** Looks and slow pushes at the same time; they move next to nothing, so that they disturb no measurement. */
const lightTasksAtOnce = 4;

/**
 * When the daemon's tasks run, what they are is `ScheduledTasks`' to say: two `Schedule`s as one, of what queues for a transfer and of what
 * does not. Both run from now on.
 */
export class Schedules {
  readonly #pushes: Schedule;
  readonly #light: Schedule;
  readonly #log: Logger;

  constructor(tasks: Tasks, { observer, limit, isPaused, log }: SchedulesOptions) {
    const lightObserver: ScheduleObserver = {
      started: () => {},
      skipped: ({ id, cause, slots }) => log.debug('task skipped', { task: id, cause, slots }),
      misbehaved: ({ id, error }) => log.error('task broke its contract', { task: id, error: String(error) }),
    };
    const lightLimit = new TransferLimit(lightTasksAtOnce);
    this.#log = log;
    this.#pushes = new Schedule({ tasks: tasks.pushes, observer, limit, isPaused });
    this.#light = new Schedule({ tasks: tasks.light, observer: lightObserver, limit: lightLimit, isPaused });
  }

  get active(): boolean {
    return this.#pushes.active;
  }

  dueInMs(id: string): number | undefined {
    return this.#pushes.dueInMs(id);
  }

  interrupt(): void {
    this.#pushes.interrupt();
    this.#light.interrupt();
  }

  update({ pushes, light }: Tasks): void {
    this.#pushes.update(pushes);
    this.#light.update(light);
  }

  /** Aborts what runs; resolves when it has ended, or after `boundMs`. Names in the log what has not. */
  async stop(boundMs: number): Promise<void> {
    const late = await Promise.all([this.#pushes.stop(boundMs), this.#light.stop(boundMs)]);
    for (const task of late.flat()) this.#log.error('push did not end in time', { task });
  }
}

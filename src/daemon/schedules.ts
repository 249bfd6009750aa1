import { type Schedule, startSchedule } from '../schedule/schedule.ts';
import type { ScheduleObserver, Task } from '../schedule/task-loop.ts';
import { TransferLimit } from '../schedule/transfer-limit.ts';
import type { Logger } from './log.ts';

/** What queues for a transfer, and what does not. */
export interface Tasks {
  readonly pushes: readonly Task[];
  readonly light: readonly Task[];
}

/** The daemon's two schedules, as one. */
export interface Schedules extends Pick<Schedule, 'active' | 'interrupt' | 'dueInMs'> {
  update(tasks: Tasks): void;
  /** Aborts what runs; resolves when it has ended, or after `boundMs`. Names in the log what has not. */
  stop(boundMs: number): Promise<void>;
}

interface SchedulesOptions {
  /** Of the pushes. */
  readonly observer: ScheduleObserver;
  readonly limit: TransferLimit;
  readonly isPaused: () => boolean;
  readonly log: Logger;
}

/** Looks and slow searches at the same time; they move next to nothing, so that they disturb no measurement. */
const lightTasksAtOnce = 4;

/** Runs the tasks from now on. */
export function startSchedules(tasks: Tasks, options: SchedulesOptions): Schedules {
  const { observer, limit, isPaused, log } = options;
  const lightObserver: ScheduleObserver = {
    started: () => {},
    skipped: ({ id, cause, slots }) => log.debug('task skipped', { task: id, cause, slots }),
    misbehaved: ({ id, error }) => log.error('task broke its contract', { task: id, error: String(error) }),
  };
  const pushes = startSchedule({ tasks: tasks.pushes, observer, limit, isPaused });
  const light = startSchedule({
    tasks: tasks.light,
    observer: lightObserver,
    limit: new TransferLimit(lightTasksAtOnce),
    isPaused,
  });
  return {
    get active() {
      return pushes.active;
    },
    dueInMs: (id) => pushes.dueInMs(id),
    interrupt() {
      pushes.interrupt();
      light.interrupt();
    },
    update(next) {
      pushes.update(next.pushes);
      light.update(next.light);
    },
    async stop(boundMs) {
      const late = await Promise.all([pushes.stop(boundMs), light.stop(boundMs)]);
      for (const task of late.flat()) log.error('push did not end in time', { task });
    },
  };
}

import { type Clock, systemClock } from './clock.ts';
import { planSlots, type SlotPlan } from './slots.ts';
import { type LoopDeps, type ScheduleObserver, type Task, TaskLoop } from './task-loop.ts';
import type { TransferLimit } from './transfer-limit.ts';

export interface ScheduleOptions {
  readonly tasks: readonly Task[];
  readonly observer: ScheduleObserver;
  /** Where the runs queue, with whatever else queues there: two at once would share the line, and neither would measure it. */
  readonly limit: TransferLimit;
  /** Each task first runs within this time or its interval, whichever is shorter. Default 60 s. */
  readonly startWindowMs?: number;
  readonly clock?: Clock;
  /** While true no slot starts anything; looked at when a slot comes. Call `interrupt` when it becomes true. Default: never. */
  readonly isPaused?: () => boolean;
}

/** Tasks that run by the clock until `stop`, whatever they are: one loop for each. Throws when two tasks have the same id. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #deps: LoopDeps;
  readonly #loops = new Map<string, TaskLoop>();
  #active = true;

  constructor(options: ScheduleOptions) {
    const { limit, observer, clock = systemClock(), isPaused = () => false } = options;
    this.#options = options;
    this.#deps = { clock, limit, observer, isPaused };
    this.update(options.tasks);
  }

  /** True until `stop`. */
  get active(): boolean {
    return this.#active;
  }

  /** Puts these tasks in force. Those whose id goes on keep their slots and what they are running; the runs of others are aborted. */
  update(tasks: readonly Task[]): void {
    if (!this.#active) return;
    const plans = plan(tasks, this.#options, this.#deps.clock.nowMs());
    for (const [id, loop] of this.#loops) {
      if (!plans.has(id)) {
        // Kept until its run has ended: should the id come back before, it must not run twice at once.
        void loop.retire().then(() => loop.retired && this.#loops.delete(id));
      }
    }
    for (const { task, slots } of plans.values()) {
      const loop = this.#loops.get(task.id);
      if (loop === undefined) this.#loops.set(task.id, new TaskLoop(task, slots, this.#deps));
      else loop.follow(task, slots);
    }
  }

  /** Aborts all runs, also those that wait for a transfer. Slots to come are not touched: `isPaused` decides about them. */
  interrupt(): void {
    this.#loops.forEach((loop) => loop.interrupt());
  }

  /** No further runs; aborts those under way. Resolves when they have ended, or after `boundMs` with the ids of those that have not. */
  async stop(boundMs: number): Promise<readonly string[]> {
    this.#active = false;
    const ended = Promise.all([...this.#loops.values()].map((loop) => loop.retire()));
    await withinBound(ended, boundMs, this.#deps.clock);
    return [...this.#loops].filter(([, loop]) => loop.running).map(([id]) => id);
  }

  /** Milliseconds until the next slot of the task; undefined: there is no such task. */
  dueInMs(id: string): number | undefined {
    return this.#loops.get(id)?.dueInMs;
  }
}

function plan(
  tasks: readonly Task[],
  options: ScheduleOptions,
  startMs: number,
): Map<string, { readonly task: Task; readonly slots: SlotPlan }> {
  const slots = planSlots(tasks, { startMs, startWindowMs: options.startWindowMs ?? 60_000 });
  const planned = new Map<string, { task: Task; slots: SlotPlan }>();
  for (const task of tasks) {
    const own = slots.get(task.id);
    if (own === undefined || planned.has(task.id)) throw new Error(`two tasks with the id ${task.id}`);
    planned.set(task.id, { task, slots: own });
  }
  return planned;
}

async function withinBound(work: Promise<unknown>, boundMs: number, clock: Clock): Promise<void> {
  let cancel = (): void => {};
  const bound = new Promise<void>((resolve) => {
    cancel = clock.setTimer(boundMs, resolve);
  });
  await Promise.race([work, bound]);
  cancel();
}

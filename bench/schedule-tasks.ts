import type { Task } from '../src/schedule/task-loop.ts';

export const checks = 5_000;
export const minuteMs = 60_000;

/** As many tasks, of which each run ends at once. */
export function tasksOf(intervalMs: number): Task[] {
  return Array.from({ length: checks }, (_, n) => ({
    id: `task-${n}`,
    intervalMs,
    timeoutMs: intervalMs,
    run: () => Promise.resolve(),
  }));
}

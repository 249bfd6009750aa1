import type { Turn } from '../../src/schedule/task-loop.ts';

/** For tasks that a test runs by itself: nobody else waits for a transfer. */
export const atOnce: Turn = () => Promise.resolve();

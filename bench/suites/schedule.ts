import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { planSlots, slotMs } from '../../src/schedule/slots.ts';
import { answerOf } from '../apart.ts';
import { rowOf } from '../figures.ts';
import type { ScheduleOrder, ScheduleReport } from '../schedule-process.ts';
import { checks, minuteMs, tasksOf } from '../schedule-tasks.ts';
import type { Row, Suite } from '../suite.ts';

/** The schedule alone, in a process of its own. */
export const scheduleSuite: Suite = {
  name: 'schedule',
  what: `the schedule with ${checks} tasks: how evenly it starts them, how late, and what it costs`,
  async run({ runs, progress }) {
    const order: ScheduleOrder = { runs };
    const file = fileURLToPath(new URL('../schedule-process.js', import.meta.url));
    const { rows } = await answerOf<ScheduleReport>(fork(file, [JSON.stringify(order)]), progress);
    return [...evenness(), ...rows];
  },
};

/** Starts in each second of the first minute, and in each ten of a later interval, against what an even spread would be. */
function evenness(): Row[] {
  const plans = [...planSlots(tasksOf(5 * minuteMs), { startMs: 0, startWindowMs: minuteMs }).values()];
  const perBin = (times: readonly number[], bins: number, fromMs: number, binMs: number): number[] => {
    const counts = Array.from({ length: bins }, () => 0);
    for (const at of times) {
      const bin = Math.floor((at - fromMs) / binMs);
      if (bin >= 0 && bin < bins) counts[bin]! += bins / checks;
    }
    return counts;
  };
  const first = plans.map((plan) => slotMs(plan, 0));
  const later = plans.flatMap((plan) => [2, 3, 4].map((index) => slotMs(plan, index)));
  const unit = '× even';
  const subject = `${checks} tasks every 5m`;
  return [
    rowOf({ subject, figure: 'starts a second, first minute', unit }, perBin(first, 60, 0, 1_000), {
      goal: { of: 'max', atMost: 1.2 },
    }),
    rowOf(
      { subject, figure: 'starts in ten seconds, later (with jitter)', unit },
      perBin(later, 30, 15 * minuteMs, 10_000),
      {
        goal: { of: 'max', atMost: 1.3 },
      },
    ),
  ];
}

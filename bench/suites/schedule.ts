import { setTimeout as sleep } from 'node:timers/promises';
import { startSchedule } from '../../src/schedule/schedule.ts';
import { planSlots, slotMs } from '../../src/schedule/slots.ts';
import type { ScheduleObserver, Task } from '../../src/schedule/task-loop.ts';
import { rowOf } from '../figures.ts';
import type { BenchContext, Row, Suite } from '../suite.ts';

const checks = 5_000;
const minuteMs = 60_000;
const watchedMs = 20_000;

/** The schedule alone, in this process: its tasks end at once. */
export const scheduleSuite: Suite = {
  name: 'schedule',
  what: `the schedule with ${checks} tasks: how evenly it starts them, how late, and what it costs`,
  async run(context) {
    const rows: Row[] = evenness();
    for (const everyMinutes of [1, 5]) {
      rows.push(...(await watched(everyMinutes, context)));
    }
    rows.push(await bareTimers(context));
    return rows;
  },
};

function tasksOf(intervalMs: number): Task[] {
  return Array.from({ length: checks }, (_, n) => ({
    id: `task-${n}`,
    intervalMs,
    timeoutMs: intervalMs,
    run: () => Promise.resolve(),
  }));
}

/** Starts in each second of the first minute, and in each ten of a later interval, against what an even spread would be. */
function evenness(): Row[] {
  const plans = [...planSlots(tasksOf(5 * minuteMs), { startMs: 0, startWindowMs: minuteMs, seed: 'bench' }).values()];
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

/** What it costs Node.js to wake up as often as 5,000 tasks a minute do, and to do nothing: no schedule costs less. */
async function bareTimers({ runs, progress }: BenchContext): Promise<Row> {
  const figures: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    progress(`bare timers: run ${run} of ${runs}`);
    const timer = setInterval(() => {}, minuteMs / checks);
    figures.push(await cpuPercent());
    clearInterval(timer);
  }
  const note = 'a timer that fires as often as 5000 tasks every 1m';
  return rowOf({ subject: 'bare timer', figure: 'CPU of the schedule', unit: '% of a core', note }, figures);
}

/** Of this process, while nothing else happens in it. */
async function cpuPercent(): Promise<number> {
  const before = process.cpuUsage();
  await sleep(watchedMs);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / watchedMs;
}

async function watched(everyMinutes: number, { runs, progress }: BenchContext): Promise<Row[]> {
  const lags: number[] = [];
  const cpu: number[] = [];
  const subject = `${checks} tasks every ${everyMinutes}m`;
  for (let run = 1; run <= runs; run += 1) {
    progress(`${subject}: run ${run} of ${runs}`);
    const observer: ScheduleObserver = {
      started: ({ lagMs }) => lags.push(lagMs),
      skipped: () => {},
      misbehaved: () => {},
    };
    const startWindowMs = everyMinutes * minuteMs;
    const schedule = startSchedule({ tasks: tasksOf(startWindowMs), observer, transfers: checks, startWindowMs });
    await sleep(1_000);
    cpu.push(await cpuPercent());
    await schedule.stop(1_000);
  }
  return [
    rowOf({ subject, figure: 'start after its slot', unit: 'ms' }, lags, { goal: { of: 'p99', atMost: 20 } }),
    // Idle is a check every few minutes; every minute these are 83 starts a second.
    rowOf(
      { subject, figure: 'CPU of the schedule', unit: '% of a core' },
      cpu,
      everyMinutes >= 5 ? { goal: { of: 'median', atMost: 1 } } : {},
    ),
  ];
}

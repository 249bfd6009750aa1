import { setTimeout as sleep } from 'node:timers/promises';
import { Schedule } from '../src/schedule/schedule.ts';
import type { ScheduleObserver } from '../src/schedule/task-loop.ts';
import { TransferLimit } from '../src/schedule/transfer-limit.ts';
import { rowOf } from './figures.ts';
import { checks, minuteMs, tasksOf } from './schedule-tasks.ts';
import type { Row } from './suite.ts';

/** What the process is told, as JSON in its first argument. */
export interface ScheduleOrder {
  readonly runs: number;
}

export interface ScheduleReport {
  readonly rows: readonly Row[];
}

const watchedMs = 20_000;

/** The schedule alone: its tasks end at once, and nothing else is in this process, whose collections would count as its work. */
async function main({ runs }: ScheduleOrder): Promise<ScheduleReport> {
  const rows: Row[] = [];
  for (const everyMinutes of [1, 5]) rows.push(...(await watched(everyMinutes, runs)));
  rows.push(await bareTimers(runs));
  return { rows };
}

const progress = (line: string): void => void process.send?.(line);

/** What it costs Node.js to wake up as often as 5,000 tasks a minute do, and to do nothing: no schedule costs less. */
async function bareTimers(runs: number): Promise<Row> {
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

async function watched(everyMinutes: number, runs: number): Promise<Row[]> {
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
    const limit = new TransferLimit(checks);
    const schedule = new Schedule({ tasks: tasksOf(startWindowMs), observer, limit, startWindowMs });
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

process.once('disconnect', () => process.exit());
const report = await main(JSON.parse(process.argv[2] ?? '{}') as ScheduleOrder);
process.send?.(report);

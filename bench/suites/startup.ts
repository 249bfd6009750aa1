import { oneCheck, startDaemon } from '../daemon.ts';
import { interleave, rowOf } from '../figures.ts';
import { cpuSeconds, measureProgram } from '../programs.ts';
import type { Suite } from '../suite.ts';

/** Cheap enough to be measured more often than the rest. */
const runsOfRuns = 4;

/** How long a user or a rollout waits for the first metrics. */
export const startupSuite: Suite = {
  name: 'startup',
  what: 'start of the process to the first answered scrape, of the built program',
  async run(context) {
    const runs = context.runs * runsOfRuns;
    const measured = await interleave<Start>({ ...context, runs }, [
      { name: 'blobprobe', measure: measureDaemon },
      { name: 'node', measure: measureNode },
    ]);
    const goal = { of: 'median', atMost: 500 } as const;
    return [...measured].flatMap(([subject, starts]) => {
      const figure = subject === 'node' ? 'start to end of an empty program' : 'start to first scrape';
      const wall = starts.map((one) => one.wallMs);
      const cpu = starts.map((one) => one.cpuMs);
      return [
        rowOf({ subject, figure, unit: 'ms' }, wall, subject === 'node' ? {} : { goal }),
        rowOf({ subject, figure: `${figure}, processor time of all threads`, unit: 'ms' }, cpu),
      ];
    });
  },
};

interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function measureDaemon(): Promise<Start> {
  const daemon = await startDaemon(oneCheck('http://127.0.0.1:9', 'docker', '1MiB'));
  const cpuMs = cpuSeconds(daemon.pid) * 1000;
  await daemon.stop();
  return { wallMs: daemon.firstScrapeMs, cpuMs };
}

async function measureNode(): Promise<Start | undefined> {
  const cost = await measureProgram(process.execPath, ['--eval', '0']);
  return cost && { wallMs: cost.wallSeconds * 1000, cpuMs: cost.cpuSeconds * 1000 };
}

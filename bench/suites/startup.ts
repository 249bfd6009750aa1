import { oneCheck, startDaemon } from '../daemon.ts';
import { interleave, rowOf } from '../figures.ts';
import { measureProgram } from '../programs.ts';
import type { Suite } from '../suite.ts';

/** Cheap enough to be measured more often than the rest. */
const runsOfRuns = 4;

/** How long a user or a rollout waits for the first metrics. */
export const startupSuite: Suite = {
  name: 'startup',
  what: 'start of the process to the first answered scrape, of the built program',
  async run(context) {
    const runs = context.runs * runsOfRuns;
    const measured = await interleave({ ...context, runs }, [
      { name: 'blobprobe', measure: measureDaemon },
      { name: 'node', measure: measureNode },
    ]);
    const figures = (name: string): readonly number[] => measured.get(name) ?? [];
    return [
      rowOf({ subject: 'blobprobe', figure: 'start to first scrape', unit: 'ms' }, figures('blobprobe'), {
        goal: { of: 'median', atMost: 500 },
      }),
      rowOf({ subject: 'node', figure: 'start to end of an empty program', unit: 'ms' }, figures('node')),
    ];
  },
};

async function measureDaemon(): Promise<number> {
  const daemon = await startDaemon(oneCheck('http://127.0.0.1:9', 'docker', '1MiB'));
  await daemon.stop();
  return daemon.firstScrapeMs;
}

async function measureNode(): Promise<number | undefined> {
  const cost = await measureProgram(process.execPath, ['--eval', '0']);
  return cost && cost.wallSeconds * 1000;
}

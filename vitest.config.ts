import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// What mostly waits goes first: at the end it would keep one worker waiting alone.
const longFiles = /\/(?:demo-program|check-alerts|faults\/faults|diagnose-\w+|report|secrets)\.test\.ts$/;

class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => longFiles.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// Tests of rules, boards, chart and packaging run other programs than Node.js; the tables of diagnoses, the report and the whole demonstration
// are about judgement and take a minute each: on a second and third Node.js they say nothing new.
const onceOnly = [
  'test/prometheus/**',
  'test/grafana/**',
  'test/helm/**',
  'test/packaging/**',
  'test/probe/diagnose-{lab,pairs,registry}.test.ts',
  'test/cli/report.test.ts',
  'test/demo-program.test.ts',
];
// A shared machine may stall any process for seconds; what fails twice in a row is a failure. Locally nothing is tried again.
const retry = process.env['CI'] === 'true' ? 1 : 0;
const repeated = process.env['BLOBPROBE_REPEATED_RUN'] === '1';

export default defineConfig({
  test: {
    // Most tests wait for sockets and child processes: on two cores vitest would use one, and two use half of what there is.
    maxWorkers: 3,
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', ...(repeated ? onceOnly : [])],
          retry,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          globalSetup: ['test/real/support/build.ts'],
          retry,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

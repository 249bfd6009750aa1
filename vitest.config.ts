import { defineConfig } from 'vitest/config';

// Tests of rules, boards, chart and packaging run other programs than Node.js, and the tables of diagnoses are about judgement, not about
// sockets: on a second and third Node.js they say nothing new.
const onceOnly = [
  'test/prometheus/**',
  'test/grafana/**',
  'test/helm/**',
  'test/packaging/**',
  'test/probe/diagnose-{lab,pairs,registry}.test.ts',
];
// A shared machine may stall any process for seconds; what fails twice in a row is a failure. Locally nothing is tried again.
const retry = process.env['CI'] === 'true' ? 1 : 0;
const repeated = process.env['BLOBPROBE_REPEATED_RUN'] === '1';

export default defineConfig({
  test: {
    // Most tests wait for sockets and child processes; on two cores vitest would use one.
    maxWorkers: 2,
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

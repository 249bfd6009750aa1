import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Push through scaled clocks, or measure this process: one after the other, with a scale that follows how late the process is. */
const labFiles = [
  'test/behaviour/daemon/{many-checks,memory-limit,reload-under-load}.test.ts',
  'test/behaviour/diagnose/{lab,pairs,registry}.test.ts',
  'test/behaviour/failures/{failures,hostile}.test.ts',
  'test/behaviour/hostile/**/*.test.ts',
  'test/behaviour/lab/{abuse,faults,presets-engine,quirks,skopeo}.test.ts',
  'test/behaviour/limits/duration.test.ts',
  'test/behaviour/network/timing.test.ts',
  'test/behaviour/progress/progress.test.ts',
  'test/daemon/{cpu-throttling,engine}.test.ts',
  'test/faults/{faults,invariants}.test.ts',
  'test/lab/lab.test.ts',
  'test/probe/leftovers/left-session.test.ts',
  'test/publish/metrics/event-loop-lag.test.ts',
  'test/server/slow-clients.test.ts',
];

/** Run the whole program, a shell, Helm or promtool many times, or one function on thousands of inputs, and look at what came of it, whenever it comes: two at a time. */
const labBesideFiles = [
  'test/behaviour/cli/limit-interrupt.test.ts',
  'test/behaviour/daemon/{daemon,daemon-web,demo-program,pause,secrets}.test.ts',
  'test/cli/{completion,limit,push,report}.test.ts',
  'test/behaviour/parsers/fuzz.test.ts',
  'test/helm/chart.test.ts',
  'test/packaging/ci-steps.test.ts',
  'test/faults/process.test.ts',
  'test/probe/judge/classify-anything.test.ts',
  'test/prometheus/{alert-texts,check-alerts,other-alerts,slo}.test.ts',
  'test/publish/metrics/series.test.ts',
];

/** Compare times, or what the kernel counted: one after the other, with nothing beside them. */
const measuringFiles = [
  'test/real/{diagnose,http2-windows,kernel,kernel-ways,limits,long-way,neighbour,truth}.real.test.ts',
];

/** Real components that mostly wait (retries of Docker, alerts, schedules): two files at a time. All others keep the processors busy. */
const waitingFiles = [
  'test/real/{alerts,clients,compose,docs,faults,fidelity,fidelity-failures,fleet,gitea,image}.real.test.ts',
  'test/real/{interrupt,lab-clients,ledger,main-job,proxies,shard,tls}.real.test.ts',
];

// What depends neither on Node.js nor on time is not repeated: rules, boards, chart, packaging, and judgement alone.
const onceOnly = [
  'test/architecture.test.ts',
  'test/prometheus/**',
  'test/grafana/**',
  'test/helm/**',
  'test/packaging/**',
  'test/probe/{advise,clients,compare,diagnose,explain,judge,limits}/**',
  'test/behaviour/**/docs.test.ts',
];
const repeated = process.env['BLOBPROBE_REPEATED_RUN'] === '1';

// What mostly waits goes first: at the end it would keep one worker waiting alone.
const longFiles = [
  'chart',
  'clients',
  'pages',
  'cleanup',
  'demo-program',
  'check-alerts',
  'other-alerts',
  'daemon',
  'secrets',
  'faults',
  'report',
  'alerts.real',
  'fidelity.real',
  'main-job.real',
  'fidelity-failures.real',
  'compose.real',
  'proxies.real',
  'docs.real',
  'gitea.real',
];

const everywhere = {
  // What a test leaves running goes with it.
  setupFiles: ['test/support/setup.ts'],
  globalSetup: ['test/support/built-folder.ts'],
  // The log of continuous integration shows messages, and no differences.
  chaiConfig: { truncateThreshold: 1_000 },
};

class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longFiles.indexOf(basename(moduleId, '.test.ts'));
      return at < 0 ? longFiles.length : at;
    };
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', ...labFiles, ...labBesideFiles, ...(repeated ? onceOnly : [])],
          ...everywhere,
          // Most tests wait for sockets and child processes: on two cores vitest would use one, and two use half of what there is.
          maxWorkers: 3,
          // No test changes a module, and what one changes of the process it puts back: each worker loads `src` once.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'lab',
          include: labFiles,
          ...everywhere,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          expect: { requireAssertions: true, poll: { timeout: 30_000 } },
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'lab-beside',
          include: labBesideFiles,
          ...everywhere,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          expect: { requireAssertions: true, poll: { timeout: 30_000 } },
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          exclude: [...waitingFiles, ...measuringFiles],
          ...everywhere,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'real-waiting',
          include: waitingFiles,
          ...everywhere,
          // Beside `real`, whose only worker is the first: these are the third and the fourth.
          env: { BLOBPROBE_PORT_LANE: '2' },
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'real-measuring',
          include: measuringFiles,
          ...everywhere,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});

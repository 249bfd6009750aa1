import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Cadence, cadences, windowLabel } from '../../prometheus/src/cadence.ts';
import { checkAlerts } from '../../prometheus/src/check-alerts.ts';
import { ruleFileNames } from '../../prometheus/src/rules.ts';
import { describeWithComponents } from '../support/component.ts';
import { type Promtool, promtools, testRules } from './promtool.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { labelsOfCheck, selectorOf, type SimulatedRun, simulate, target } from './simulated-check.ts';

const committed = new URL('../../prometheus/', import.meta.url);

const good: SimulatedRun = { ok: true };
const tooLarge: SimulatedRun = { ok: false, retries: 4 };

/** What a broken time looks like on each path, and every alert that must fire in it, by path: no other may. */
interface Scenario {
  readonly name: string;
  readonly broken: Readonly<Record<string, SimulatedRun | 'no run'>>;
  readonly firing: Readonly<Record<string, readonly string[]>>;
  /** What the runs over a path are like otherwise; `good` where nothing stands here. */
  readonly usual?: Readonly<Record<string, SimulatedRun>>;
  readonly sizeBytes?: number;
  /** Look as soon as the last runs are broken: a fault that lasts becomes the check's usual state. */
  readonly soon?: true;
}

const scenarios: readonly Scenario[] = [
  {
    name: 'one path of two fails',
    broken: { edge: tooLarge, direct: good },
    firing: { edge: ['BlobprobePathFault'] },
  },
  {
    name: 'all paths fail',
    broken: { edge: tooLarge, direct: tooLarge },
    firing: {
      '': ['BlobprobeAllPathsFailing'],
    },
  },
  {
    name: 'the only path fails',
    broken: { edge: tooLarge },
    firing: { edge: ['BlobprobePushFailing'] },
  },
  {
    name: 'credentials are rejected on all paths',
    broken: { edge: { ok: false, reason: 'auth_rejected' }, direct: { ok: false, reason: 'auth_rejected' } },
    firing: { edge: ['BlobprobeAuthFailing'], direct: ['BlobprobeAuthFailing'] },
  },
  {
    name: 'credentials are rejected on one path',
    broken: { edge: { ok: false, reason: 'auth_rejected' }, direct: good },
    firing: {
      edge: ['BlobprobeAuthFailing'],
    },
  },
  {
    name: 'pushes succeed at the third attempt',
    broken: { edge: { ok: true, retries: 2, firstAttemptFailed: true }, direct: good },
    firing: { edge: ['BlobprobeRetriesHigh'] },
  },
  {
    name: 'a first attempt of one blob of many fails',
    broken: { edge: { ok: true, firstAttemptFailed: true }, direct: good },
    firing: { edge: ['BlobprobeFirstAttemptFailures'] },
  },
  {
    name: 'one path gets slower than it was',
    broken: { edge: { ok: true, bytesPerSecond: 3_000_000 }, direct: good },
    firing: { edge: ['BlobprobeThroughputDegraded'] },
    soon: true,
  },
  {
    name: 'one path gets far slower than the other',
    broken: { edge: { ok: true, bytesPerSecond: 500_000 }, direct: good },
    firing: { edge: ['BlobprobeThroughputDegraded'] },
    soon: true,
  },
  {
    name: 'one path gets half as fast',
    broken: { edge: { ok: true, bytesPerSecond: 5_000_000 }, direct: good },
    firing: {},
    soon: true,
  },
  {
    name: 'pushes of 64 KiB get far slower',
    sizeBytes: 65_536,
    broken: { edge: { ok: true, bytesPerSecond: 500_000 }, direct: good },
    firing: {},
    soon: true,
  },
  {
    name: 'one path has always been far slower than the other',
    usual: { edge: { ok: true, bytesPerSecond: 500_000 } },
    broken: { edge: { ok: true, bytesPerSecond: 500_000 }, direct: good },
    firing: {},
  },
  {
    name: 'pulls give other bytes',
    broken: { edge: { ok: true, corrupted: true }, direct: good },
    firing: { edge: ['BlobprobePullCorrupted'] },
  },
  {
    name: 'objects are left behind',
    broken: { edge: { ok: true, leftBehind: 1 }, direct: good },
    firing: { edge: ['BlobprobeCleanupFailing'] },
  },
  {
    name: 'a check no longer runs',
    broken: { edge: 'no run', direct: good },
    firing: { edge: ['BlobprobeCheckStale'] },
  },
];

const minute = 60;
const hour = 60 * minute;
const timings = [
  { every: '1m', intervalSeconds: minute, stepSeconds: minute },
  { every: '30m', intervalSeconds: 30 * minute, stepSeconds: 10 * minute },
  { every: '24h', intervalSeconds: 24 * hour, stepSeconds: 3 * hour },
];

function cadenceOf(intervalSeconds: number): Cadence {
  return cadences.find(({ above, upTo }) => intervalSeconds > above && intervalSeconds <= upTo)!;
}

/** Only the groups of this cadence: promtool needs a minute for a month of all of them. */
function rulesOf(cadence: Cadence, folder: string): { readonly ruleFiles: string[]; readonly groupOrder: string[] } {
  const names = ['blobprobe.state', ...['window', 'alerts'].map((kind) => `blobprobe.${kind}.${windowLabel(cadence)}`)];
  const ruleFiles = ruleFileNames.map((name) => {
    const { groups } = parse(readFileSync(new URL(name, committed), 'utf8')) as { groups: { name: string }[] };
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify({ groups: groups.filter((group) => names.includes(group.name)) }));
    return file;
  });
  return { ruleFiles, groupOrder: names };
}

/** Each scenario has a registry of its own, so that one run of promtool judges all of them. */
function firing(registry: string): string {
  return `ALERTS{alertstate="firing", registry="${registry}"}`;
}

function expected(scenario: Scenario, cadence: Cadence): string[] {
  const severityOf = new Map(checkAlerts(cadence).map(({ alert, severity }) => [alert, severity]));
  return Object.entries(scenario.firing).flatMap(([path, names]) => {
    const { path: _path, ...comparison } = labelsOfCheck({ registry: scenario.name, path });
    const own = path === '' ? comparison : labelsOfCheck({ registry: scenario.name, path });
    return names.map((alertname) => {
      const severity = severityOf.get(alertname) ?? '';
      const labels = { alertname, alertstate: 'firing', severity, window: windowLabel(cadence), ...target, ...own };
      return selectorOf('ALERTS', labels);
    });
  });
}

async function judge(
  tool: Promtool,
  { intervalSeconds, stepSeconds }: (typeof timings)[number],
  scenarios: readonly Scenario[],
): Promise<string> {
  const cadence = cadenceOf(intervalSeconds);
  const { window, hold, keep, recent, pastStep } = cadence;
  const wholeSteps = (seconds: number): number => Math.ceil(seconds / stepSeconds) * stepSeconds;
  const breaksAt = wholeSteps(Math.max(window, recent + 2 * pastStep) + 4 * intervalSeconds);
  const seenAt = breaksAt + wholeSteps(recent + hold + 2 * intervalSeconds);
  const healsAt = breaksAt + wholeSteps(window + hold + 4 * intervalSeconds);
  const end = healsAt + wholeSteps(window + keep + 5 * intervalSeconds);
  const series = scenarios.flatMap(({ name, broken, usual = {}, sizeBytes }) =>
    Object.entries(broken).flatMap(([path, run]) => {
      const runAt = (now: number): SimulatedRun | undefined => {
        if (now <= breaksAt || now > healsAt) return usual[path] ?? good;
        return run === 'no run' ? undefined : run;
      };
      return simulate({ registry: name, path, intervalSeconds, runAt, sizeBytes }, stepSeconds, end);
    }),
  );
  const expectations = scenarios.flatMap((scenario) => {
    const expr = firing(scenario.name);
    return [
      { atSeconds: breaksAt, expr, samples: [] },
      { atSeconds: scenario.soon === true ? seenAt : healsAt, expr, samples: expected(scenario, cadence) },
      { atSeconds: end, expr, samples: [] },
    ];
  });
  const folder = temporaryDirectory('rules');
  try {
    const { output } = await testRules(tool, { ...rulesOf(cadence, folder.path), stepSeconds, series, expectations });
    return output;
  } finally {
    folder.remove();
  }
}

/** What happened once, and is over when somebody looks. */
const past = [
  {
    name: 'one 401, and the next run is fine',
    intervalSeconds: 30 * minute,
    stepSeconds: 10 * minute,
    run: { ok: false, reason: 'auth_rejected' },
    faultSeconds: 30 * minute,
    lookSeconds: [10 * minute, 20 * minute, hour],
  },
  {
    name: 'a fault of half an hour that was healed',
    intervalSeconds: minute,
    stepSeconds: minute,
    run: tooLarge,
    faultSeconds: 30 * minute,
    // Until then PathFault goes on, so as not to come and go between two runs.
    lookSeconds: [42 * minute, 45 * minute, 50 * minute, hour],
  },
  {
    name: 'one failed run after an hour without any',
    intervalSeconds: 30 * minute,
    stepSeconds: 10 * minute,
    run: tooLarge,
    // Less than CheckStale waits for.
    gapSeconds: hour,
    faultSeconds: 30 * minute,
    lookSeconds: [10 * minute, 20 * minute, hour],
  },
];

async function judgePast(
  tool: Promtool,
  {
    name,
    intervalSeconds,
    stepSeconds,
    run,
    gapSeconds = 0,
    ...times
  }: (typeof past)[number] & { gapSeconds?: number },
): Promise<string> {
  const start = 6 * hour;
  const runAt = (now: number): SimulatedRun | undefined => {
    if (now > start - gapSeconds && now <= start) return undefined;
    return now > start && now <= start + times.faultSeconds ? run : good;
  };
  const end = start + 4 * hour;
  const series = ['edge', 'direct'].flatMap((path) =>
    simulate({ registry: name, path, intervalSeconds, runAt: path === 'edge' ? runAt : () => good }, stepSeconds, end),
  );
  const expectations = times.lookSeconds.map((seconds) => {
    const atSeconds = start + Math.max(intervalSeconds, stepSeconds) + seconds;
    return { atSeconds, expr: firing(name), samples: [] };
  });
  const folder = temporaryDirectory('rules');
  try {
    const rules = rulesOf(cadenceOf(intervalSeconds), folder.path);
    return (await testRules(tool, { ...rules, stepSeconds, series, expectations })).output;
  } finally {
    folder.remove();
  }
}

for (const tool of promtools) {
  describeWithComponents([tool], `by ${tool}: what is over`, () => {
    test.each(past)('$name: nothing fires afterwards', async (one) => {
      expect(await judgePast(tool, one)).toContain('SUCCESS');
    });
  });
}

/** promtool takes queries of 10000 samples at most. */
const groups = [scenarios.slice(0, 5), scenarios.slice(5, 10), scenarios.slice(10)];

for (const tool of promtools) {
  describeWithComponents([tool], `alerts about checks, by ${tool}: before, while and after a path is broken`, () => {
    describe.each(timings)('run every $every', (timing) => {
      const outputs = new Map<string, string>();
      beforeAll(async () => {
        for (const group of groups) {
          const output = await judge(tool, timing, group);
          for (const { name } of group) outputs.set(name, output);
        }
      }, 120_000);

      test.each(scenarios)('$name: these alerts fire, no others do, and all resolve', ({ name }) => {
        const output = outputs.get(name) ?? '';
        const blocks = output.split('expr:').filter((block) => block.includes(`registry=\\"${name}\\"`));
        expect(blocks).toEqual([]);
        expect(output).toMatch(/SUCCESS|expr:/);
        expect(output).not.toContain('err:');
      });
    });
  });
}

import { type CauseName, causes } from '../../src/probe/diagnose/causes.ts';
import type { InputSeries } from './promtool.ts';
import { labelsOfCheck, selectorOf, seriesName, type SimulatedRun, simulate, target } from './simulated-check.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const registry = 'gitea';
const stepSeconds = minute;

/** What Prometheus holds when an alert fires, and when that is. */
export interface Example {
  readonly alert: string;
  readonly severity?: string;
  readonly series: readonly InputSeries[];
  readonly atSeconds: number;
}

const good: SimulatedRun = { ok: true };
const own = { phase: 'commit', answered_by: 'registry', blame: 'registry_storage' };
const full: SimulatedRun = { ok: false, reason: 'registry_error', failure: own };
const refused: SimulatedRun = {
  ok: false,
  reason: 'auth_rejected',
  failure: { phase: 'auth', answered_by: 'registry', blame: 'auth_server' },
};
const failed: SimulatedRun = { ok: false, retries: 4 };

/** Checks that run every minute: well at first, for the last quarter of an hour as told; `cause`: what the prober says of the newest failure. */
function checks(
  alert: string,
  paths: Readonly<Record<string, SimulatedRun | 'no run'>>,
  cause: Readonly<Record<string, CauseName>> = {},
): Example {
  // Long enough for a past to compare with.
  const breaksAt = 80 * minute;
  const atSeconds = breaksAt + 25 * minute;
  const series = Object.entries(paths).flatMap(([path, run]) => {
    const runAt = (now: number): SimulatedRun | undefined =>
      now <= breaksAt ? good : run === 'no run' ? undefined : run;
    return simulate({ registry, path, intervalSeconds: minute, runAt }, stepSeconds, atSeconds);
  });
  const known = Object.entries(cause).map(([path, name]) => {
    const { title, remedy, hop = 'ingress' } = causes[name];
    const about = { cause: name, hop, confidence: 'likely', title, remedy };
    return flat(seriesName('lastCauseInfo', { ...labelsOfCheck({ registry, path }), ...about }), 1, atSeconds);
  });
  return { alert, series: [...series, ...known], atSeconds };
}

function flat(series: string, value: number | ((seconds: number) => number), atSeconds: number): InputSeries {
  const values = Array.from({ length: atSeconds / stepSeconds + 1 }, (_, index) =>
    typeof value === 'number' ? value : value(index * stepSeconds),
  );
  return { series, values };
}

type Shown = Readonly<Record<string, number | ((seconds: number) => number)>>;

function levels(alert: string, shown: Shown, atSeconds = hour, severity?: string): Example {
  return {
    alert,
    severity,
    atSeconds,
    series: Object.entries(shown).map(([name, value]) => flat(name, value, atSeconds)),
  };
}

const onPath = { registry, path: 'edge' };
const searched = { ...onPath, client: 'docker', direction: 'push' };
const pulled = { ...searched, direction: 'pull' };
const dropped =
  (before: number, after: number) =>
  (seconds: number): number =>
    seconds < 30 * minute ? before : after;
const expiry = seriesName('tlsCertificateExpiry', onPath);
const skipped = seriesName('runsSkipped', { ...labelsOfCheck({ registry, path: 'edge' }), cause: 'overlap' });
const stale = checks('BlobprobeCheckStale', { edge: 'no run' });
/** Every third push fails, in the second of two hours, against an objective of 99 %. */
function burning(severity: string): Example {
  const atSeconds = 2 * hour;
  const run = { ...onPath, client: 'docker', workload: 'large' };
  const identity = { sloth_id: 'blobprobe-pushes', sloth_service: 'blobprobe', sloth_slo: 'pushes' };
  const shown = {
    [seriesName('runs', run)]: (seconds: number) => seconds / minute,
    [seriesName('runFailures', run)]: (seconds: number) => Math.max(0, Math.floor((seconds - hour) / (3 * minute))),
    [selectorOf('slo:objective:ratio', identity)]: 0.99,
  };
  return levels('BlobprobeErrorBudgetBurning', shown, atSeconds, severity);
}

const isUp = selectorOf('up', target);
const build = seriesName('buildInfo', { version: '1', revision: 'a', nodeversion: 'v20' });

/** One for each alert. */
export const examples: readonly Example[] = [
  checks(
    'BlobprobePushFailing',
    { edge: { ...failed, failure: { phase: 'send', answered_by: 'nginx', blame: 'ingress' } } },
    { edge: 'nginx_body_limit' },
  ),
  checks('BlobprobePathFault', { edge: failed, direct: good }, { edge: 'cloudflare_body_limit' }),
  checks('BlobprobeAllPathsFailing', { edge: full, direct: full }, { edge: 'storage_full', direct: 'storage_full' }),
  checks('BlobprobeAuthFailing', { edge: refused }, { edge: 'credentials_rejected' }),
  checks('BlobprobeRetriesHigh', { edge: { ok: true, retries: 2, firstAttemptFailed: true } }),
  checks('BlobprobeFirstAttemptFailures', { edge: { ok: true, firstAttemptFailed: true } }),
  checks('BlobprobeThroughputDegraded', { edge: { ok: true, bytesPerSecond: 1_000_000 }, direct: good }),
  checks('BlobprobePullCorrupted', { edge: { ok: true, corrupted: true } }),
  { ...stale, series: [...stale.series, flat(skipped, (seconds) => seconds / minute, stale.atSeconds)] },
  checks('BlobprobeCleanupFailing', { edge: { ok: true, leftBehind: 1 } }),
  levels('BlobprobeSizeLimitDropped', {
    [seriesName('limitBytes', { ...searched, bound: 'largest_accepted' })]: dropped(500 * 1024 ** 2, 100 * 1024 ** 2),
    [seriesName('limitBytes', { ...searched, bound: 'smallest_rejected' })]: dropped(512 * 1024 ** 2, 101 * 1024 ** 2),
  }),
  levels('BlobprobeDurationLimitDropped', {
    [seriesName('limitSeconds', { ...searched, bound: 'largest_accepted' })]: dropped(600, 60),
    [seriesName('limitSeconds', { ...searched, bound: 'smallest_rejected' })]: dropped(630, 66),
  }),
  levels('BlobprobePullSizeLimitDropped', {
    [seriesName('limitBytes', { ...pulled, bound: 'largest_accepted' })]: dropped(500 * 1024 ** 2, 100 * 1024 ** 2),
    [seriesName('limitBytes', { ...pulled, bound: 'smallest_rejected' })]: dropped(512 * 1024 ** 2, 101 * 1024 ** 2),
  }),
  levels('BlobprobePullDurationLimitDropped', {
    [seriesName('limitSeconds', { ...pulled, bound: 'largest_accepted' })]: dropped(125, 50),
    [seriesName('limitSeconds', { ...pulled, bound: 'smallest_rejected' })]: dropped(130, 65),
  }),
  levels('BlobprobeApiDown', { [seriesName('apiUp', { ...onPath, endpoint: 'catalog' })]: 0 }),
  levels('BlobprobeCertificateExpiring', { [expiry]: 10 * day }, hour, 'warning'),
  levels('BlobprobeCertificateExpiring', { [expiry]: 30 * minute }, hour, 'critical'),
  levels('BlobprobeLeftovers', { [seriesName('leftoverObjects', { registry, kind: 'blob' })]: 30 }, 7 * hour),
  levels('BlobprobeBudgetExhausted', { [seriesName('budgetRemaining')]: 0 }),
  levels('BlobprobeProberOverloaded', { [seriesName('eventLoopLag')]: 0.4 }),
  levels('BlobprobeProberExhausted', { [seriesName('runsExhausted')]: (seconds) => seconds / minute }),
  levels('BlobprobePaused', { [seriesName('paused')]: 1 }, 3 * hour),
  levels('BlobprobeReloadFailed', { [seriesName('configLastReloadSuccessful')]: 0 }),
  levels('BlobprobeExporterDown', { [isUp]: 0, [build]: 1 }),
  burning('critical'),
  burning('warning'),
  {
    alert: 'BlobprobeExporterAbsent',
    atSeconds: hour,
    series: [{ series: build, values: [1, 1, 1, ...Array.from<undefined>({ length: 57 })] }],
  },
];

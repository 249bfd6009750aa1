import { isDeepStrictEqual } from 'node:util';
import type { LedgerEntry } from '../../src/probe/leftovers/ledger-entry.ts';
import { isCancelled, type Attempt, type Run } from '../../src/probe/outcome.ts';
import { edgeBytes, edgeRequests } from './edge-invariants.ts';
import type { Observation, ObservedRun, Stored } from './observation.ts';

/** Something that must hold whatever happened. Gives what does not hold, one line each. */
export type Invariant = (seen: Observation) => readonly string[];

/** On top of the loop's own lag: timers, the closing of sockets, a few scheduler slices of a busy machine. */
const slackMs = 700;

const historyRuns = 50;

/** A dozen looks at the paths' API, of some kilobytes each. */
const mostLookBytes = 768 * 1024;

/** Growth that a world's own books explain (history, request logs, compiled code); a leaked body buffer is 4 MiB. */
const memoryGrowthBytes = 24 * 1024 * 1024;

export const invariants = {
  'every run ends with an outcome': ({ runs }) =>
    runs.flatMap((one) => {
      if (one.rejection !== undefined) return [`${one.checkId} rejected: ${one.rejection}`];
      if (one.run === undefined) return [`${one.checkId} has not ended`];
      const { ok, failure } = one.run;
      if (ok !== (failure === undefined)) return [`${one.checkId} is ${ok ? 'ok with' : 'not ok without'} a failure`];
      return failure?.reason === 'internal' ? [`${one.checkId}: internal: ${failure.evidence.message}`] : [];
    }),

  'every run ends within its deadline': ({ runs, loopLagMs, cleanupTimeoutMs }) =>
    runs.flatMap(({ checkId, startedMs, endedMs, timeoutMs, run }) => {
      const late = slackMs + 2 * loopLagMs;
      const tookMs = (endedMs ?? Number.POSITIVE_INFINITY) - startedMs;
      return [
        ...(tookMs > timeoutMs + cleanupTimeoutMs + late
          ? [
              `${checkId} took ${Math.round(tookMs)} ms in all, cleanup ${run?.cleanup.durationMs} ms of it, late by ${late} ms at most`,
            ]
          : []),
        ...((run?.durationMs ?? 0) > timeoutMs + late ? [`${checkId} ran for ${run?.durationMs} ms`] : []),
      ];
    }),

  'counters agree with the runs': (seen) =>
    seen.steady.flatMap((checkId) => {
      const runs = scheduledRuns(seen, checkId);
      return Object.entries(countersOf(runs)).flatMap(([name, expected]) => {
        const counted = valueOf(seen, name, checkId);
        return counted === expected ? [] : [`${name} of ${checkId} is ${counted}, the runs say ${expected}`];
      });
    }),

  'reasons of failed attempts agree with the runs': (seen) =>
    seen.steady.flatMap((checkId) => {
      const expected = failedAttempts(scheduledRuns(seen, checkId));
      const counted = new Map(
        samplesOf(seen, 'blobprobe_attempt_failures_total', checkId)
          .filter(({ value }) => value > 0)
          .map(({ series, value }) => [
            ['phase', 'reason', 'answered_by'].map((name) => labelOf(series, name)).join(' '),
            value,
          ]),
      );
      return [...new Set([...expected.keys(), ...counted.keys()])].flatMap((key) =>
        expected.get(key) === counted.get(key)
          ? []
          : [`${checkId} ${key}: ${counted.get(key)} counted, ${expected.get(key)} in the runs`],
      );
    }),

  'the history has the last runs': (seen) =>
    seen.steady.flatMap((checkId) => {
      const ended = scheduledRuns(seen, checkId);
      const expected = new Set([...ended.slice(-historyRuns), ...ended.filter(({ ok }) => !ok).slice(-historyRuns)]);
      const kept = new Set(seen.history.get(checkId));
      const same = kept.size === expected.size && [...expected].every((run) => kept.has(run));
      return same ? [] : [`${checkId}: ${kept.size} runs kept, ${expected.size} expected`];
    }),

  'every request of a run was seen by the edge, and every upload there is of a run': edgeRequests,
  'bytes agree with what the edges received': edgeBytes,

  'slots that were due either ran or were counted as skipped': (seen) =>
    seen.slots.flatMap(({ checkId, due: [atLeast, atMost] }) => {
      const ran =
        valueOf(seen, 'blobprobe_runs_total', checkId) + valueOf(seen, 'blobprobe_runs_cancelled_total', checkId);
      const skipped = sumOf(seen, 'blobprobe_runs_skipped_total', checkId);
      return ran + skipped >= atLeast && ran + skipped <= atMost
        ? []
        : [`${checkId}: ${ran} ran, ${skipped} skipped, ${atLeast} to ${atMost} were due`];
    }),

  'no more transfers at once than allowed, and no check twice at once': ({ runs, transfers }) =>
    runs
      .filter(({ stillborn }) => !stillborn)
      .flatMap(({ checkId, beside, origin }) => [
        ...(beside.length + 1 > transfers ? [`${checkId} began beside ${beside.join(', ')}`] : []),
        // On demand the same check is refused only while it runs; a control push has a workload of its own.
        ...(origin === 'schedule' && beside.includes(checkId) ? [`${checkId} began beside itself`] : []),
      ]),

  'the budget has paid for all bytes': (seen) => {
    const moved = seen.runsAtQuiet.reduce((sum, { run }) => sum + (run?.wireBytes ?? 0), 0);
    const spent = seen.bytesPerDay - (seen.metrics.get('blobprobe_budget_remaining_bytes{}') ?? Number.NaN);
    return spent >= moved && spent <= moved + mostLookBytes
      ? []
      : [`${spent} were spent, ${moved} were moved by runs, and at most ${mostLookBytes} by looks at the API`];
  },

  'there is a quiet moment': ({ hadQuiet }) => (hadQuiet ? [] : ['all is healed, and runs never stop']),

  'nothing runs at the quiet moment': (seen) =>
    seen.steady.flatMap((checkId) => {
      const running = valueOf(seen, 'blobprobe_runs_in_flight', checkId);
      return running === 0 ? [] : [`runs_in_flight of ${checkId} is ${running}`];
    }),

  'no contract was broken': ({ log }) =>
    log
      .filter(({ message }) => /contract|did not end in time|uncaught/.test(message))
      .map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`),

  'the end comes in time': ({ stopMs, stopBoundMs, loopLagMs }) =>
    stopMs > stopBoundMs + slackMs + 2 * loopLagMs ? [`stopping took ${Math.round(stopMs)} ms`] : [],

  'no connection and no handle is left while idle': ({ leftWhileIdle }) => leftWhileIdle,
  'no handle, timer or descriptor is left at the end': ({ leftAtEnd }) => leftAtEnd,

  'memory is flat': ({ memory: { firstThirdBytes, endBytes } }) =>
    endBytes - firstThirdBytes > memoryGrowthBytes
      ? [`${Math.round((endBytes - firstThirdBytes) / 1024)} KiB more at the end than after the first third`]
      : [],

  'what is left on the registry is in the ledger': (seen) => unknownTo(seen, seen.ledgerAtEnd, seen.storedAtEnd),

  'the file holds what the ledger remembered': ({ ledgerAtEnd, ledgerInFile }) => {
    const inFile = new Map(ledgerInFile.map((entry) => [entry.id, plain(entry)]));
    const missing = ledgerAtEnd.filter((entry) => !isDeepStrictEqual(inFile.get(entry.id), plain(entry)));
    const known = new Set(ledgerAtEnd.map(({ id }) => id));
    return [
      ...missing.map(({ kind, state, id }) => `${kind} ${state} ${id} is not in the file, or otherwise`),
      ...ledgerInFile.filter(({ id }) => !known.has(id)).map(({ id }) => `${id} is only in the file`),
    ];
  },

  'the registry is clean after a replay': (seen) => [
    ...unknownTo(seen, seen.ledgerAfterReplay, seen.storedAfterReplay),
    // What the registry disowns, does not delete, or never named stays; everything else must be gone.
    ...seen.ledgerAfterReplay
      .filter(({ kind, state, digest }) => {
        const stays = state === 'opening' || state === 'disowned' || state === 'undeletable';
        const unsettled = state === 'committing' && !holds(seen.storedAfterReplay, kind, digest);
        return !stays && !unsettled;
      })
      .map(({ kind, state, id }) => `${kind} ${state} ${id} survived the replay`),
  ],
} as const satisfies Readonly<Record<string, Invariant>>;

export type InvariantName = keyof typeof invariants;

/** Those that speak of the quiet moment. */
const ofQuietMoment: ReadonlySet<InvariantName> = new Set([
  'counters agree with the runs',
  'reasons of failed attempts agree with the runs',
  'the history has the last runs',
  'slots that were due either ran or were counted as skipped',
  'the budget has paid for all bytes',
  'nothing runs at the quiet moment',
]);

/** What does not hold. */
export function violations(seen: Observation): { readonly invariant: InvariantName; readonly what: string }[] {
  return (Object.keys(invariants) as InvariantName[])
    .filter((invariant) => seen.hadQuiet || !ofQuietMoment.has(invariant))
    .flatMap((invariant) => invariants[invariant](seen).map((what) => ({ invariant, what })));
}

function scheduledRuns({ runsAtQuiet }: Observation, checkId: string): Run[] {
  return runsAtQuiet
    .filter((one) => one.origin === 'schedule' && one.checkId === checkId)
    .sort((a, b) => (a.endedMs ?? 0) - (b.endedMs ?? 0))
    .flatMap((one: ObservedRun) => one.run ?? []);
}

/** What docs/metrics.md says of these counters, counted once more from the runs themselves. */
function countersOf(runs: readonly Run[]): Record<string, number> {
  const ended = runs.filter((run) => !isCancelled(run));
  const attempts = runs.flatMap((run) => run.attempts).filter(({ failure }) => failure?.reason !== 'cancelled');
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  return {
    blobprobe_runs_total: ended.length,
    blobprobe_run_failures_total: ended.filter(({ ok }) => !ok).length,
    blobprobe_runs_cancelled_total: runs.length - ended.length,
    blobprobe_attempts_total: attempts.filter((attempt) => !isPull(attempt)).length,
    blobprobe_retries_total: attempts.filter(({ number }) => number > 1).length,
    blobprobe_resends_total: attempts.reduce((total, { resends }) => total + resends, 0),
    blobprobe_sent_bytes_total: sum(({ sentBytes }) => sentBytes),
    blobprobe_acknowledged_bytes_total: sum(({ acknowledgedBytes }) => acknowledgedBytes),
    blobprobe_pulled_bytes_total: sum(({ pulledBytes }) => pulledBytes),
    blobprobe_run_attempts_count: ended.length,
  };
}

function isPull({ pull }: Attempt): boolean {
  return pull !== undefined;
}

function failedAttempts(runs: readonly Run[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { failure } of runs.flatMap((run) => run.attempts)) {
    if (failure === undefined || failure.reason === 'cancelled') continue;
    const key = `${failure.phase} ${failure.reason} ${failure.answeredBy}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

interface Sample {
  readonly series: string;
  readonly value: number;
}

const indexes = new WeakMap<Observation['metrics'], ReadonlyMap<string, readonly Sample[]>>();

/** The samples of one metric that belong to a check. */
function samplesOf({ metrics }: Observation, name: string, checkId: string): readonly Sample[] {
  const known = indexes.get(metrics);
  const index = known ?? indexByCheck(metrics);
  if (known === undefined) indexes.set(metrics, index);
  return index.get(`${name} ${checkId}`) ?? [];
}

function indexByCheck(metrics: Observation['metrics']): Map<string, Sample[]> {
  const index = new Map<string, Sample[]>();
  for (const [series, value] of metrics) {
    const id = ['registry', 'path', 'client', 'workload'].map((label) => labelOf(series, label)).join('/');
    const key = `${series.slice(0, series.indexOf('{'))} ${id}`;
    const samples = index.get(key) ?? [];
    samples.push({ series, value });
    index.set(key, samples);
  }
  return index;
}

function labelOf(series: string, name: string): string | undefined {
  return new RegExp(`[{,]${name}="([^"]*)"`).exec(series)?.[1];
}

function sumOf(seen: Observation, name: string, checkId: string): number {
  return samplesOf(seen, name, checkId).reduce((total, { value }) => total + value, 0);
}

/** NaN where the series is missing: it must be there from the start. */
function valueOf(seen: Observation, name: string, checkId: string): number {
  return samplesOf(seen, name, checkId)[0]?.value ?? Number.NaN;
}

/**
 * Objects that the registry holds and the ledger does not know. A session whose POST was never answered has no name; the ledger
 * remembers that there may be such (`opening`), one entry for all POSTs that the client sent within one attempt.
 */
function unknownTo(
  { runs }: Observation,
  entries: readonly LedgerEntry[],
  { sessions, blobs, manifests }: Stored,
): string[] {
  const unnamed = sessions.filter((id) => !entries.some(({ location }) => location?.includes(id) === true));
  const lost = runs.flatMap(({ run }) => run?.attempts ?? []).reduce((sum, attempt) => sum + lostPosts(attempt), 0);
  const known = new Set(entries.map(({ kind, digest }) => `${kind} ${digest}`));
  return [
    ...(unnamed.length > lost ? [`${unnamed.length} sessions without a name, ${lost} can be`] : []),
    ...blobs.filter((digest) => !known.has(`blob ${digest}`)).map((digest) => `blob ${digest} is not in the ledger`),
    ...manifests
      .filter((digest) => !known.has(`manifest ${digest}`))
      .map((digest) => `manifest ${digest} is not in the ledger`),
  ];
}

/** Upload POSTs of an attempt beyond the sessions that it went on with. */
function lostPosts({ requests }: Attempt): number {
  const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : url);
  const uploads = requests.filter(({ url }) => pathOf(url).includes('/blobs/uploads/'));
  const posts = uploads.filter(({ method }) => method === 'POST').length;
  return posts - new Set(uploads.filter(({ method }) => method !== 'POST').map(({ url }) => pathOf(url))).size;
}

function holds({ blobs, manifests }: Stored, kind: LedgerEntry['kind'], digest: string | undefined): boolean {
  return digest !== undefined && (kind === 'manifest' ? manifests : blobs).includes(digest);
}

/** As JSON has it: without what is undefined. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

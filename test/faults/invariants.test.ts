import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificates } from '../support/certificates.ts';
import { clientRows } from '../../src/probe/clients/client-profiles.ts';
import type { LedgerEntry } from '../../src/probe/leftovers/ledger-entry.ts';
import type { Run, RunCheck } from '../../src/probe/outcome.ts';
import { type InvariantName, invariants, violations } from './invariants.ts';
import type { Observation, ObservedRun } from './observation.ts';
import { diskModes, planOf } from './plan.ts';
import { runSeed } from './run-seed.ts';
import { repository, worldCertificates, type World } from './world.ts';

const certificates = worldCertificates(createCertificates());
/** One real world, in which nothing is wrong: what is planted below is all that there is. */
let seen: Observation;
beforeAll(async () => {
  seen = (await runSeed(4, { certificates, chaosMs: 1_500 })).observation;
});

const digest = `sha256:${'0'.repeat(64)}`;
const entry: LedgerEntry = {
  id: 'planted',
  kind: 'blob',
  state: 'stored',
  registry: 'lab',
  repository,
  path: 'direct',
  origin: 'http://127.0.0.1:1',
  createdAt: 0,
  tries: 0,
  nextTryAt: 0,
  digest,
};

/** The first run of a steady check that has sent something and succeeded. */
function goodRun(): ObservedRun & { run: Run } {
  const found = seen.runsAtQuiet.find(
    (one) => one.origin === 'schedule' && seen.steady.includes(one.checkId) && one.run?.ok === true,
  );
  if (found?.run === undefined) throw new Error('no run succeeded');
  return { ...found, run: found.run };
}
const changed = (run: Partial<ObservedRun>): Observation => {
  const good = goodRun();
  const swap = (all: readonly ObservedRun[]) => all.map((one) => (one.run === good.run ? { ...one, ...run } : one));
  return { ...seen, runs: swap(seen.runs), runsAtQuiet: swap(seen.runsAtQuiet) };
};
function counted(name: string, by: number): Observation {
  const ofSmall = (metric: string) =>
    [...seen.metrics.keys()].find((key) => key.startsWith(`${metric}{`) && key.includes('small'));
  // What is not there before it is first counted has the labels of what is.
  const series = ofSmall(name) ?? ofSmall('blobprobe_runs_total')?.replace(/^\w+/, name) ?? name;
  return { ...seen, metrics: new Map(seen.metrics).set(series, (seen.metrics.get(series) ?? 0) + by) };
}
/** The requests at one edge, changed. */
function atEdge(
  change: (path: string) => Observation['edgeRequests'] extends ReadonlyMap<string, infer T> ? T : never,
) {
  const { path } = goodRun();
  return { ...seen, edgeRequests: new Map(seen.edgeRequests).set(path, change(path)) };
}

const planted: readonly (readonly [InvariantName, string, () => Observation])[] = [
  ['every run ends with an outcome', 'a run that rejects', () => changed({ rejection: 'Error: x' })],
  ['every run ends with an outcome', 'a run that never ends', () => changed({ run: undefined })],
  ['every run ends within its deadline', 'a run that takes an hour', () => changed({ endedMs: 3_600_000_000 })],
  ['counters agree with the runs', 'a run counted twice', () => counted('blobprobe_runs_total', 1)],
  ['counters agree with the runs', 'a byte too few', () => counted('blobprobe_sent_bytes_total', -1)],
  ['counters agree with the runs', 'an attempt too many', () => counted('blobprobe_attempts_total', 1)],
  [
    'reasons of failed attempts agree with the runs',
    'a failure that nobody had',
    () => counted('blobprobe_attempt_failures_total', 1),
  ],
  [
    'the history has the last runs',
    'a run forgotten',
    () => ({ ...seen, history: new Map(seen.history).set(goodRun().checkId, []) }),
  ],
  [
    'every request of a run was seen by the edge, and every upload there is of a run',
    'a request that the edge has not seen',
    () => atEdge((path) => (seen.edgeRequests.get(path) ?? []).filter(({ method }) => method !== 'POST')),
  ],
  [
    'every request of a run was seen by the edge, and every upload there is of a run',
    'an upload that nobody made',
    () =>
      atEdge((path) => {
        const all = seen.edgeRequests.get(path) ?? [];
        return [...all, ...all.filter(({ method }) => method === 'POST')];
      }),
  ],
  [
    'bytes agree with what the edges received',
    'a byte lost on the way',
    () =>
      atEdge((path) =>
        (seen.edgeRequests.get(path) ?? []).map((one) =>
          one.receivedBytes > 0 ? { ...one, receivedBytes: one.receivedBytes - 1 } : one,
        ),
      ),
  ],
  [
    'slots that were due either ran or were counted as skipped',
    'a slot lost',
    () => ({ ...seen, slots: seen.slots.map((one) => ({ ...one, due: [one.due[0] + 1, one.due[1] + 1] as const })) }),
  ],
  [
    'no more transfers at once than allowed, and no check twice at once',
    'one too many',
    () => changed({ beside: Array.from({ length: seen.transfers }, (_, index) => `other ${index}`) }),
  ],
  [
    'no more transfers at once than allowed, and no check twice at once',
    'a check beside itself',
    () => ({ ...changed({ beside: [goodRun().checkId] }), transfers: 9 }),
  ],
  [
    'the budget has paid for all bytes',
    'bytes that nobody paid for',
    () => ({ ...seen, bytesPerDay: seen.bytesPerDay - 10_000_000 }),
  ],
  [
    'the budget has paid for all bytes',
    'bytes for nothing',
    () => ({ ...seen, bytesPerDay: seen.bytesPerDay + 10_000_000 }),
  ],
  ['there is a quiet moment', 'no quiet moment', () => ({ ...seen, hadQuiet: false })],
  [
    'nothing runs at the quiet moment',
    'a run that the gauge still shows',
    () => counted('blobprobe_runs_in_flight', 1),
  ],
  [
    'no contract was broken',
    'a task that outlived its bound',
    () => ({ ...seen, log: [{ level: 'error', message: 'round broke its contract', fields: {} }] }),
  ],
  ['the end comes in time', 'a shutdown that hangs', () => ({ ...seen, stopMs: 60_000 })],
  [
    'no connection and no handle is left while idle',
    'a socket',
    () => ({ ...seen, leftWhileIdle: ['a socket to direct is open'] }),
  ],
  [
    'no handle, timer or descriptor is left at the end',
    'a timer',
    () => ({ ...seen, leftAtEnd: ['handles: Timeout 0 before, 1 after'] }),
  ],
  [
    'memory is flat',
    'eight buffers kept',
    () => ({ ...seen, memory: { firstThirdBytes: 0, endBytes: 8 * 4 * 1024 * 1024 } }),
  ],
  [
    'what is left on the registry is in the ledger',
    'a session that nobody knows',
    () => ({ ...seen, storedAtEnd: { ...seen.storedAtEnd, sessions: Array.from({ length: 500 }, () => 'unknown') } }),
  ],
  [
    'what is left on the registry is in the ledger',
    'a blob that nobody knows',
    () => ({ ...seen, storedAtEnd: { ...seen.storedAtEnd, blobs: [digest] } }),
  ],
  [
    'the file holds what the ledger remembered',
    'a line lost',
    () => ({ ...seen, ledgerAtEnd: [...seen.ledgerAtEnd, entry] }),
  ],
  [
    'the file holds what the ledger remembered',
    'a removal lost',
    () => ({ ...seen, ledgerInFile: [...seen.ledgerInFile, entry] }),
  ],
  [
    'the registry is clean after a replay',
    'a blob that a replay leaves',
    () => ({ ...seen, ledgerAfterReplay: [...seen.ledgerAfterReplay, entry] }),
  ],
];

describe('the invariants', () => {
  test('hold in a world in which nothing is planted', () => {
    expect(violations(seen)).toEqual([]);
  });

  test.each(planted)('%s: %s is found', (name, _what, plant) => {
    expect(violations(plant()).map(({ invariant }) => invariant)).toContain(name);
  });

  test('each has something planted against it', () => {
    const names = new Set(planted.map(([name]) => name));
    expect(Object.keys(invariants).filter((name) => !names.has(name as InvariantName))).toEqual([]);
  });
});

test('an engine with defects is found out: a socket, a timer, memory, an upload behind its back, a run that is late', async () => {
  const hoard: Buffer[] = [];
  const left: { destroy(): void }[] = [];
  const sabotage = (run: RunCheck, world: World): RunCheck => {
    let runs = 0;
    return async (check, options) => {
      runs += 1;
      hoard.push(Buffer.alloc(32 * 1024 * 1024, 1));
      const socket = connect(world.edges.get('direct')?.port ?? 0, '127.0.0.1').on('error', () => {});
      const timer = setInterval(() => {}, 60_000);
      left.push(socket, { destroy: () => clearInterval(timer) });
      if (runs === 5) {
        const url = `${world.edges.get('direct')?.url}/v2/${repository}/blobs/uploads/`;
        const authorization = `Basic ${Buffer.from('probe:seldom-in-text').toString('base64')}`;
        await fetch(url, { method: 'POST', headers: { authorization, connection: 'close' } }).catch(() => {});
      }
      const outcome = await run(check, options);
      if (runs === 6) await new Promise((resolve) => setTimeout(resolve, 4_000));
      return outcome;
    };
  };
  const result = await runSeed(4, { certificates, chaosMs: 4_000, settleMs: 500, sabotage });
  for (const one of left) one.destroy();
  const found = new Set(result.violations.map(({ invariant }) => invariant));
  expect([...found].sort()).toEqual(
    expect.arrayContaining([
      'every request of a run was seen by the edge, and every upload there is of a run',
      'every run ends within its deadline',
      'memory is flat',
      'no connection and no handle is left while idle',
      'no handle, timer or descriptor is left at the end',
    ]),
  );
  expect(hoard.length).toBeGreaterThan(5);
});

describe('a plan', () => {
  test('follows from its seed alone', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(planOf(7)).not.toEqual(planOf(8));
  });

  test('a hundred of them leave no kind of event, edge fault, mode of the disk and registry out', () => {
    const plans = Array.from({ length: 100 }, (_, seed) => planOf(seed));
    const events = plans.flatMap(({ events }) => events.map(({ event }) => event));
    const kinds = new Set(events.map(({ kind }) => kind));
    expect(kinds.size).toBe(15);
    const faults = events.flatMap((event) => (event.kind === 'edge' ? event.faults.map(({ kind }) => kind) : []));
    expect(new Set(faults).size).toBe(19);
    expect(new Set(plans.map(({ quirks }) => quirks)).size).toBe(8);
    expect(new Set(plans.flatMap(({ clients }) => clients)).size).toBe(clientRows.length);
    expect(new Set(events.flatMap((event) => (event.kind === 'disk' ? [event.mode] : []))).size).toBe(diskModes.length);
  });
});

import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { BodyPump } from '../../../src/network/body/pump.ts';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { decodeRecord, type LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { Ledger, sessionLifetimeMs } from '../../../src/probe/leftovers/ledger.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';
import { blob } from '../../support/ledger-entries.ts';

const open: { close(): Promise<unknown> }[] = [];
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-ledger-'));
});
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
  rmSync(directory, { recursive: true, force: true });
});
async function registryOf(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}
const file = (): string => join(directory, 'ledger.jsonl');
function ledgerOf(options: ConstructorParameters<typeof Ledger>[0] = {}): Ledger {
  const ledger = new Ledger({ file: file(), ...options });
  open.push(ledger);
  return ledger;
}

/** What a process that starts now would find: `kind state`, in the order in which they were made. */
function found(): string[] {
  const states = new Map<string, string>();
  for (const line of readFileSync(file(), 'utf8').split('\n').filter(Boolean)) {
    const record = decodeRecord(line);
    if (record === undefined) throw new Error(`no record: ${line}`);
    if ('removed' in record) states.delete(record.removed);
    else states.set(record.entry.id, `${record.entry.kind} ${record.entry.state}`);
  }
  return [...states.values()];
}

/** The ledger's file at the moment each request reaches the registry. */
async function filesAtRequests(client: ClientName, image: boolean, options?: RegistryOptions): Promise<string[]> {
  const registry = await registryOf(options);
  const seen: string[] = [];
  registry.intercept = ({ method, path }) => {
    const what = path.includes('/manifests/') ? 'manifest ' : '';
    seen.push(`${method} ${what}| ${found().join(', ')}`);
    return undefined;
  };
  const workload = { name: 'image', kind: 'image', layerBytes: [100_000], pull: false } as const;
  const run = await runOnce(
    checkOf(registry.url, { client, sizeBytes: 100_000, check: image ? { workload } : {} }),
    runDeps({ ledger: ledgerOf() }),
  );
  expect(run.ok).toBe(true);
  expect(run.cleanup.failures).toEqual([]);
  return seen.filter((line) => !line.startsWith('GET |'));
}

describe('what a run puts on a registry is in the file before the request that does', () => {
  test('docker: session, blob', async () => {
    expect(await filesAtRequests('docker', false)).toEqual([
      'POST | session opening',
      'PATCH | session open',
      'PUT | session open, blob committing',
      'HEAD | blob stored',
      'DELETE | blob stored',
      'HEAD | blob stored',
    ]);
    expect(found()).toEqual([]);
  });

  test('docker-containerd: one PUT', async () => {
    expect((await filesAtRequests('docker-containerd', false)).filter((line) => !line.startsWith('HEAD'))).toEqual([
      'POST | session opening',
      'PUT | session open, blob committing',
      'DELETE | blob stored',
    ]);
  });

  test('a single POST, and the session of a registry that does not know it', async () => {
    expect(await filesAtRequests('monolithic', false)).toContain('POST | blob committing');
    const registry = await registryOf({ quirks: 'harbor-quota' });
    const ledger = new Ledger();
    const run = await runOnce(checkOf(registry.url, { client: 'monolithic' }), runDeps({ ledger }));
    expect(run.cleanup.failures).toEqual([]);
    expect(registry.openSessions).toEqual([]);
  });

  test('an image: manifest before its blobs are deleted', async () => {
    const seen = await filesAtRequests('docker', true);
    expect(seen).toContain('PUT manifest | blob stored, blob stored, manifest committing');
    expect(seen.filter((line) => line.startsWith('DELETE'))).toEqual([
      'DELETE manifest | blob stored, blob stored, manifest stored',
      'DELETE | blob stored, blob stored',
      'DELETE | blob stored',
    ]);
    expect(found()).toEqual([]);
  });

  test('Locations are in the file as they came, and in nothing that is shown', async () => {
    const registry = await registryOf({ quirks: 'distribution-3' });
    let seen = '';
    registry.intercept = ({ method, url }) => {
      const states = method === 'PATCH' ? url.split('_state=')[1] : undefined;
      if (states === undefined) return undefined;
      seen = states;
      expect(readFileSync(file(), 'utf8')).toContain(`_state=${states}"`);
      return { kind: 'reset' };
    };
    const problems: (string | undefined)[] = [];
    const ledger = ledgerOf({ onProblem: (problem) => problems.push(problem) });
    const run = await runOnce(checkOf(registry.url), runDeps({ ledger }));
    expect(run.ok).toBe(false);
    expect(seen.length).toBeGreaterThan(60);
    expect(JSON.stringify([run, ledger.status, problems])).not.toContain(seen.slice(0, 20));
  });
});

describe('what did not happen is not remembered', () => {
  test.each([
    ['no connection', undefined, []],
    ['a refusal', 403, []],
    ['an answer that says nothing of the session', 502, ['session opening']],
  ])('POST: %s', async (_, status, expected) => {
    const registry = await registryOf();
    if (status === undefined) await registry.close();
    registry.intercept = ({ method }) => (method === 'POST' ? { kind: 'answer', status: status ?? 0 } : undefined);
    const ledger = new Ledger();
    const run = await runOnce(checkOf(registry.url), runDeps({ ledger }));
    expect(run.ok).toBe(false);
    expect(ledger.entries.map(({ kind, state }) => `${kind} ${state}`)).toEqual(expected);
    expect(ledger.leftovers('lab')).toEqual({ session: 0, blob: 0, manifest: 0 });
  });

  test('what a body has been given away is known before the connection says what became of it', async () => {
    const silent = {
      writableLength: 1_024,
      writableHighWaterMark: 16_384,
      destroyed: true,
      cork: () => {},
      uncork: () => {},
      flushed: () => Promise.resolve(),
    };
    const pump = new BodyPump({ chunks: [new Uint8Array(1_024)], socket: () => silent, onFinished: () => {} });
    await pump[Symbol.asyncIterator]().next();
    expect([pump.offeredBytes, pump.sentBytes]).toEqual([1_024, 0]);
  });

  test('a wall clock that jumps makes nothing old that was made since the machine started, by this process or one before', async () => {
    let now = 0;
    const ledger = ledgerOf({ now: () => now, moment: () => ({ boot: 'one', ms: 1_000 }) });
    const trail = new RunTrail(ledger, checkOf('http://127.0.0.1:1'), new Redactor());
    await trail
      .opening(() => Promise.reject(new NetworkError({ stage: 'wait', code: 'X', message: 'lost' })))
      .catch(() => {});
    trail.release();
    now += 30 * 86_400_000;
    expect(ledger.expire('lab')).toEqual([]);
    expect(found()).toEqual(['session opening']);
    await ledger.close();
    const next = ledgerOf({ now: () => now, moment: () => ({ boot: 'one', ms: 2_000 }) });
    expect(next.expire('lab')).toEqual([]);
    await next.close();
    const aWeekLater = ledgerOf({ now: () => now, moment: () => ({ boot: 'one', ms: 1_000 + 7 * 86_400_000 }) });
    expect(aWeekLater.expire('lab')).toHaveLength(1);
    aWeekLater.put(next.entries[0]!);
    await aWeekLater.close();
    // After a start of the machine there is only the wall clock to go by.
    expect(ledgerOf({ now: () => now, moment: () => ({ boot: 'two', ms: 0 }) }).expire('lab')).toHaveLength(1);
  });

  test('unknown sessions are forgotten after seven days', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method }) => (method === 'POST' ? { kind: 'reset' } : undefined);
    let now = 1_000_000;
    const ledger = new Ledger({ now: () => now, moment: () => ({ boot: 'one', ms: now }) });
    await runOnce(checkOf(registry.url), runDeps({ ledger }));
    expect(ledger.entries.map(({ state }) => state)).toEqual(['opening']);
    registry.intercept = undefined;
    now += 7 * 86_400_000;
    await runOnce(checkOf(registry.url), runDeps({ ledger }));
    expect(ledger.entries).toHaveLength(1);
    now += 1;
    await runOnce(checkOf(registry.url), runDeps({ ledger }));
    expect(ledger.entries).toEqual([]);
  });
});

test('a file that cannot be written does not touch the run', async () => {
  const registry = await registryOf();
  const problems: (string | undefined)[] = [];
  const onProblem = (problem: string | undefined): void => void problems.push(problem);
  const ledger = ledgerOf({ file: join(directory, 'missing', 'ledger.jsonl'), onProblem });
  const run = await runOnce(checkOf(registry.url), runDeps({ ledger }));
  expect(run.ok).toBe(true);
  expect(registry.blobs.size).toBe(0);
  expect(problems).toHaveLength(1);
  expect(ledger.status.failedWrites).toBeGreaterThan(4);
});

test('the number of leftovers is told after each run, for its registry', async () => {
  const registry = await registryOf({ quirksChanges: { deletion: 'disabled' } });
  const told: unknown[] = [];
  const ledger = new Ledger({ onLeftovers: (name, counts) => told.push([name, counts]) });
  for (let run = 1; run <= 2; run += 1) {
    await runOnce(checkOf(registry.url), runDeps({ ledger }));
    expect(told.at(-1)).toEqual(['lab', { session: 0, blob: run, manifest: 0 }]);
  }
});

describe('what is idle, due and left over', () => {
  const atMs = 1_000_000;
  const minuteMs = 60_000;
  const ledgerAt = (now: () => number = () => atMs): Ledger =>
    new Ledger({ now, moment: () => ({ boot: 'two', ms: 0 }) });
  const ids = (entries: readonly { readonly id: string }[]): string[] => entries.map(({ id }) => id);

  test.each([
    [0, minuteMs],
    [1, 2 * minuteMs],
    [3, 8 * minuteMs],
    [8, 256 * minuteMs],
    [9, 360 * minuteMs],
    [5_000, 360 * minuteMs],
  ])('after %d removals in vain the next one is due in %d ms', (tries, delayMs) => {
    const ledger = ledgerAt();
    ledger.postpone(blob(1, { tries }));
    expect(ledger.get('blob-1')).toEqual(blob(1, { tries: tries + 1, nextTryAt: atMs + delayMs }));
  });

  test.each<[what: string, changes: Partial<LedgerEntry>, isDue: boolean]>([
    ['now', { nextTryAt: atMs }, true],
    ['later', { nextTryAt: atMs + 1 }, false],
    ['at the latest time that there is', { nextTryAt: atMs + 360 * minuteMs }, false],
    ['later than that, as a clock that was set back leaves it', { nextTryAt: atMs + 360 * minuteMs + 1 }, true],
    ['of what was committed and not confirmed', { state: 'committing' }, true],
    ['of a session', { kind: 'session', state: 'open' }, true],
    ['of what is not deleted', { state: 'undeletable' }, false],
    ['of a session that the registry disowns', { kind: 'session', state: 'disowned' }, false],
    ['of a session that nobody can name', { kind: 'session', state: 'opening' }, false],
  ])('a removal %s: due %s', (_what, changes, isDue) => {
    const ledger = ledgerAt();
    ledger.put(blob(1, { nextTryAt: 0, ...changes }));
    expect([ids(ledger.idle('lab', true)), ids(ledger.idle('lab', false))]).toEqual([
      isDue ? ['blob-1'] : [],
      ['blob-1'],
    ]);
  });

  test('what is held, or another registry has, is not idle, and is once it is released', () => {
    const ledger = ledgerAt();
    [blob(1), blob(2), blob(3, { registry: 'other' })].forEach((entry) => ledger.put(entry));
    ledger.hold(['blob-1']);
    expect(ids(ledger.idle('lab', false))).toEqual(['blob-2']);
    expect(ledger.leftovers('lab')).toEqual({ session: 0, blob: 1, manifest: 0 });
    ledger.release(['blob-1'], 'lab');
    expect(ids(ledger.idle('lab', false))).toEqual(['blob-1', 'blob-2']);
  });

  test('the end of a run or a removal is when a file that is mostly of the past is rewritten', async () => {
    const ledger = ledgerOf();
    for (let n = 0; n < 300; n += 1) {
      ledger.put(blob(1));
      ledger.remove('blob-1');
    }
    ledger.put(blob(2));
    ledger.release([], 'lab');
    await ledger.close();
    expect(found()).toEqual(['blob stored']);
    expect(readFileSync(file(), 'utf8').split('\n')).toHaveLength(2);
  });

  test('what may or may not be there is not left over', () => {
    const ledger = ledgerAt();
    const states = ['stored', 'committing', 'undeletable'] as const;
    states.forEach((state, index) => ledger.put(blob(index, { state })));
    states.forEach((state, index) => ledger.put(blob(10 + index, { kind: 'manifest', state })));
    (['opening', 'open', 'disowned'] as const).forEach((state, index) =>
      ledger.put(blob(20 + index, { kind: 'session', state })),
    );
    expect(ledger.leftovers('lab')).toEqual({ session: 2, blob: 2, manifest: 2 });
  });

  test('an object is known by digest, kind, registry and repository', () => {
    const ledger = ledgerAt();
    ledger.put(blob(1));
    const find = (changes: Partial<LedgerEntry>): string | undefined => {
      const { kind, digest = '', registry, repository } = blob(1, changes);
      return ledger.findDigest(kind, digest, registry, repository)?.id;
    };
    expect(find({})).toBe('blob-1');
    const others = [
      { kind: 'manifest' },
      { digest: blob(2).digest },
      { registry: 'other' },
      { repository: 'a' },
    ] as const;
    expect(others.map(find)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test.each<[what: string, changes: Partial<LedgerEntry>, isOld: boolean]>([
    ['a session of seven days', { createdAt: atMs }, false],
    ['an older session', { createdAt: atMs - 1 }, true],
    [
      'an older session that this start of the machine made a moment ago',
      { createdAt: 0, madeAt: { boot: 'two', ms: 0 } },
      false,
    ],
    ['an older blob', { kind: 'blob', createdAt: 0 }, false],
  ])('%s expires: %s', (_what, changes, isOld) => {
    const ledger = ledgerAt(() => atMs + sessionLifetimeMs);
    ledger.put(blob(1, { kind: 'session', state: 'open', ...changes }));
    expect(ids(ledger.expire('lab'))).toEqual(isOld ? ['blob-1'] : []);
    expect(ledger.entries).toHaveLength(isOld ? 0 : 1);
  });
});

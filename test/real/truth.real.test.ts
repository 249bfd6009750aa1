import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type * as Compare from '../../bench/truth/compare.ts';
import type * as Lab from '../../bench/truth/lab.ts';
import type * as Writes from '../../bench/truth/writes.ts';
import { root } from '../packaging/compose-file.ts';
import { describeWithComponents } from '../support/component.ts';

/** Between 300 and 600 ms, another one for each step: a phase that is lost, counted twice or swapped is far off. */
const delayMs = [300, 600] as const;
/** A busy machine; how well the timings hold is the bench's to say. */
const tolerableMs = 80;

/** Here, that each delay shows in its own phase and in no other, to observers that know nothing of the daemon. */
describeWithComponents(['tcpdump', 'strace'], "the daemon's timings against what passed on the wire", () => {
  let lab: Lab.TruthLab;
  let compare: typeof Compare;
  let watchWrites: typeof Writes.watchWrites;
  let turn = 0;
  const random = (): number => (turn += 0.61) % 1;

  /** What is wrong by too much in both of two runs: the machine may be busy once, a wrong phase is wrong twice. */
  async function wrongTwice(
    compareRun: () => Promise<Compare.Errors>,
  ): Promise<{ phases: string[]; wrong: [string, number][] }> {
    const [one, other] = [await compareRun(), await compareRun()];
    const phases = [...one.keys()].filter((phase) => phase !== 'throughput');
    const least = phases.map((phase): [string, number] => [
      phase,
      Math.min(one.get(phase) ?? Number.NaN, other.get(phase) ?? Number.NaN),
    ]);
    return { phases, wrong: least.filter(([, errorMs]) => !(errorMs < tolerableMs)) };
  }

  beforeAll(async () => {
    // The server runs in a process of its own, compiled as the bench runs it.
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', join(root, 'bench/tsconfig.json')]);
    const compiled = (name: string): Promise<unknown> => import(join(root, `bench/dist/bench/truth/${name}.js`));
    compare = (await compiled('compare')) as typeof Compare;
    ({ watchWrites } = (await compiled('writes')) as typeof Writes);
    lab = await ((await compiled('lab')) as typeof Lab).startTruthLab(32);
  }, 60_000);
  afterAll(() => lab?.stop());

  test('each delay shows in its own phase', async () => {
    expect(lab.watch).toBeDefined();
    const { phases, wrong } = await wrongTwice(() => compare.compareOnce(lab, random, delayMs));
    expect(phases).toEqual(['dns', 'connect', 'tls', 'auth', 'start', 'commit', 'send + wait']);
    expect(wrong).toEqual([]);
  }, 60_000);

  test('send ends, and wait begins, when the kernel has taken the last byte', async () => {
    const writes = await watchWrites(lab.daemon.pid);
    if (writes === undefined) throw new Error('strace may not attach');
    try {
      const { phases, wrong } = await wrongTwice(() => compare.compareSplit(lab, writes, random, delayMs));
      expect(phases).toEqual(['send', 'wait']);
      expect(wrong).toEqual([]);
    } finally {
      await writes.stop();
    }
  }, 60_000);

  test('a connection that TCP itself makes late took as long as it did', async () => {
    const once = async (): Promise<number> => (await compare.compareLateConnection(lab)) ?? Number.NaN;
    const errors = [await once(), await once()];
    expect(Math.min(...errors)).toBeLessThan(tolerableMs);
  }, 60_000);
});

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Errors } from '../../bench/truth/compare.ts';
import type { TruthLab } from '../../bench/truth/lab.ts';
import { root } from '../packaging/compose-file.ts';

interface Harness {
  readonly compareOnce: (lab: TruthLab, random: () => number, delayMs: readonly [number, number]) => Promise<Errors>;
  readonly startTruthLab: (saturatingMiB: number) => Promise<TruthLab>;
}

/** How well the timings hold is the bench's to say; here, that each delay shows in its own phase and in no other. */
describe('timings of the daemon against delays that a server put in and timed itself', () => {
  let lab: TruthLab;
  let harness: Harness;

  beforeAll(async () => {
    // The server runs in a process of its own, compiled as the bench runs it.
    execFileSync(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(root, 'bench/tsconfig.json'),
    ]);
    const compiled = (name: string): Promise<unknown> => import(join(root, `bench/dist/bench/truth/${name}.js`));
    harness = { ...((await compiled('compare')) as object), ...((await compiled('lab')) as object) } as Harness;
    lab = await harness.startTruthLab(32);
  }, 60_000);
  afterAll(() => lab.stop());

  test('each delay shows in its own phase', async () => {
    // Delays between 300 and 600 ms, another one for each step: a phase that is lost, counted twice or swapped is far off.
    let turn = 0;
    const random = (): number => (turn += 0.61) % 1;
    const runs = [
      await harness.compareOnce(lab, random, [300, 600]),
      await harness.compareOnce(lab, random, [300, 600]),
    ];
    const phases = [...(runs[0]?.keys() ?? [])].filter((phase) => phase !== 'throughput');
    expect(phases).toEqual(['dns', 'connect', 'tls', 'auth', 'start', 'commit', 'send', 'wait', 'send + wait']);
    // The better of two: the machine may be busy once, a wrong phase is wrong twice.
    const errors = phases.map(
      (phase) => [phase, Math.min(...runs.map((run) => run.get(phase) ?? Number.NaN))] as const,
    );
    expect(errors.filter(([, errorMs]) => !(errorMs < 80))).toEqual([]);
  }, 60_000);
});

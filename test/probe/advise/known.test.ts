import { describe, expect, test } from 'vitest';
import { knownOf } from '../../../src/probe/advise/known.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { PathLimit } from '../../../src/probe/limits/limit.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeFailure, fakeRun, tooLarge } from '../../support/fake-run.ts';
import { foundLimit } from '../../support/limits.ts';

const MB = 1_000_000;

interface RunOf {
  readonly path?: string;
  readonly client?: 'docker' | 'crane';
  readonly registry?: string;
  readonly layerBytes?: readonly number[];
  readonly workload?: string;
  readonly kind?: 'blob' | 'image';
  readonly failure?: Failure;
  readonly rate?: number;
}

function run(of: RunOf = {}): Run {
  const { path = 'edge', client = 'docker', registry = 'lab', layerBytes = [MB], kind = 'blob' } = of;
  const check = checkOf('http://127.0.0.1:1', {
    client,
    path: { name: path },
    registry: { name: registry },
    check: { workload: { name: of.workload ?? 'blob', kind, layerBytes, pull: false } },
  });
  return { ...fakeRun(check, of.failure), pushBytesPerSecond: of.rate };
}

const limit = (changes: Partial<PathLimit> = {}): PathLimit =>
  foundLimit({
    registry: 'lab',
    largestAccepted: 9 * MB,
    smallestRejected: 10 * MB,
    rejection: tooLarge,
    ...changes,
  });
/** The same as advice needs it. */
const kept = {
  path: 'edge',
  client: 'docker',
  unit: 'bytes',
  conclusion: 'found',
  largestAccepted: 9 * MB,
  smallestRejected: 10 * MB,
  reason: 'body_too_large',
  answeredBy: 'nginx',
};

describe('places', () => {
  const places = (...args: Parameters<typeof knownOf>): string[] =>
    knownOf(...args).map(({ registry, path, client }) => `${registry} ${path} ${client}`);

  test('each registry, path and client once, in the order of the runs, then of the limits', () => {
    const runs = [run({ path: 'b' }), run({ path: 'a' }), run({ path: 'b' }), run({ path: 'b', client: 'crane' })];
    expect(places([...runs, run({ registry: 'other' })], [limit({ path: 'c' }), limit({ path: 'a' })])).toEqual([
      'lab b docker',
      'lab a docker',
      'lab b crane',
      'other edge docker',
      'lab c docker',
    ]);
  });

  test('a limit of what is pulled says nothing of a push', () => {
    expect(knownOf([], [limit({ direction: 'pull' })])).toEqual([]);
    expect(knownOf([run()], [limit({ direction: 'pull' })])).toMatchObject([{ limits: [] }]);
  });
});

describe('what was tried', () => {
  test('the size, the end and the reason, each once', () => {
    const failed = run({ layerBytes: [5 * MB], failure: fakeFailure('connection_reset') });
    expect(knownOf([run(), failed, run(), failed], [])).toMatchObject([
      {
        tried: [
          { sizeBytes: MB, ok: true },
          { sizeBytes: 5 * MB, ok: false, reason: 'connection_reset' },
        ],
      },
    ]);
  });

  test('of an image its largest layer, and nothing of one without layers', () => {
    const tried = (layerBytes: readonly number[]) =>
      knownOf([run({ kind: 'image', layerBytes })], []).map((known) => known.tried[0]?.sizeBytes);
    expect([tried([3, 9, 4]), tried([])]).toEqual([[9], [0]]);
  });

  test('only over this path as this client to this registry, and not what was cancelled', () => {
    const others = [
      run({ path: 'direct', layerBytes: [2] }),
      run({ client: 'crane', layerBytes: [3] }),
      run({ registry: 'other', layerBytes: [4] }),
      run({ layerBytes: [5], failure: fakeFailure('cancelled') }),
    ];
    expect(knownOf([run({ layerBytes: [1] }), ...others], [])[0]?.tried).toEqual([{ sizeBytes: 1, ok: true }]);
  });

  test('the newest five of each workload, and all of a search', () => {
    const sizes = (workload: string, from: number) =>
      [1, 2, 3, 4, 5, 6].map((number) => run({ workload, layerBytes: [from + number] }));
    const runs = [...sizes('small', 0), ...sizes('large', 10), ...sizes('limit-search', 20)];
    expect(knownOf(runs, [])[0]?.tried.map(({ sizeBytes }) => sizeBytes)).toEqual([
      1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25, 26,
    ]);
  });
});

test('limits are those of the path, as whichever client, to this registry', () => {
  const limits = [limit(), limit({ client: 'crane' }), limit({ path: 'direct' }), limit({ registry: 'other' })];
  expect(knownOf([run()], limits)[0]?.limits).toEqual([kept, { ...kept, client: 'crane' }]);
  const open = limit({ conclusion: 'none-up-to', smallestRejected: undefined, rejection: undefined });
  expect(knownOf([run()], [open])[0]?.limits).toMatchObject([
    { conclusion: 'none-up-to', largestAccepted: 9 * MB, reason: undefined, answeredBy: undefined },
  ]);
});

describe('the rate', () => {
  const rateOf = (...runs: Run[]): number | undefined => knownOf(runs, [])[0]?.bytesPerSecond;
  const pushed = (bytes: number, rate?: number): Run => run({ workload: `of ${bytes}`, layerBytes: [bytes], rate });

  test('is the middle of the pushes of the largest size, the lower of two', () => {
    expect(rateOf(pushed(9, 300), pushed(9, 100), pushed(9, 1_000), pushed(5, 7))).toBe(300);
    expect(rateOf(pushed(9, 300), pushed(9, 100))).toBe(100);
  });

  test('is not that of a push that failed, or was not measured', () => {
    const failed = { ...pushed(20, 9), ok: false };
    expect(rateOf(failed, pushed(9), pushed(5, 7))).toBe(7);
    expect(rateOf(failed, pushed(9))).toBeUndefined();
  });
});

describe('what to set', () => {
  const nginx = fakeFailure('body_too_large', {
    status: 413,
    answeredBy: 'nginx',
    blame: 'ingress',
    evidence: { message: '413', headers: { server: 'nginx' }, body: '<center>nginx</center>' },
  });
  const setting = (...args: Parameters<typeof knownOf>) => knownOf(...args)[0]?.setting;

  test('nothing, when nothing was refused, or by nobody who is known', () => {
    expect(setting([run()], [limit({ rejection: undefined })])).toBeUndefined();
    expect(setting([run({ failure: fakeFailure('connection_reset') })], [])).toBeUndefined();
  });

  test('nothing, when all that explains it is open', () => {
    expect(setting([run({ failure: fakeFailure('origin_unreachable', { answeredBy: 'nginx' }) })], [])).toBeUndefined();
  });

  test("what the hop's own answer names", () => {
    expect(setting([run({ failure: nginx })], [])).toContain('client_max_body_size');
  });

  test('what a search was refused by, as this client', () => {
    const { path } = run().check;
    const limits = [limit({ rejection: nginx })];
    expect(setting([run()], limits)).toContain('client_max_body_size');
    expect(setting([], limits, [path])).toContain('client_max_body_size');
    expect(setting([], limits, [{ ...path, name: 'direct' }])).toBeUndefined();
    expect(setting([run({ client: 'crane' })], limits)).toBeUndefined();
  });
});

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemPacerClock } from '../../../src/network/body/pacer.ts';
import type { Check } from '../../../src/probe/check.ts';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import type { ApiReport } from '../../../src/probe/diagnose/api-check.ts';
import {
  type ExamineDeps,
  type ExamineOptions,
  mostExaminedBytes,
} from '../../../src/probe/diagnose/examine-options.ts';
import { examine } from '../../../src/probe/diagnose/examine.ts';
import type { Examination } from '../../../src/probe/diagnose/trial.ts';
import type { Failure, Phase } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeFailure, fakeRun, tooLarge, vanishingSegments } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';

const sizes: Readonly<Record<number, string>> = { 256: 'tiny', 65_536: 'small', 1_000_000: 'large' };
const inside = pathTo('http://10.0.0.1', { name: 'inside', kind: 'internal' });

/** What becomes of a push; `times`: how many like it, of this client, size and path, were made before. */
type Outcome = (asked: {
  readonly check: Check;
  readonly client: string;
  readonly bytes: number;
  readonly times: number;
}) => Failure | undefined;

interface Seen {
  /** `kind: client size`, with the path when it is the direct one, in the order in which they were made. */
  readonly made: readonly string[];
  readonly examination: Examination;
  readonly checks: readonly Check[];
  readonly steps: readonly string[];
  readonly apiTimeoutMs: number | undefined;
  /** How long bodies rested between their first chunk and the rest, in ms. */
  readonly restsMs: readonly number[];
}

interface World extends Partial<ExamineOptions> {
  readonly client?: ClientName;
  readonly sizeBytes?: number;
  readonly api?: ApiReport;
  readonly timeoutMs?: number;
}

/** An examination of a path on which pushes end at once, as `outcome` says. */
async function examined(
  outcome: Outcome,
  { client = 'docker', sizeBytes = 1_000_000, api, timeoutMs = 60_000, ...options }: World = {},
): Promise<Seen> {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
  const restsMs: number[] = [];
  vi.spyOn(systemPacerClock, 'sleep').mockImplementation((ms) => {
    restsMs.push(ms);
    return Promise.resolve(void vi.advanceTimersByTime(ms));
  });
  const runs: Run[] = [];
  const steps: string[] = [];
  let apiTimeoutMs: number | undefined;
  const run: ExamineDeps['run'] = (check) => {
    const bytes = check.workload.layerBytes[0]!;
    const isLike = (one: Check): boolean =>
      one.client.name === check.client.name && one.path === check.path && one.workload.layerBytes[0] === bytes;
    const times = runs.filter((one) => isLike(one.check)).length;
    const failure = outcome({ check, client: check.client.name, bytes, times });
    runs.push(fakeRun(check, failure, bytes));
    return Promise.resolve(runs.at(-1)!);
  };
  const check = checkOf('http://registry.example', {
    client,
    sizeBytes,
    path: { name: 'public' },
    check: { timeoutMs },
  });
  const asked = {
    check,
    durationsMs: [],
    signal: new AbortController().signal,
    onStep: (words: string): void => void steps.push(words),
    ...options,
  };
  const examination = await examine(asked, {
    run,
    // A body of two chunks.
    paced: (pacer) => async (paced, how) => {
      const { signal } = new AbortController();
      for (let chunks = 0; chunks < 2; chunks += 1) await pacer.take(1, signal);
      return run(paced, how);
    },
    checkApi: (_target, how) => {
      apiTimeoutMs = how.timeoutMs;
      return Promise.resolve(api);
    },
  });
  const sentBytes = runs.reduce((sum, one) => sum + one.sentBytes, 0);
  expect(sentBytes).toBeLessThanOrEqual(mostExaminedBytes(asked));
  const made = runs.map((one) => told(one, examination)).filter((words) => words !== 'manifest');
  return { made, examination, checks: runs.map((one) => one.check), steps, apiTimeoutMs, restsMs };
}

function told(run: Run, { subject, direct, manifests = [] }: Examination): string {
  if (manifests.some((one) => one.run === run)) return 'manifest';
  const bytes = run.check.workload.layerBytes[0]!;
  const words = `${run.check.client.name} ${sizes[bytes] ?? bytes}${run.check.path === inside ? ' inside' : ''}`;
  const trial = [...subject.trials, ...(direct?.trials ?? [])].find((one) => one.run === run);
  if (trial !== undefined) return `${trial.kind}: ${words}`;
  return subject.sizeLimit?.runs.includes(run) === true ? 'search' : `slow: ${words}`;
}

const fine: Outcome = () => undefined;
const cut = (changes: Partial<Failure> = {}): Failure =>
  fakeFailure('connection_reset', { sentBytes: 60_000, elapsedMs: 1_000, ...changes });
/** Fails pushes over the path in question that `isMet`, and none over the direct one. */
const failing =
  (failure: Failure, isMet: (asked: Parameters<Outcome>[0]) => boolean): Outcome =>
  (asked) =>
    asked.check.path !== inside && isMet(asked) ? failure : undefined;

describe('a path on which all gets through', () => {
  const healthy = [
    'small: docker small',
    'full: docker large',
    'shape: docker-containerd large',
    'shape: chunked large',
  ];

  test('small, large, and large in the other wire shapes; then the same client over the direct path', async () => {
    const { made, examination, steps } = await examined(fine, { direct: inside });
    expect(made).toEqual([...healthy, 'small: docker small inside', 'full: docker large inside']);
    expect(examination).toMatchObject({
      subject: { path: { name: 'public' }, api: undefined, sizeLimit: undefined, durationLimit: undefined },
      direct: { path: inside },
      leftOut: [],
      manifests: [{ way: 'usual' }],
      conformance: undefined,
      pulled: undefined,
      held: undefined,
      neighbour: undefined,
    });
    expect(steps.slice(0, 3)).toEqual(['API and login', 'docker, 64 KiB over public', 'docker, 977 KiB over public']);
  });

  test('without a direct path, nothing of one', async () => {
    const { made, examination } = await examined(fine);
    expect(made).toEqual(healthy);
    expect(examination.direct).toBeUndefined();
  });

  test('slow bodies, small ones, as the first client that gets through', async () => {
    const { made, steps, examination, checks } = await examined(fine, { durationsMs: [400, 900, 2_400] });
    const slow = 'slow: docker small';
    expect(made).toEqual([...healthy, slow, slow, slow, slow]);
    expect(steps).toContain('small bodies sent over up to 2 s');
    expect(examination.subject.durationLimit).toMatchObject({ conclusion: 'none-up-to', largestAccepted: 2.4 });
    expect(checks.at(-2)).toMatchObject({ retries: 'none', workload: { layerBytes: [65_536] } });
  });

  test('a body of a single byte is not sent twice', async () => {
    const { made } = await examined(fine, { sizeBytes: 1, direct: inside });
    expect(made).toEqual(['small: docker 1', 'small: docker 1 inside']);
  });

  test('what was found by asking the API is kept', async () => {
    const api = { endpoints: {} } as unknown as ApiReport;
    expect((await examined(fine, { api })).examination.subject.api).toBe(api);
  });
});

test.each<[string, World, number]>([
  ['half a minute', { timeoutMs: 60_000 }, 30_000],
  ['the timeout of a push, when that is shorter', { timeoutMs: 20_000 }, 20_000],
  ['a third of the time for the four of them', { deadlineMs: 40_001 }, 3_001],
])('each endpoint of the API has %s', async (_what, world, timeoutMs) => {
  expect((await examined(fine, world)).apiTimeoutMs).toBe(timeoutMs);
});

test('what somebody ended at the beginning pushes nothing', async () => {
  const { made, steps } = await examined(fine, { signal: AbortSignal.abort(), durationsMs: [400], direct: inside });
  expect([made, steps]).toEqual([[], ['API and login']]);
});

describe('where a small push fails', () => {
  const shapes = ['small: docker small', 'shape: docker-containerd small', 'shape: chunked small'];
  const of = (phase: Phase, changes: Partial<Failure> = {}): Outcome =>
    failing(fakeFailure('unexpected_response', { phase, status: 418, answeredBy: 'nginx', ...changes }), () => true);

  test.each<Phase>(['dns', 'connect', 'tls'])(
    'in %s, before a request is read, its shape changes nothing',
    async (phase) => {
      const { made } = await examined(of(phase));
      expect(made).toEqual(['small: docker small', 'repeat: docker small']);
    },
  );

  test.each<Phase>(['auth', 'start'])('in %s, before a body is taken, large ones tell no more', async (phase) => {
    const { made } = await examined(of(phase));
    expect(made).toEqual([...shapes, 'repeat: docker small']);
  });

  test.each<Phase>(['send', 'wait', 'commit', 'verify'])(
    'in %s, size may be a second trouble: two large ones',
    async (phase) => {
      const { made } = await examined(of(phase));
      expect(made).toEqual([...shapes, 'full: docker large', 'shape: docker-containerd large', 'repeat: docker small']);
    },
  );

  test('by our own deadline, nothing is known of bodies', async () => {
    const { made } = await examined(failing(fakeFailure('deadline'), () => true));
    expect(made).toEqual(shapes);
  });

  test('in one shape, the others are what is tried further', async () => {
    const outcome = failing(tooLarge, ({ client }) => client === 'docker');
    const { made } = await examined(outcome, { durationsMs: [400], direct: inside });
    expect(made).toEqual([
      ...shapes,
      'full: docker-containerd large',
      'shape: chunked large',
      'slow: docker-containerd small',
      'slow: docker-containerd small',
      'small: docker small inside',
      'full: docker large inside',
      'repeat: docker small',
      'again: docker-containerd small',
    ]);
  });

  test('in four shapes, two of the others are tried over the direct path', async () => {
    const { made } = await examined(of('wait'), { client: 'crane', direct: inside });
    expect(made.filter((one) => one.endsWith('inside'))).toEqual([
      'small: crane small inside',
      'full: crane large inside',
      'shape: docker small inside',
      'shape: docker-containerd small inside',
    ]);
  });
});

describe('where large bodies are refused for their size', () => {
  const above300k = failing(
    { ...tooLarge, sentBytes: 60_000 },
    ({ client, bytes }) => client !== 'chunked' && bytes > 300_000,
  );

  test('the limits are searched, though nobody is told of the steps', async () => {
    const { examination } = await examined(above300k, { onStep: undefined, durationsMs: [400] });
    const { sizeLimit, durationLimit } = examination.subject;
    expect([sizeLimit?.conclusion, durationLimit?.conclusion]).toEqual(['found', 'none-up-to']);
  });

  test('the limit is searched, to a hundredth of the size, as a client that declares the length', async () => {
    const { made, examination, steps, checks } = await examined(above300k, { direct: inside });
    const { sizeLimit } = examination.subject;
    expect(made.filter((one) => one !== 'search')).toEqual([
      'small: docker small',
      'full: docker large',
      'shape: docker-containerd large',
      'shape: chunked large',
      'small: docker small inside',
      'full: docker large inside',
      'shape: docker-containerd large inside',
      'repeat: docker large',
      'again: docker small',
    ]);
    expect(made.indexOf('search')).toBe(4);
    expect(checks[4]!.client.name).toBe('docker-containerd');
    expect(sizeLimit?.conclusion).toBe('found');
    expect(sizeLimit!.smallestRejected! - sizeLimit!.largestAccepted!).toBeLessThanOrEqual(10_000);
    expect(steps).toContain('size limit up to 977 KiB');
  });

  test('the search ends when its bounds are as close as is asked for', async () => {
    const { examination } = await examined(above300k, { resolutionBytes: 200_000 });
    const { largestAccepted = 0, smallestRejected = 0 } = examination.subject.sizeLimit ?? {};
    expect(smallestRejected - largestAccepted).toBeGreaterThan(10_000);
  });

  test.each<[string, World, number]>([
    ['half a second', {}, 500],
    ['as long as is asked for', { hesitationMs: 70 }, 70],
  ])('each try of the search rests after its first chunk, %s', async (_what, world, restMs) => {
    const { restsMs, made } = await examined(above300k, world);
    expect(restsMs).toEqual(made.filter((one) => one === 'search').map(() => restMs));
  });

  test('the search sends four times the size at most', async () => {
    const above900k = failing(tooLarge, ({ client, bytes }) => client !== 'chunked' && bytes > 900_000);
    const { examination } = await examined(above900k, { resolutionBytes: 1 });
    expect(examination.subject.sizeLimit?.why).toContain('the 3.81 MiB that the search may move leave no room');
  });

  test('the search ends with the time of the examination', async () => {
    const slowly: Outcome = (asked) => {
      if (asked.bytes !== 65_536 && asked.bytes !== 1_000_000) vi.advanceTimersByTime(50_000);
      return above300k(asked);
    };
    const { made, examination } = await examined(slowly, { deadlineMs: 120_000 });
    expect(made.filter((one) => one === 'search').length).toBeLessThan(5);
    expect(examination.subject.sizeLimit?.conclusion).toBe('inconclusive');
  });

  test('without time for a search it is left out', async () => {
    const hurried: Outcome = (asked) => {
      if (asked.bytes === 1_000_000 && asked.client === 'chunked') vi.advanceTimersByTime(60_000);
      return above300k(asked);
    };
    const { made, examination, steps } = await examined(hurried, { deadlineMs: 62_000 });
    expect(made).not.toContain('search');
    expect(steps).not.toContain('size limit up to 977 KiB');
    expect(examination.leftOut).toContain('size limit up to 977 KiB: the 1 m 2 s of this examination were over');
  });
});

describe('where full segments vanish', () => {
  const vanished = fakeFailure('upload_stalled', {
    sentBytes: 60_000,
    evidence: { message: '', kernel: vanishingSegments },
  });
  const tiny = 'tiny: docker tiny';

  test('a body that fits into one is sent twice, as soon as that is known, and once and for all', async () => {
    const small = await examined(failing(vanished, ({ bytes }) => bytes > 256));
    expect(small.made.slice(0, 7)).toEqual([
      'small: docker small',
      'shape: docker-containerd small',
      'shape: chunked small',
      tiny,
      tiny,
      'full: docker large',
      'shape: docker-containerd large',
    ]);
    expect(small.made.filter((one) => one === tiny)).toHaveLength(2);
    const large = await examined(failing(vanished, ({ bytes }) => bytes > 65_536));
    expect(large.made.indexOf(tiny)).toBe(4);
    expect(large.made.filter((one) => one === tiny)).toHaveLength(2);
  });

  test('one that fails as well is not sent again', async () => {
    const { made } = await examined(failing(vanished, () => true));
    expect(made.filter((one) => one === tiny)).toHaveLength(1);
  });

  test('a stall of another kind is none', async () => {
    const stall = fakeFailure('upload_stalled', { sentBytes: 60_000 });
    expect((await examined(failing(stall, () => true))).made).not.toContain(tiny);
  });
});

describe('where a push is cut', () => {
  const ofLarge = (failure: Failure): Outcome => failing(failure, ({ bytes }) => bytes === 1_000_000);
  /** Rests of small bodies, in ms. */
  const restsOf = ({ examination }: Seen): (number | undefined)[] =>
    examination.subject.trials.filter(({ kind }) => kind === 'pausing').map(({ pauseMs }) => pauseMs);

  test.each<[string, Failure, readonly number[] | undefined, number | undefined]>([
    ['for a little longer than nothing moved', cut({ elapsedMs: 10_001 }), [120_000], 13_002],
    [
      'as long as nothing moved after the last byte',
      cut({ evidence: { message: '', sinceLastByteMs: 20_000 } }),
      [120_000],
      26_000,
    ],
    ['no longer than a slow body takes', cut({ elapsedMs: 10_000 }), [100, 12_000], 12_000],
    ['when it is worth while: a fiftieth of that', cut({ elapsedMs: 1_000 }), [65_000], 1_300],
    ['not when it is less', cut({ elapsedMs: 1_000 }), [65_001], undefined],
    ['no longer than the usual slow bodies take, when none are said', cut({ elapsedMs: 100_000 }), undefined, 125_000],
    ['not when slow bodies are not wanted', cut({ elapsedMs: 10_000 }), [], undefined],
    ['not when somebody said why', { ...cut({ elapsedMs: 10_000 }), answeredBy: 'nginx' }, [120_000], undefined],
  ])('a small body rests %s', async (_what, failure, durationsMs, pauseMs) => {
    const seen = await examined(ofLarge(failure), { durationsMs });
    expect(restsOf(seen)).toEqual(pauseMs === undefined ? [] : [pauseMs]);
    expect(seen.restsMs.filter((ms) => ms === pauseMs)).toHaveLength(pauseMs === undefined ? 0 : 1);
  });

  test.each<[string, Failure | undefined, number]>([
    ['twice, when it is ended meanwhile', cut({ elapsedMs: 10_000 }), 2],
    ['once, when it gets through', undefined, 1],
    ['once, when it is ended later', cut({ elapsedMs: 13_001 }), 1],
  ])('it rests %s, between its two halves', async (_what, end, times) => {
    const outcome: Outcome = ({ check, bytes }) => {
      if (check.client.writeBytes === 20_000) return end;
      return bytes === 160_000 ? cut({ elapsedMs: 10_000 }) : undefined;
    };
    const seen = await examined(outcome, { durationsMs: [120_000], sizeBytes: 160_000 });
    expect(seen.made.filter((one) => one === 'pausing: docker 40000')).toHaveLength(times);
  });

  test.each<[string, readonly ClientName[], string]>([
    ['as a client that gets through', ['docker-containerd', 'chunked'], 'docker-containerd'],
    ['as the one in question, when none does', [], 'docker'],
  ])('it rests %s', async (_what, through, client) => {
    const outcome = failing(cut({ elapsedMs: 10_000 }), (asked) => !through.some((name) => name === asked.client));
    const { made } = await examined(outcome, { durationsMs: [120_000] });
    expect(made.find((one) => one.startsWith('pausing'))).toBe(`pausing: ${client} small`);
  });

  test.each<[string, Failure, boolean, number]>([
    ['twice, when that gets through', cut(), true, 2],
    ['once, when that fails', cut(), false, 1],
    ['not where a clock ended it', fakeFailure('request_timeout', { sentBytes: 60_000 }), true, 0],
  ])('it is made on fresh connections %s', async (_what, failure, passes, times) => {
    const isFresh = ({ check }: { readonly check: Check }): boolean =>
      check.client.requestHeaders?.['connection'] === 'close';
    const outcome: Outcome = (asked) => (passes && isFresh(asked) ? undefined : ofLarge(failure)(asked));
    const { made, checks } = await examined(outcome);
    expect(made.filter((one) => one === 'fresh: docker large')).toHaveLength(times);
    expect(checks.filter((check) => isFresh({ check }))).toHaveLength(times);
  });

  test('the same push comes once more, and a small one at the end: over the direct path only when it fails', async () => {
    const dies =
      (from: number): Outcome =>
      (asked) => {
        const isDead = asked.bytes === 1_000_000 || asked.times >= from;
        return isDead && asked.client === 'docker' && asked.check.path !== inside ? cut() : undefined;
      };
    const alive = await examined(dies(9), { direct: inside });
    expect(alive.made.slice(-2)).toEqual(['repeat: docker large', 'again: docker small']);
    const dead = await examined(dies(1), { direct: inside });
    expect(dead.made.slice(-2)).toEqual(['again: docker small', 'again: docker small inside']);
    const alone = await examined(dies(1));
    expect(alone.made.filter((one) => one.startsWith('again'))).toEqual(['again: docker small']);
  });
});

test('slow bodies that fail in a way that tells nothing call for a small push at the end; those that are ended do not', async () => {
  const isSlow = (check: Check): boolean => check.client.writeBytes === 256;
  const slowEnd =
    (failure: Failure): Outcome =>
    ({ check }) =>
      isSlow(check) ? failure : undefined;
  const unclear = await examined(slowEnd(fakeFailure('connect_refused', { phase: 'connect' })), { durationsMs: [400] });
  expect(unclear.examination.subject.durationLimit?.conclusion).toBe('inconclusive');
  expect(unclear.made.at(-1)).toBe('again: docker small');
  let slow = 0;
  const ended: Outcome = ({ check }) => {
    slow += isSlow(check) ? 1 : 0;
    return isSlow(check) && slow > 1 ? fakeFailure('request_timeout', { status: 408, elapsedMs: 300 }) : undefined;
  };
  const { made, examination } = await examined(ended, { durationsMs: [400], durationResolutionMs: 300 });
  expect(examination.subject.durationLimit?.conclusion).toBe('found');
  expect(made.slice(4)).toEqual(['slow: docker small', 'slow: docker small']);
});

test('manifests, pulls, and somebody else beside a large push come last', async () => {
  const { steps } = await examined(fine, { sizeBytes: 8 * 1024 ** 2, pull: true });
  expect(steps.slice(-3)).toEqual([
    'the manifest of a tiny image over public',
    '8 MiB pulled back over public',
    'GET /v2/ beside a push of 8 MiB',
  ]);
});

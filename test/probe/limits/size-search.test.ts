import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Check, workloadBytes } from '../../../src/probe/check.ts';
import { type Failure, failureReasons } from '../../../src/probe/failure.ts';
import type { SizeLimit } from '../../../src/probe/limits/limit.ts';
import { sizePlan, worstCaseSearchBytes } from '../../../src/probe/limits/size-plan.ts';
import { searchSizeLimit, type SizeSearchOptions } from '../../../src/probe/limits/size-search.ts';
import type { RunCheck } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeFailure, fakeRun, tooLarge } from '../../support/fake-run.ts';

const MB = 1_000_000;
const MiB = 1_048_576;
const check = checkOf('http://127.0.0.1:1');
const signal = new AbortController().signal;

/** A path that fails as `outcome` says for each size and each number of the run; a refusal costs all bytes, as when streamed. */
function pathWith(outcome: (sizeBytes: number, number: number) => Failure | undefined): RunCheck & { sizes: number[] } {
  const sizes: number[] = [];
  const run: RunCheck = async (tried: Check) => {
    const size = workloadBytes(tried.workload);
    sizes.push(size);
    return fakeRun(tried, outcome(size, sizes.length), size);
  };
  return Object.assign(run, { sizes });
}

const limitedTo = (limitBytes: number) => pathWith((size) => (size > limitBytes ? tooLarge : undefined));

function search(run: RunCheck, options: Partial<SizeSearchOptions> = {}): Promise<SizeLimit> {
  return searchSizeLimit(check, { upToBytes: 600 * MiB, resolutionBytes: MiB, signal, ...options }, run);
}

const pulled: Check = { ...check, pushedOver: { ...check.path, name: 'direct' } };

describe('size search', () => {
  test('any limit is found within the resolution, at a cost below the stated bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_024, max: 700 * MiB }),
        fc.integer({ min: 10 * MiB, max: 600 * MiB }),
        fc.integer({ min: 64 * 1_024, max: 5 * MiB }),
        async (limitBytes, upToBytes, resolutionBytes) => {
          const found = await search(limitedTo(limitBytes), { upToBytes, resolutionBytes });
          expect(found.bytesSpent).toBeLessThanOrEqual(
            worstCaseSearchBytes(sizePlan({ upToBytes, resolutionBytes }), 'push'),
          );
          const isLimited = limitBytes < upToBytes;
          expect(found.conclusion).toBe(isLimited ? 'found' : 'none-up-to');
          expect(found.largestAccepted).toBeLessThanOrEqual(limitBytes);
          expect(found.smallestRejected ?? Number.POSITIVE_INFINITY).toBeGreaterThan(limitBytes);
          const nextBytes = found.smallestRejected ?? upToBytes;
          expect(nextBytes - found.largestAccepted!).toBeLessThanOrEqual(isLimited ? resolutionBytes : 0);
          expect(found.rejection).toBe(isLimited ? tooLarge : undefined);
        },
      ),
      // A coarse resolution is finer for small limits: more sizes are tried below than above.
      { examples: [[5_516_096, 10 * MiB, 1_084_112]] },
    );
  });

  test.each([
    ['Cloudflare Free', 100 * MB],
    ['Cloudflare Business', 200 * MB],
    ['Cloudflare Enterprise', 500 * MB],
    ['nginx default', MiB],
    ['100 MiB', 100 * MiB],
    ['512 MiB', 512 * MiB],
  ])('a limit at a usual cliff is met exactly and in few tries: %s', async (_name, limitBytes) => {
    const path = limitedTo(limitBytes);
    const found = await search(path);
    expect(found).toMatchObject({
      conclusion: 'found',
      largestAccepted: limitBytes,
      smallestRejected: limitBytes + Math.min(MiB, limitBytes / 8),
    });
    expect(path.sizes.length).toBeLessThanOrEqual(9);
  });

  test('no limit costs two tries', async () => {
    const path = limitedTo(Number.POSITIVE_INFINITY);
    expect(await search(path)).toMatchObject({ conclusion: 'none-up-to', bytesSpent: 1_024 + 600 * MiB });
    expect(path.sizes).toEqual([1_024, 600 * MiB]);
  });

  test('what is refused at any size has a limit below the smallest one tried', async () => {
    const found = await search(limitedTo(0));
    expect(found).toMatchObject({ conclusion: 'found', smallestRejected: 1_024 });
    expect(found.largestAccepted).toBeUndefined();
  });

  test.each(failureReasons.filter((reason) => reason !== 'body_too_large'))(
    '%s above a size is no size limit',
    async (reason) => {
      const failure = fakeFailure(reason);
      const found = await search(pathWith((size) => (size > 100 * MB ? failure : undefined)));
      expect(found).toMatchObject({ conclusion: 'inconclusive', why: expect.stringContaining(reason) as string });
      expect(found.largestAccepted).toBe(1_024);
      expect(found.smallestRejected).toBeUndefined();
    },
  );

  test('a refusal whose answer was lost twice is a refusal the third time', async () => {
    const cut = fakeFailure('connection_reset');
    let tries = 0;
    const path = pathWith((size) => (size <= 100 * MB ? undefined : (tries += 1) % 3 === 0 ? tooLarge : cut));
    expect(await search(path)).toMatchObject({ conclusion: 'found', largestAccepted: 100 * MB });
  });

  test('what is cut at one time and accepted at another is inconclusive', async () => {
    const cut = fakeFailure('connection_reset');
    const path = pathWith((_size, number) => (number === 2 ? cut : undefined));
    expect(await search(path)).toMatchObject({
      conclusion: 'inconclusive',
      why: expect.stringMatching(/at one time/) as string,
    });
  });

  test('what is refused at one time and accepted at another is inconclusive', async () => {
    const path = pathWith((_size, number) => (number === 2 ? tooLarge : undefined));
    const found = await search(path);
    expect(found).toMatchObject({ conclusion: 'inconclusive', smallestRejected: 600 * MiB });
    expect(found.why).toMatch(/accepted at another$/);
  });

  test('a path without order never gets a limit that its own answers contradict', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 3 })), async (stream) => {
        const answers: [size: number, accepted: boolean][] = [];
        const path = pathWith((size) => {
          const word = stream.next().value ?? 0;
          answers.push([size, word < 2]);
          return word < 2 ? undefined : word === 2 ? tooLarge : fakeFailure('connection_reset');
        });
        const found = await search(path, { upToBytes: 20 * MiB });
        const acceptedSizes = answers.filter(([, accepted]) => accepted).map(([size]) => size);
        const otherSizes = answers.filter(([, accepted]) => !accepted).map(([size]) => size);
        const contradicted = {
          found:
            Math.max(0, ...acceptedSizes) !== (found.largestAccepted ?? 0) ||
            Math.min(...otherSizes) !== found.smallestRejected,
          'none-up-to': otherSizes.length > 0,
          inconclusive: false,
        };
        expect(contradicted[found.conclusion]).toBe(false);
      }),
    );
  });

  test('a byte budget ends it before the try that could exceed it, and what is known stays', async () => {
    const path = limitedTo(100 * MB);
    const found = await search(path, { byteBudget: 700 * MB });
    expect(found).toMatchObject({ conclusion: 'inconclusive', why: expect.stringMatching(/leave no room/) as string });
    expect(found.bytesSpent).toBeLessThanOrEqual(700 * MB);
    expect(found.largestAccepted).toBe(1_024);
    expect(found.smallestRejected).toBe(600 * MiB);
  });

  test('a byte budget may be used up to its last byte', async () => {
    const bytes = 1_024 + 600 * MiB;
    expect(await search(limitedTo(1_000 * MiB), { byteBudget: bytes })).toMatchObject({
      conclusion: 'none-up-to',
      bytesSpent: bytes,
    });
    const short = await search(limitedTo(1_000 * MiB), { byteBudget: bytes - 1 });
    expect(short).toMatchObject({ conclusion: 'inconclusive', bytesSpent: 1_024 });
  });

  test('a cancelled run ends it', async () => {
    const path = pathWith(() => fakeFailure('cancelled', { blame: 'prober' }));
    expect(await search(path)).toMatchObject({
      conclusion: 'inconclusive',
      why: expect.stringMatching(/cancelled/) as string,
    });
    expect(path.sizes).toHaveLength(1);
  });
});

describe('a pull that an answer refuses', () => {
  const refusal = (status: number): Failure =>
    fakeFailure(status === 403 ? 'blocked_by_policy' : 'registry_error', {
      phase: 'pull',
      status,
      answeredBy: 'other',
    });
  const late = (status: number): Failure => ({
    ...refusal(status),
    reason: status === 504 ? 'response_timeout' : 'request_timeout',
  });
  const saying = (status: number, evidence: Partial<Failure['evidence']>): Failure => ({
    ...refusal(status),
    evidence: { message: '', ...evidence },
  });
  const searched = (outcome: (sizeBytes: number, number: number) => Failure | undefined): Promise<SizeLimit> =>
    searchSizeLimit(pulled, { upToBytes: 64 * MiB, resolutionBytes: MiB, signal }, pathWith(outcome));

  test.each([403, 500, 502])('each time above a size with %i: that is the limit', async (status) => {
    const found = await searched((size) => (size > 10 * MiB ? refusal(status) : undefined));
    expect(found).toMatchObject({ conclusion: 'found', largestAccepted: 10 * MiB, rejection: { status } });
    expect(found.why).toMatch(/^10 MiB comes back, 11 MiB does not: \d{3} from other/);
  });

  test.each<[what: string, outcome: (sizeBytes: number, number: number) => Failure | undefined]>([
    ['whatever its size', () => refusal(502)],
    [
      'with one status and another',
      (size, number) => (size > 10 * MiB ? refusal(number % 2 === 0 ? 502 : 500) : undefined),
    ],
    ['now and then', (size, number) => (size > 10 * MiB && number % 3 === 0 ? refusal(502) : undefined)],
    ['because nobody is logged in', (size) => (size > 10 * MiB ? refusal(401) : undefined)],
    ['because it is not there', (size) => (size > 10 * MiB ? refusal(404) : undefined)],
    ['by the registry itself', (size) => (size > 10 * MiB ? { ...refusal(500), answeredBy: 'registry' } : undefined)],
    ['because it waited too long', (size) => (size > 10 * MiB ? late(504) : undefined)],
    ['because the client was too slow', (size) => (size > 10 * MiB ? late(408) : undefined)],
    ['until later', (size) => (size > 10 * MiB ? saying(503, { headers: { 'retry-after': '30' } }) : undefined)],
    [
      'because it has too much to do',
      (size) => (size > 10 * MiB ? saying(503, { body: 'envoy overloaded' }) : undefined),
    ],
  ])('%s: no limit is found', async (_what, outcome) => {
    expect((await searched(outcome)).conclusion).not.toBe('found');
  });

  test('whatever its size from some try on: what came back before shows it at the end', async () => {
    const found = await searched((size, number) => (number > 6 || size > 20 * MiB ? refusal(502) : undefined));
    expect(found).toMatchObject({ conclusion: 'inconclusive', largestAccepted: 10 * MiB });
    expect(found.why).toMatch(/^10 MiB came back at one time, and not at another: 502 from other/);
  });

  test('for another reason at the end: that is what the search ends with', async () => {
    const found = await searched((size, number) => {
      if (size > 10 * MiB) return refusal(502);
      return number > 6 ? fakeFailure('auth_expired', { phase: 'pull' }) : undefined;
    });
    expect(found).toMatchObject({ conclusion: 'inconclusive', largestAccepted: 10 * MiB });
    expect(found.why).toMatch(/^what was pulled failed for another reason: auth_expired/);
  });

  test('is found at a cost below the stated bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_024, max: 70 * MiB }),
        fc.integer({ min: 2 * MiB, max: 64 * MiB }),
        fc.integer({ min: 64 * 1_024, max: MiB }),
        async (limitBytes, upToBytes, resolutionBytes) => {
          const run: RunCheck = async (tried) => {
            const size = workloadBytes(tried.workload);
            const isRefused = size > limitBytes;
            return { ...fakeRun(tried, isRefused ? refusal(403) : undefined, size), pulledBytes: isRefused ? 0 : size };
          };
          const found = await searchSizeLimit(pulled, { upToBytes, resolutionBytes, signal }, run);
          expect(found.conclusion).toBe(limitBytes < upToBytes ? 'found' : 'none-up-to');
          expect(found.bytesSpent).toBeLessThanOrEqual(
            worstCaseSearchBytes(sizePlan({ upToBytes, resolutionBytes }), 'pull'),
          );
        },
      ),
    );
  });
});

describe('what is tried', () => {
  test('each try is told with its number, and runs as the check does, with the signal and the progress of the search', async () => {
    const told: unknown[] = [];
    const onProgress = (): void => {};
    const seen: Parameters<RunCheck>[] = [];
    const run: RunCheck = async (tried, options) => {
      seen.push([tried, options]);
      return fakeRun(tried, undefined, workloadBytes(tried.workload));
    };
    await search(run, { onTry: (tried) => told.push(tried), onProgress });
    expect(told).toEqual([
      { sizeBytes: 1_024, number: 1 },
      { sizeBytes: 600 * MiB, number: 2 },
    ]);
    expect(seen.map(([tried, options]) => [tried.timeoutMs, tried.retries, options])).toEqual([
      [60_000, 'none', { signal, onProgress }],
      [60_000, 'none', { signal, onProgress }],
    ]);
  });

  test('no try begins once the time is over, and none takes longer than what is left', async () => {
    const path = limitedTo(100 * MB);
    const over = await search(path, { timeBudgetMs: 0 });
    expect(over).toMatchObject({ conclusion: 'inconclusive', why: 'the time for the search was over', bytesSpent: 0 });
    expect(path.sizes).toEqual([]);
    const timeouts: number[] = [];
    const run: RunCheck = async (tried) => {
      timeouts.push(tried.timeoutMs);
      return fakeRun(tried);
    };
    await search(run, { timeBudgetMs: 50_000 });
    expect(Math.max(...timeouts)).toBeLessThanOrEqual(50_000);
    expect(timeouts.every(Number.isInteger)).toBe(true);
  });

  test('a size that is only cut is tried three times', async () => {
    const path = pathWith((size) => (size > MB ? fakeFailure('connection_reset') : undefined));
    const found = await search(path);
    expect(path.sizes).toEqual([1_024, 600 * MiB, 600 * MiB, 600 * MiB]);
    expect(found.why).toBe(
      '600 MiB fails each time, and no answer says why: connection_reset, no answer in send, after 0 ms',
    );
  });
});

describe('what a search says', () => {
  test('of a limit', async () => {
    expect(await search(limitedTo(100 * MB))).toMatchObject({
      unit: 'bytes',
      direction: 'push',
      why: expect.stringMatching(/^95\.4 MiB is accepted, 96\.4 MiB is refused: 413 from nginx/) as string,
    });
    expect((await search(limitedTo(0))).why).toMatch(/^nothing smaller was accepted, 1 KiB is refused: 413 from nginx/);
  });

  test('of none', async () => {
    expect((await search(pathWith(() => undefined))).why).toBe('600 MiB, the largest size tried, is accepted');
  });

  test('of what is refused or cut at one time, and accepted at another', async () => {
    const refused = await search(pathWith((_size, number) => (number === 2 ? tooLarge : undefined)));
    expect(refused.why).toBe('600 MiB was refused at one time and accepted at another');
    const cut = await search(pathWith((_size, number) => (number === 2 ? fakeFailure('connection_reset') : undefined)));
    expect(cut.why).toMatch(/^600 MiB failed at one time \(connection_reset, .*\) and was accepted at another$/);
  });

  test('of what fails for another reason when it should be refused again', async () => {
    const path = pathWith((size, number) => {
      if (size <= 100 * MB) return undefined;
      return number > 7 ? fakeFailure('auth_expired') : tooLarge;
    });
    expect(await search(path)).toMatchObject({
      conclusion: 'inconclusive',
      largestAccepted: 100 * MB,
      why: expect.stringMatching(/^at 96\.4 MiB it failed for another reason: auth_expired/) as string,
    });
  });
});

describe('a pull that is cut', () => {
  /** After so many bytes, and so long. */
  const cutAfter = (pulledBytes: number, elapsedMs: number): Failure =>
    fakeFailure('connection_reset', { phase: 'pull', status: 200, elapsedMs, evidence: { message: '', pulledBytes } });
  async function searched(outcome: (sizeBytes: number, number: number) => Failure | undefined) {
    const path = pathWith(outcome);
    const found = await searchSizeLimit(pulled, { upToBytes: 64 * MiB, resolutionBytes: MiB, signal }, path);
    return { found, sizes: path.sizes };
  }
  const limitBytes = 21 * MiB + 7;
  const clocks = [1_000, 2_000, 3_000];

  test('after the same bytes, and another time each time: that size, and the next one, are tried at once', async () => {
    const { found, sizes } = await searched((size, number) =>
      size > limitBytes ? cutAfter(limitBytes, clocks[number % 3]!) : undefined,
    );
    const next = limitBytes + MiB;
    expect(sizes).toEqual([1_024, ...Array(3).fill(64 * MiB), limitBytes, ...Array(6).fill(next)]);
    expect(found).toMatchObject({
      conclusion: 'found',
      direction: 'pull',
      largestAccepted: limitBytes,
      smallestRejected: next,
      rejection: { reason: 'connection_reset' },
    });
    expect(found.why).toMatch(/^21 MiB comes back, 22 MiB does not: connection_reset, no answer in pull/);
  });

  test.each([
    [
      'the same time, and other bytes',
      (number: number) => cutAfter((1 + (number % 3)) * 5 * MiB, 2_000),
      /^64 MiB does not come back: .*, each time after the same time, which is no limit on size$/,
    ],
    [
      'the same time, and bytes of which a reset may have taken some',
      (number: number) => cutAfter((1 + (number % 3)) * MiB, 2_000),
      /, each time after the same time: nothing tells whether the size or the time is limited$/,
    ],
    [
      'the same bytes and the same time',
      () => cutAfter(limitBytes, 2_000),
      /, each time after the same bytes and the same time: nothing tells whether the size or the time is limited$/,
    ],
    [
      'other bytes and another time',
      (number: number) => cutAfter((1 + (number % 3)) * 5 * MiB, clocks[number % 3]!),
      /^64 MiB does not come back: connection_reset, no answer in pull, after \d+ MiB and \d s$/,
    ],
  ])('after %s is no limit', async (_what, failure, why) => {
    const { found, sizes } = await searched((size, number) => (size > limitBytes ? failure(number) : undefined));
    expect(sizes).toEqual([1_024, 64 * MiB, 64 * MiB, 64 * MiB]);
    expect(found).toMatchObject({ conclusion: 'inconclusive', largestAccepted: 1_024 });
    expect(found.smallestRejected).toBeUndefined();
    expect(found.why).toMatch(why);
  });

  test('after fewer bytes than come back: the limit is looked for above them', async () => {
    const { found, sizes } = await searched((size, number) =>
      size > 30 * MiB ? cutAfter(20 * MiB, clocks[number % 3]!) : undefined,
    );
    expect(sizes.slice(4, 6)).toEqual([20 * MiB, 21 * MiB]);
    expect(found).toMatchObject({ conclusion: 'found' });
    expect(found.largestAccepted).toBeLessThanOrEqual(30 * MiB);
    expect(found.smallestRejected).toBeGreaterThan(30 * MiB);
    expect(found.smallestRejected! - found.largestAccepted!).toBeLessThanOrEqual(MiB);
  });

  test('at no size has no limit', async () => {
    const { found } = await searched(() => undefined);
    expect(found.why).toBe('64 MiB, the largest size tried, comes back');
  });
});

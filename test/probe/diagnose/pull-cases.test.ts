import { describe, expect, test } from 'vitest';
import { pullCases } from '../../../src/probe/diagnose/pull-cases.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const [here, there] = ['ingress', 'internal'].map((path) => fakeCheck('gitea', path, 'docker', 'blob'));

/** A run over the path in question, of so many bytes, or over the direct one. */
function over(way: 'here' | 'there', outcome: Failure | 'ok', sizeBytes = 8_000_000): Run {
  const check = (way === 'here' ? here : there) ?? fakeCheck('', '', 'docker', '');
  const sized = { ...check, workload: { ...check.workload, layerBytes: [sizeBytes] } };
  return fakeRun(sized, outcome === 'ok' ? undefined : outcome);
}

const refused = fakeFailure('blocked_by_policy', { phase: 'pull', status: 403, answeredBy: 'squid' });
const lost = fakeFailure('registry_error', { phase: 'start' });
const timedOut = fakeFailure('response_timeout', { phase: 'pull', status: 504, answeredBy: 'nginx' });

/** A pull that is cut after these bytes, and so many milliseconds. */
function cut(pulledBytes: number, elapsedMs: number): Failure {
  const evidence = { message: '', pulledBytes, silentMs: 0, code: 'UND_ERR_SOCKET' };
  return fakeFailure('connection_reset', { phase: 'pull', status: 200, answeredBy: 'registry', elapsedMs, evidence });
}

const casesOf = (runs: readonly Run[], directRuns: readonly Run[] = []) => pullCases({ runs, directRuns });
const provenBy = (runs: readonly Run[], directRuns: readonly Run[] = []): string[] =>
  casesOf(runs, directRuns).flatMap(({ contrast }) => [...(contrast.proven ?? [])]);

describe('what is to be explained', () => {
  test('nothing, where no pull failed', () => {
    expect(casesOf([])).toEqual([]);
    expect(casesOf([over('here', 'ok'), over('here', lost)])).toEqual([]);
  });

  test('the first failure, and what was pulled', () => {
    const [one, ...others] = casesOf([over('here', 'ok'), over('here', refused), over('here', timedOut)]);
    expect([one?.failure, one?.what, others]).toEqual([refused, 'docker, 7.63 MiB pulled back', []]);
  });
});

describe('whether it came again', () => {
  test.each<[what: string, second: Run | undefined, cameAgain: boolean | undefined]>([
    ['nobody knows, without a second try', undefined, undefined],
    ['nobody knows, where nothing was put there', over('here', lost), undefined],
    ['it did', over('here', timedOut), true],
    ['it did not', over('here', 'ok'), false],
  ])('%s', (_what, second, cameAgain) => {
    const runs = [over('here', refused), ...(second === undefined ? [] : [second])];
    expect(casesOf(runs)[0]?.contrast.cameAgain).toBe(cameAgain);
  });
});

describe('how it is over the direct path', () => {
  test.each<[direct: string, run: Run | undefined]>([
    ['none', undefined],
    ['ok', over('there', 'ok')],
    ['same', over('there', refused)],
    ['other', over('there', timedOut)],
  ])('%s', (direct, run) => {
    const [one] = casesOf([over('here', refused)], run === undefined ? [] : [run]);
    expect([one?.contrast.direct, one?.contrast.directPath]).toEqual([direct, run && 'internal']);
  });

  test.each<[what: string, runs: readonly Run[], direct: readonly (Failure | 'ok')[], proven: readonly string[]]>([
    ['twice here and never there', [over('here', timedOut), over('here', timedOut)], ['ok', 'ok'], ['path']],
    ['once there', [over('here', timedOut), over('here', timedOut)], ['ok', timedOut], []],
    ['once here', [over('here', timedOut)], ['ok', 'ok'], []],
    ['in two ways here', [over('here', timedOut), over('here', refused)], ['ok', 'ok'], []],
    ['as much came once', [over('here', timedOut), over('here', timedOut), over('here', 'ok')], ['ok', 'ok'], []],
    ['more came once', [over('here', timedOut), over('here', timedOut), over('here', 'ok', 9e6)], ['ok', 'ok'], []],
    [
      'less came once',
      [over('here', timedOut), over('here', timedOut), over('here', 'ok', 7e6)],
      ['ok', 'ok'],
      ['path'],
    ],
  ])('%s: what is proven', (_what, runs, direct, expected) => {
    expect(
      provenBy(
        runs,
        direct.map((outcome) => over('there', outcome)),
      ),
    ).toEqual(expected);
  });
});

describe('cuts', () => {
  test('after the same bytes, and at other times, are a count', () => {
    const runs = [cut(4_000_000, 2_000), cut(4_000_000, 9_000)].map((one) => over('here', one));
    expect(casesOf(runs)[0]?.contrast.pullCuts).toEqual({ count: 2, sameBytes: 4_000_000 });
    expect(provenBy(runs)).toEqual(['pullBytes']);
  });

  test('are compared with those of their kind alone', () => {
    const runs = [over('here', cut(4_000_000, 2_000)), over('here', refused), over('here', cut(4_000_000, 9_000))];
    expect(casesOf(runs)[0]?.contrast.pullCuts).toMatchObject({ count: 2 });
  });
});

describe('a refusal for its size', () => {
  const [large, small, late] = [over('here', refused), over('here', 'ok', 65_536), over('here', timedOut)];

  test.each<[what: string, runs: readonly Run[], isProven: boolean]>([
    ['small ones came between large ones that did not', [large, large, small, small, large], true],
    ['one small one came', [large, large, small, large], false],
    ['small ones were the last', [large, large, small, small], false],
    ['it was another refusal', [large, large, small, small, over('here', { ...refused, status: 404 })], false],
    ['it was no refusal', [late, late, small, small, late], false],
  ])('%s', (_what, runs, isProven) => {
    expect(provenBy(runs)).toEqual(isProven ? ['pullSize'] : []);
  });
});

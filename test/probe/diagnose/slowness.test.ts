import { describe, expect, test } from 'vitest';
import { slowFacts, slowFindings } from '../../../src/probe/diagnose/slowness.ts';
import type { Examined } from '../../../src/probe/diagnose/trial.ts';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

/** One push with these requests. */
function over(name: string, ...requests: readonly Partial<RequestRecord>[]): Examined {
  const made = requests.map(requestRecord);
  return {
    path: pathTo(`http://${name}.example`, { name }),
    trials: [trialOf({ run: { attempts: [attempt({ requests: made })] } })],
  };
}

const lookups = (name: string, ...times: readonly number[]): Examined =>
  over(name, ...times.map((dnsMs) => ({ dnsMs })));

function said(subject: Examined, direct?: Examined): [string, string, string | undefined][] {
  const found = slowFindings({ subject, ...(direct && { direct }) });
  return found.map(({ cause, confidence, evidence }) => [cause, confidence, evidence[0]]);
}

describe('a name that takes long to resolve', () => {
  test('is likely after two of four look-ups, and what it is known by is said', () => {
    expect(said(lookups('edge', 1_000, 10, 3_000, 999))).toEqual([
      ['resolver_slow', 'likely', '2 of 4 look-ups of the name took 1 s to 3 s'],
    ]);
  });

  test('is certain where the look-ups of another path take less than a quarter', () => {
    const slow = lookups('edge', 1_000, 3_000);
    expect(said(slow, lookups('direct', 1, 249))).toEqual([
      ['resolver_slow', 'certain', '2 of 2 look-ups of the name took 1 s to 3 s; over direct 249 ms at most'],
    ]);
    expect(said(slow, lookups('direct', 1, 250))[0]?.[1]).toBe('likely');
    expect(said(slow, lookups('direct', 1))[0]?.[1]).toBe('likely');
    expect(said(slow, over('direct', {}))).toEqual(said(slow));
  });

  test.each([
    ['once', [5_000]],
    ['in fewer than half of them', [5_000, 5_000, 1, 1, 1]],
    ['for less than a second', [999, 999]],
    ['never', []],
  ])('is none when it does so %s', (_what, times) => {
    expect(said(lookups('edge', ...times))).toEqual([]);
  });
});

describe('an address that gives no answer', () => {
  const waits = (address: string, changes: Partial<RequestRecord> = {}, ms = 1_000, code = 'ETIMEDOUT') => ({
    remoteAddress: '192.0.2.2',
    tried: [{ address, ms, code }],
    ...changes,
  });

  test('is certain when two connections waited for it, and another took them', () => {
    expect(said(over('edge', waits('192.0.2.1'), waits('192.0.2.1')))).toEqual([
      ['address_dead', 'certain', '192.0.2.1 gave no answer to 2 connections, 1 s each; 192.0.2.2 took them'],
    ]);
  });

  test('is likely when it answered at another time', () => {
    const answered = { remoteAddress: '192.0.2.1' };
    expect(said(over('edge', waits('192.0.2.1'), waits('192.0.2.1'), answered))[0]?.[1]).toBe('likely');
  });

  test('is named also where another one was met once before', () => {
    expect(said(over('edge', waits('192.0.2.3'), waits('192.0.2.1'), waits('192.0.2.1')))[0]?.[2]).toMatch(
      /^192\.0\.2\.1 gave no answer to 2 connections/,
    );
  });

  test.each<[string, Partial<RequestRecord>]>([
    ['it refused', waits('192.0.2.1', {}, 1_000, 'ECONNREFUSED')],
    ['it was waited for less than a second', waits('192.0.2.1', {}, 999)],
    ['no other took the connection', waits('192.0.2.1', { remoteAddress: undefined })],
    ['none was tried', {}],
  ])('is none when %s', (_what, request) => {
    expect(said(over('edge', request, request))).toEqual([]);
  });

  test('is none when it happened once', () => {
    expect(said(over('edge', waits('192.0.2.1'), waits('192.0.2.3')))).toEqual([]);
  });
});

describe('the same push over both paths', () => {
  const MiB = 1024 ** 2;
  const pushed = (name: string, ...speeds: readonly [number, number?, boolean?][]): Examined => ({
    path: pathTo(`http://${name}.example`, { name }),
    trials: speeds.map(([pushBytesPerSecond, sizeBytes = 256 * 1024, ok = true]) =>
      trialOf({ sizeBytes, run: { pushBytesPerSecond, ok } }),
    ),
  });
  const facts = (subject: Examined, direct?: Examined) => slowFacts({ subject, ...(direct && { direct }) });

  test('is told with the best speeds where it is four times as slow', () => {
    const there = pushed('direct', [8 * MiB], [2 * MiB]);
    expect(facts(pushed('edge', [2 * MiB], [MiB]), there)).toEqual(['edge: 2 MiB/s at best, and 8 MiB/s over direct']);
    expect(facts(pushed('edge', [2 * MiB + 1]), there)).toEqual([]);
  });

  test('is not told where small bodies, failures, or nothing are all there is', () => {
    const there = pushed('direct', [8 * MiB]);
    const slow = pushed('edge', [MiB]);
    expect(facts(slow)).toEqual([]);
    expect(facts(pushed('edge', [MiB, 256 * 1024 - 1]), there)).toEqual([]);
    expect(facts(pushed('edge', [MiB, MiB, false]), there)).toEqual([]);
    expect(facts(slow, pushed('direct', [8 * MiB, 1_000]))).toEqual([]);
    expect(facts(over('edge', {}), there)).toEqual([]);
  });
});

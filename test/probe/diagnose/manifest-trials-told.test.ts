import { describe, expect, test } from 'vitest';
import { manifestFactsOf, manifestGotOver, whatIsPut } from '../../../src/probe/diagnose/manifest-trials.ts';
import type { ManifestPut } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');

interface Image {
  readonly failure?: Failure;
  readonly timesNamed?: number;
  readonly manifest?: 'docker' | 'oci';
  readonly cleanup?: Run['cleanup']['failures'];
}

function runOf({ failure, timesNamed = 64, manifest = 'docker', cleanup = [] }: Image = {}): Run {
  const client = { ...check.client, manifest };
  const workload = { ...check.workload, kind: 'image', untagged: { timesNamed } } as const;
  return { ...fakeRun({ ...check, client, workload }, failure), cleanup: { durationMs: 1, failures: cleanup } };
}

const of = (blob: string, changes: Partial<Failure> = {}): Failure =>
  fakeFailure('registry_error', { blob, phase: 'commit', status: 500, answeredBy: 'registry', ...changes });

describe('what was put when it failed', () => {
  test.each<[what: string, image: Image, expected: string]>([
    ['taken', {}, 'manifest of an image of 64 layers (docker’s schema 2)'],
    ['small, and taken', { manifest: 'oci', timesNamed: 1 }, 'manifest of an image of one layer (OCI)'],
    ['its manifest', { failure: of('manifest') }, 'manifest of an image of 64 layers (docker’s schema 2)'],
    ['its config', { failure: of('config') }, 'config of an image of 64 layers (docker’s schema 2)'],
    ['a layer', { failure: of('layer1') }, 'layer of an image of 64 layers (docker’s schema 2)'],
  ])('%s', (_what, image, expected) => {
    expect(whatIsPut(runOf(image))).toBe(`docker, the ${expected}`);
  });

  test('an image of a check has one', () => {
    expect(whatIsPut(fakeRun(check))).toContain('an image of one layer');
  });
});

describe('what is told of each', () => {
  const kept = { kind: 'manifest', reason: 'method_not_allowed', message: 'answered 405' } as const;
  const factOf = (image: Image): string => manifestFactsOf([{ way: 'usual', run: runOf(image) }])[0] ?? '';

  test('where it was put, and what came of it', () => {
    expect(factOf({})).toBe(
      'ingress: docker, the manifest of an image of 64 layers (docker’s schema 2), put by its digest, without a tag: taken',
    );
    expect(factOf({ failure: of('manifest') })).toMatch(
      /tag: 500 from registry \(registry_error\) in commit, after 0 ms$/,
    );
    expect(manifestFactsOf([])).toEqual([]);
  });

  const why = 'there, because it could not be deleted: answered 405';
  const [stays, mayStay] = [`; it stays ${why}`, `; it may stay ${why}`];
  test.each<[what: string, failure: Failure | undefined, expected: string | undefined]>([
    ['taken', undefined, stays],
    ['answered 299', of('manifest', { status: 299 }), stays],
    ['answered 300', of('manifest', { status: 300 }), mayStay],
    ['answered 399', of('manifest', { status: 399 }), mayStay],
    ['answered 400', of('manifest', { status: 400 }), undefined],
    ['answered 499', of('manifest', { status: 499 }), undefined],
    ['answered 500', of('manifest', { status: 500 }), mayStay],
    ['not answered', of('manifest', { status: undefined }), mayStay],
    ['given up by a hop', of('manifest', { reason: 'request_timeout', status: 408 }), mayStay],
    ['not found afterwards', of('manifest', { phase: 'verify', status: 404 }), stays],
  ])('one that was %s and could not be deleted', (_what, failure, expected) => {
    const fact = factOf({ failure, cleanup: [{ ...kept, kind: 'blob' }, kept] });
    expect(/;.*$/.exec(fact)?.[0]).toBe(expected);
  });

  test('a blob that could not be deleted is no manifest', () => {
    expect(factOf({ cleanup: [{ ...kept, kind: 'blob' }] })).toMatch(/: taken$/);
  });
});

describe('a cut that the client gets over', () => {
  const cut = of('manifest', { reason: 'connection_reset', answeredBy: 'none', status: undefined });
  const put = (failure?: Failure, clientSendsAgain = true): ManifestPut => ({
    way: 'usual',
    run: runOf({ ...(failure && { failure }) }),
    clientSendsAgain,
  });

  test('is told as such, where all others got through', () => {
    expect(manifestGotOver([put(cut), put(), put()])).toEqual([
      'one image of 3 that was cut (docker, the manifest of an image of 64 layers (docker’s schema 2): connection_reset, no answer in commit, after 0 ms), and docker sends such a request again by itself',
    ]);
  });

  test.each<[what: string, puts: readonly ManifestPut[]]>([
    ['none failed', [put(), put(), put()]],
    ['two failed', [put(cut), put(cut), put()]],
    ['the client does not send it again', [put(cut, false), put(), put()]],
    ['it was refused', [put(of('manifest')), put(), put()]],
    ['too few others got through', [put(cut), put()]],
    ['there was none', []],
  ])('is another matter, where %s', (_what, puts) => {
    expect(manifestGotOver(puts)).toEqual([]);
  });
});

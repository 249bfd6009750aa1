import { expect, test } from 'vitest';
import {
  followsLayers,
  isOfConfigOrManifest,
  isOfManifest,
  isUnderDigest,
} from '../../../src/probe/diagnose/manifest-failure.ts';
import { type Failure, phases } from '../../../src/probe/failure.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const of = (blob: string, phase: Failure['phase']): Failure => fakeFailure('registry_error', { blob, phase });
/** The phases in which such a failure is one. */
const phasesOf = (is: (failure: Failure) => boolean, blob: string): string[] =>
  phases.filter((phase) => is(of(blob, phase)));

test.each(['manifest', 'config'])('what follows the layers: %s', (blob) => {
  expect(phasesOf(followsLayers, blob)).toEqual(phases.filter((phase) => phase !== 'pull' && phase !== 'cleanup'));
  expect(phasesOf(isOfConfigOrManifest, blob)).toEqual(['start', 'send', 'wait', 'commit', 'verify']);
  expect(phasesOf(isOfManifest, blob)).toEqual(blob === 'manifest' ? ['commit'] : []);
});

test('a layer does not', () => {
  for (const is of [followsLayers, isOfConfigOrManifest, isOfManifest]) expect(phasesOf(is, 'layer1')).toEqual([]);
});

test.each([
  ['/v2/a/manifests/sha256:ab', true],
  ['/v2/a/manifests/sha512:ab', true],
  ['/v2/a/manifests/latest', false],
  ['/v2/a/blobs/sha256:ab', false],
  [undefined, false],
])('%s names a manifest by its digest: %s', (url, is) => {
  expect(isUnderDigest(fakeFailure('registry_error', { evidence: { message: '', url } }))).toBe(is);
});

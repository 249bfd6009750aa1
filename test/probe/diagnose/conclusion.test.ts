import { expect, test } from 'vitest';
import { conclusionOf } from '../../../src/probe/diagnose/conclusion.ts';
import type { Finding } from '../../../src/probe/diagnose/finding.ts';

function finding(cause: Finding['cause'], confidence: Finding['confidence']): Finding {
  return {
    cause,
    confidence,
    title: `because of ${cause}`,
    hop: 'ingress',
    remedy: 'r',
    reference: 'https://example.org',
    nextTest: 't',
    evidence: [],
  };
}

const slow = finding('http2_window', 'certain');
const broken = finding('nginx_body_limit', 'certain');

test.each<[string, Finding[], string[], string, RegExp]>([
  ['nothing failed', [], [], 'healthy', /^everything that was tried over edge got through$/],
  ['nothing failed, and it is slow', [slow], [], 'healthy', /got through; slowly: because of http2_window$/],
  [
    'slow, and something failed that nothing explains',
    [slow],
    ['docker failed'],
    'inconclusive',
    /no cause explains it: docker failed$/,
  ],
  ['slow and broken', [broken, slow], [], 'fault', /^because of nginx_body_limit$/],
  ['something open', [finding('stalled', 'open')], [], 'inconclusive', /^not known for sure/],
  ['something that nothing explains', [], ['docker failed'], 'inconclusive', /no cause explains it: docker failed$/],
])('%s', (_name, findings, unexplained, kind, why) => {
  expect(conclusionOf(findings, unexplained, 'edge', undefined)).toEqual({ kind, why: expect.stringMatching(why) });
});

test('two causes are both said, and what a fault hides', () => {
  const two = [broken, finding('haproxy_body_limit', 'likely'), finding('stalled', 'open')];
  expect(conclusionOf(two, [], 'edge', undefined).why).toBe(
    'because of nginx_body_limit and because of haproxy_body_limit',
  );
  expect(conclusionOf([broken], ['docker failed'], 'edge', 'the rest is hidden').why).toBe(
    'because of nginx_body_limit; the rest is hidden',
  );
});

test('all that is open is said', () => {
  expect(conclusionOf([finding('stalled', 'open'), finding('registry_down', 'open')], [], 'edge', undefined).why).toBe(
    'not known for sure, one of these: because of stalled; or because of registry_down',
  );
});

test('what clients get over by themselves is said, and is no fault', () => {
  expect(conclusionOf([slow], [], 'edge', undefined, ['one cut', 'another'])).toEqual({
    kind: 'healthy',
    why: 'everything that was tried over edge got through, but for one cut and another; slowly: because of http2_window',
  });
});

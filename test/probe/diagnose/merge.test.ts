import { expect, test } from 'vitest';
import type { Finding } from '../../../src/probe/diagnose/finding.ts';
import { mergedFindings } from '../../../src/probe/diagnose/merge.ts';

function finding(cause: Finding['cause'], confidence: Finding['confidence'], ...evidence: readonly string[]): Finding {
  return {
    cause,
    confidence,
    title: cause,
    hop: confidence === 'certain' ? 'edge' : 'ingress',
    remedy: 'r',
    reference: 'https://example.org',
    nextTest: 't',
    evidence,
  };
}

function merged(...all: readonly Finding[]) {
  return mergedFindings(all).map(({ cause, confidence, hop, evidence }) => [cause, confidence, hop, evidence]);
}

test('each cause stands once, with each sentence once, as sure as the surest, and at its hop', () => {
  expect(
    merged(
      finding('stalled', 'open', 'a', 'b'),
      finding('nginx_body_limit', 'likely', 'x'),
      finding('stalled', 'certain', 'c', 'b'),
    ),
  ).toEqual([
    ['stalled', 'certain', 'edge', ['c', 'b', 'a']],
    ['nginx_body_limit', 'likely', 'ingress', ['x']],
  ]);
});

test('the surest is first; those that are as sure as each other stay in their order', () => {
  const all = [
    finding('stalled', 'open'),
    finding('nginx_body_limit', 'likely'),
    finding('haproxy_body_limit', 'likely'),
    finding('squid_body_limit', 'certain'),
  ];
  expect(mergedFindings(all).map(({ cause }) => cause)).toEqual([
    'squid_body_limit',
    'nginx_body_limit',
    'haproxy_body_limit',
    'stalled',
  ]);
});

test('six sentences are shown, and what makes a cause certain is among them', () => {
  const likely = ['1', '2', '3', '4', '5', '6'].map((one) => finding('stalled', 'likely', one));
  expect(mergedFindings([...likely, finding('stalled', 'likely', '7')])[0]?.evidence.join('')).toBe('123456');
  expect(mergedFindings([...likely, finding('stalled', 'certain', '7')])[0]?.evidence.join('')).toBe('712345');
});

test.each([
  'traefik_read_timeout',
  'nginx_client_body_timeout',
  'haproxy_client_timeout',
  'envoy_idle_timeout',
  'envoy_request_timeout',
  'envoy_max_stream_duration',
  'apache_request_timeout',
  'alb_idle_timeout',
] as const)('a limit on time in general says nothing beside %s', (particular) => {
  const general = finding('request_time_limit', 'certain');
  expect(mergedFindings([general, finding(particular, 'likely')]).map(({ cause }) => cause)).toEqual([particular]);
  expect(mergedFindings([general, finding('stalled', 'likely')]).map(({ cause }) => cause)).toEqual([
    'request_time_limit',
    'stalled',
  ]);
});

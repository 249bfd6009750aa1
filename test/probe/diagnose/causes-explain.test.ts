import { expect, test } from 'vitest';
import { proofsOf } from '../../../src/probe/diagnose/cause.ts';
import { isStuckBody } from '../../../src/probe/diagnose/causes-kernel.ts';
import { causes } from '../../../src/probe/diagnose/causes.ts';
import { testMatches } from '../../support/matches.ts';

const envoy = { pulledBytes: 9, headers: { server: 'istio-envoy' } };
const altered = { phase: 'pull', reason: 'body_corrupted' } as const;
const challenge = 'Basic realm="r"';
const bothAsked = 'Bearer realm="http://tokens.example/"; answered with basic';
const waited = { reason: 'response_timeout', answeredBy: 'traefik', status: 504, phase: 'wait' } as const;

testMatches([
  ['a body is stuck by our own clock', isStuckBody, [{ reason: 'upload_stalled' }], [[{ reason: 'connection_reset' }]]],
  [
    'or by the deadline, where the upload was open and gets through elsewhere',
    isStuckBody,
    [
      { reason: 'deadline', answeredBy: 'none', sentBytes: 1 },
      { sessionOpened: true, direct: 'ok' },
    ],
    [[{ sentBytes: 0 }], [{ answeredBy: 'nginx' }], [{}, { sessionOpened: false }], [{}, { direct: 'same' }]],
  ],
  [
    'Envoy cuts a pull after a second at least',
    causes.envoy_pull_timeout.explains,
    [{ phase: 'pull', reason: 'connection_reset', elapsedMs: 1_000, evidence: envoy }, { pullCuts: { count: 1 } }],
    [
      [{ elapsedMs: 999 }],
      [{ reason: 'body_corrupted' }],
      [{ evidence: { ...envoy, silentMs: 1_500 } }],
      [{ evidence: { ...envoy, headers: { server: 'no-envoy' } } }],
      [{ evidence: { pulledBytes: 9 } }],
      [{}, { pullCuts: { count: 2 } }],
      [{}, { pullCuts: { count: 1, sameBytes: 9 } }],
    ],
  ],
  [
    'or two after the same time, and the same bytes',
    causes.envoy_pull_timeout.explains,
    [
      {
        phase: 'pull',
        reason: 'connection_reset',
        elapsedMs: 900,
        evidence: { ...envoy, headers: { server: 'envoy' } },
      },
      { pullCuts: { count: 2, sameMs: 900, sameBytes: 9 } },
    ],
    [[{}, { pullCuts: { count: 2, sameBytes: 9 } }]],
  ],
  [
    'what is cut after the same time has a limit on it, unless it was silent',
    causes.pull_time_limit.explains,
    [
      { phase: 'pull', reason: 'connection_reset', evidence: { pulledBytes: 9 } },
      { pullCuts: { count: 2, sameMs: 9 } },
    ],
    [[{ reason: 'deadline' }], [{ evidence: { pulledBytes: 9, silentMs: 1_500 } }], [{}, { pullCuts: { count: 2 } }]],
  ],
  [
    'other bytes of a cache',
    causes.pull_cache_wrong.explains,
    [{ ...altered, evidence: { headers: { 'x-cache': 'Hit from cloudfront' } } }],
    [
      [{ phase: 'verify' }],
      [{ reason: 'body_truncated' }],
      [{ evidence: { headers: { 'x-cache': 'MISS', 'cf-cache-status': 'DYNAMIC', age: '0' } } }],
      [{ evidence: { headers: {} } }],
      [{ evidence: {} }],
    ],
  ],
  [
    'of Cloudflare’s',
    causes.pull_cache_wrong.explains,
    [{ ...altered, evidence: { headers: { 'cf-cache-status': 'HIT' } } }],
    [],
  ],
  ['of any, by its age', causes.pull_cache_wrong.explains, [{ ...altered, evidence: { headers: { age: '1' } } }], []],
  [
    'other bytes, in the coding of the blob',
    causes.pull_altered.explains,
    [altered],
    [[{ phase: 'verify' }], [{ reason: 'body_truncated' }], [{ evidence: { coding: 'gzip' } }]],
  ],
  [
    'other bytes, in a coding that changes them',
    causes.pull_recoded.explains,
    [{ ...altered, evidence: { coding: 'gzip' } }],
    [
      [{ phase: 'verify' }],
      [{ reason: 'connection_reset' }],
      [{ evidence: {} }],
      [{ evidence: { coding: 'Identity' } }],
      [{ evidence: { coding: 'aws-chunked' } }],
    ],
  ],
  [
    'fewer bytes, too',
    causes.pull_recoded.explains,
    [{ ...altered, reason: 'body_truncated', evidence: { coding: 'br' } }],
    [],
  ],
  ['a coding of a longer name', causes.pull_recoded.explains, [{ ...altered, evidence: { coding: 'x-identity' } }], []],
  ['or a list of them', causes.pull_recoded.explains, [{ ...altered, evidence: { coding: 'identity, gzip' } }], []],
  [
    'a login is refused at the ping alone',
    causes.login_refused_once.explains,
    [{ reason: 'auth_rejected', evidence: { url: 'http://registry.example/v2/' } }, { loginWorks: true }],
    [
      [{ reason: 'blocked_by_policy' }],
      [{ evidence: { url: 'http://registry.example/v2/a/blobs/uploads/' } }],
      [{ evidence: {} }],
      [{}, { loginWorks: false }],
    ],
  ],
  [
    'a login without tokens is let in at times',
    causes.login_refused_at_times.explains,
    [
      { reason: 'auth_rejected', status: 401, evidence: { challenge } },
      { loginWorks: true, direct: 'ok' },
    ],
    [
      [{ status: 403 }],
      [{ phase: 'pull' }],
      [{ evidence: { challenge: bothAsked } }],
      [{}, { loginWorks: false }],
      [{}, { direct: 'none' }],
    ],
  ],
  [
    'two logins are asked for, and the other one is what was sent',
    causes.login_offered_twice.explains,
    [{ reason: 'auth_rejected', status: 401, evidence: { challenge: bothAsked } }, { tokenServed: true }],
    [
      [{ status: 403 }],
      [{ evidence: { challenge: 'Basic realm="r"; answered with basic' } }],
      [{ evidence: { challenge: 'Bearer realm="r"' } }],
      [{ evidence: {} }],
      [{}, { tokenServed: false }],
    ],
  ],
  [
    'what was stored is not shown',
    causes.not_stored.explains,
    [{ reason: 'verify_failed', answeredBy: 'nginx', status: 499 }],
    [[{ status: 500 }], [{ status: 200, evidence: { headers: {} } }], [{ reason: 'session_lost' }]],
  ],
  [
    'the registry’s own error shows it as little',
    causes.not_stored.explains,
    [{ reason: 'verify_failed', answeredBy: 'registry', status: 500 }],
    [[{ answeredBy: 'nginx' }]],
  ],
  ['nor does no answer', causes.not_stored.explains, [{ reason: 'verify_failed', answeredBy: 'none' }], []],
  [
    'a limit on time ends what was hardly waited for',
    causes.traefik_read_timeout.explains,
    [{ ...waited, elapsedMs: 10_000, sentBytes: 100e6, evidence: { sinceLastByteMs: 4_999 } }],
    [[{ evidence: { sinceLastByteMs: 5_000 } }], [{ phase: 'commit' }], [{ evidence: {} }], [{ answeredBy: 'nginx' }]],
  ],
  [
    'a limit on size is of what is pushed, and no gateway’s error',
    causes.nginx_body_limit.explains,
    [{ reason: 'body_too_large', answeredBy: 'nginx', status: 499 }],
    [[{ status: 500 }], [{ phase: 'pull' }], [{ answeredBy: 'caddy' }]],
  ],
  [
    'nor does it need a status',
    causes.nginx_body_limit.explains,
    [{ reason: 'body_too_large', answeredBy: 'nginx', status: undefined }],
    [],
  ],
]);

test('what nothing can prove has no proofs', () => {
  expect(proofsOf({ provenBy: 'nothing' })).toEqual([]);
  expect(proofsOf({ provenBy: ['size', 'path'] })).toEqual(['size', 'path']);
});

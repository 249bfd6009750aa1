import {
  hopRefuses,
  isSwallowed,
  namesNoDigest,
  ofKind,
  registryRefuses,
} from '../../../src/probe/diagnose/predicates-manifest.ts';
import { said, testMatches } from '../../support/matches.ts';

const page = { evidence: { body: '<html>Not allowed</html>' } };
const manifest = { blob: 'manifest', phase: 'commit' } as const;
const refused = { ...manifest, reason: 'manifest_refused', status: 400 } as const;

testMatches([
  [
    'the registry refuses a manifest',
    registryRefuses,
    [{ ...refused, answeredBy: 'registry' }],
    [
      [{ blob: 'config' }],
      [{ phase: 'start' }],
      [{ status: 500 }],
      [{ answeredBy: 'nginx' }],
      [page],
      [{ reason: 'auth_rejected' }],
      [{ reason: 'body_too_large' }],
      [{ reason: 'rate_limited' }],
      [{ reason: 'quota_exceeded' }],
      [{ reason: 'request_timeout' }],
    ],
  ],
  [
    'a hop that shows who it is refuses it',
    hopRefuses,
    [{ ...refused, answeredBy: 'nginx' }],
    [
      [{ answeredBy: 'registry' }],
      [{ answeredBy: 'registry', ...page }],
      [{ answeredBy: 'other' }],
      [{ status: 500 }],
      [{ reason: 'auth_rejected' }],
      [{ blob: 'config' }],
    ],
  ],
  ['a hop that writes a page', hopRefuses, [{ ...refused, answeredBy: 'other', ...page }], [[{ evidence: {} }]]],
  [
    'a hop before what takes it over another path',
    hopRefuses,
    [{ ...refused, answeredBy: 'other' }, { direct: 'ok' }],
    [[{}, { direct: 'same' }]],
  ],
  [
    'a hop that answers success with a page',
    hopRefuses,
    [{ ...manifest, status: 200, answeredBy: 'other', ...page }],
    [[{ blob: 'config' }], [{ evidence: {} }]],
  ],
  [
    'nobody answers, time and again, what is taken elsewhere',
    isSwallowed,
    [
      { ...manifest, reason: 'connection_reset' },
      { direct: 'ok', proven: new Set(['path'] as const) },
    ],
    [
      [{ blob: 'config' }],
      [{ reason: 'manifest_refused' }],
      [{ answeredBy: 'nginx' }],
      [{}, { direct: 'same' }],
      [{}, { proven: new Set() }],
    ],
  ],
  [
    'nobody answers in time',
    isSwallowed,
    [
      { ...manifest, reason: 'response_timeout' },
      { direct: 'ok', proven: new Set(['path'] as const) },
    ],
    [[{ answeredBy: 'nginx' }]],
  ],
  [
    'nobody answers in our own time',
    isSwallowed,
    [
      { ...manifest, reason: 'deadline' },
      { direct: 'ok', proven: new Set(['path'] as const) },
    ],
    [[{ phase: 'start' }]],
  ],
  [
    'its kind is refused, as the other is taken',
    ofKind,
    [{}, { otherKindPassed: true }],
    [[{}, { otherKindPassed: false }]],
  ],
  ['its kind is refused by its status', ofKind, [{ status: 415 }], [[{ status: 400 }]]],
  ['its kind is refused in words', ofKind, [said('unsupported media type')], [[said('unsupported')]]],
  [
    'success without a digest',
    namesNoDigest,
    [{ ...manifest, reason: 'manifest_refused', status: 201, answeredBy: 'other' }],
    [[{ status: 300 }], [{ reason: 'unexpected_response' }], [{ blob: 'config' }], [page]],
  ],
]);

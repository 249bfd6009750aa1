import { expect, test } from 'vitest';
import { type RefutationName, refutations } from '../../../src/probe/diagnose/refutations.ts';
import { type MatchRow, said, testMatches } from '../../support/matches.ts';

type Row = readonly [RefutationName, MatchRow[2], MatchRow[3]];

const page = { evidence: { body: '<html>x</html>' } };
const session = (known: number, disowned: number, elsewhere = 0) => ({ session: { known, disowned, elsewhere } });
const waited = (sinceLastByteMs: number) => ({ evidence: { sinceLastByteMs } });
const none = Number.POSITIVE_INFINITY;

const rows: readonly Row[] = [
  ['registryAnswered', [{}, { registryAnswered: true }], [[{}, { registryAnswered: false }]]],
  [
    'neverRegistry',
    [{}, { portal: true }],
    [
      [{}, { portal: false }],
      [{}, { registryAnswered: true }],
    ],
  ],
  ['neverRegistry', [{}, { everything404: true }], [[{}, { everything404: false }]]],
  [
    'largerPassed',
    [{ sentBytes: 5 }, { passedBytes: 7, sizeBytes: 7 }],
    [[{}, { passedBytes: 6 }], [{ sentBytes: 8 }], [{}, { sizeBytes: 8 }]],
  ],
  ['largerPassed', [{}, { passedBytes: 1 }], [[{}, { passedBytes: 0 }]]],
  [
    'largerAlikePassed',
    [{ sentBytes: 5 }, { passedAlikeBytes: 7, sizeBytes: 7 }],
    [[{}, { passedAlikeBytes: 6 }], [{ sentBytes: 8 }], [{}, { sizeBytes: 8 }]],
  ],
  ['largerAlikePassed', [{}, { passedAlikeBytes: 1 }], [[{}, { passedAlikeBytes: 0, passedBytes: 9 }]]],
  ['smallPassedAfter', [{}, { smallPassedAfter: true }], [[{}, { smallPassedAfter: false }]]],
  ['fullSegmentCame', [{}, { fullSegmentCame: true }], [[{}, { fullSegmentCame: false }]]],
  [
    'endsBodiesThen',
    [{ elapsedMs: 900 }, { endedAfterMs: 1_000 }],
    [[{ elapsedMs: 899 }], [{ elapsedMs: 1_251 }], [{}, { endedAfterMs: undefined }]],
  ],
  ['endsBodiesThen', [{ elapsedMs: 1_250 }, { endedAfterMs: 1_000 }], []],
  [
    'lengthDecides',
    [{ reason: 'connection_reset', sentBytes: 1 }, { onlyStreamedFails: true }],
    [[{}, { onlyStreamedFails: false }]],
  ],
  [
    'declaredFails',
    [{}, { declaredPassed: false }],
    [
      [{}, { declaredPassed: undefined }],
      [{}, { declaredPassed: true }],
    ],
  ],
  [
    'allPassedOn',
    [{}, { arrived: 'most' }],
    [
      [{}, { arrived: 'part' }],
      [{}, { arrived: undefined }],
    ],
  ],
  ['allPassedOn', [{}, { arrived: 'whole' }], [[{}, { arrived: 'nothing' }]]],
  [
    'partPassedOn',
    [{}, { arrived: 'part' }],
    [
      [{}, { arrived: 'most' }],
      [{}, { arrived: 'nothing' }],
    ],
  ],
  [
    'notAllArrived',
    [{}, { arrived: 'most' }],
    [
      [{}, { arrived: 'whole' }],
      [{}, { arrived: undefined }],
    ],
  ],
  [
    'freshFails',
    [{}, { freshPassed: false }],
    [
      [{}, { freshPassed: undefined }],
      [{}, { freshPassed: true }],
    ],
  ],
  [
    'failsEverywhere',
    [{}, { direct: 'same' }],
    [
      [{}, { direct: 'other' }],
      [{}, { direct: 'none' }],
    ],
  ],
  [
    'worksElsewhere',
    [{}, { direct: 'ok' }],
    [
      [{}, { direct: 'same' }],
      [{}, { direct: 'none' }],
    ],
  ],
  ['worksElsewhere', [{}, { direct: 'slow' }], []],
  [
    'tokenServed',
    [{ answeredBy: 'registry', status: 401 }, { tokenServed: true }],
    [[{ answeredBy: 'nginx' }], [{ status: 403 }], [{}, { tokenServed: false }]],
  ],
  ['loginWorks', [{}, { loginWorks: true }], [[{}, { loginWorks: false }]]],
  ['loginWorks', [{}, { directLoginWorks: true }], []],
  ['loginWorksHere', [{}, { loginWorks: true }], [[{}, { loginWorks: false, directLoginWorks: true }]]],
  ['loginWorksHere', [{}, { tokenServed: true }], []],
  ['pingAsks', [{}, { pingAsks: true }], [[{}, { pingAsks: false }]]],
  ['tokenRefused', [{}, { tokenServed: false }], [[{}, { tokenServed: true }]]],
  [
    'olderTokenTaken',
    [{}, { tokenAgeMs: 1_000, oldestTokenMs: 1_101 }],
    [
      [{}, { oldestTokenMs: 1_100 }],
      [{}, { tokenAgeMs: undefined }],
    ],
  ],
  [
    'noSession',
    [{}, { everything404: true }],
    [
      [{}, { sessionOpened: true }],
      [{}, { everything404: false }],
    ],
  ],
  ['noSession', [{}, { portal: true }], []],
  ['scopeMissing', [said('insufficient_scope')], [[said('scope')]]],
  [
    'onlyOldRefused',
    [{}, { smallPassed: true, tokenAgeMs: 350, oldestTokenMs: 349, youngestRefusedMs: 350 }],
    [
      [{}, { smallPassed: false }],
      [{}, { tokenAgeMs: undefined }],
      [{}, { tokenAgeMs: 349, oldestTokenMs: 0 }],
      [{}, { oldestTokenMs: 350, youngestRefusedMs: none }],
      [{}, { youngestRefusedMs: 349 }],
    ],
  ],
  [
    'slowPassed',
    [{ elapsedMs: 1_000 }, { slowPassedMs: 1_101 }],
    [
      [{}, { slowPassedMs: 1_100 }],
      [{}, { endedAfterMs: 2_000 }],
    ],
  ],
  [
    'timesDiffer',
    [{ elapsedMs: 899 }, { endedAfterMs: 1_000 }],
    [[{ elapsedMs: 900 }], [{ status: 408 }], [{}, { endedAfterMs: undefined }]],
  ],
  [
    'restPassed',
    [{ elapsedMs: 1_000 }, { restPassedMs: 1_001 }],
    [
      [{}, { restPassedMs: 1_000 }],
      [{}, { restPassedMs: undefined }],
    ],
  ],
  ['restPassed', [{ elapsedMs: 1_000, ...waited(10) }, { restPassedMs: 11 }], [[waited(11)]]],
  ['notWaited', [waited(349)], [[waited(350)], [{ evidence: {} }]]],
  [
    'waited',
    [{ ...waited(350), phase: 'wait', sentBytes: 36 * 1024 ** 2 + 1, elapsedMs: 700 }],
    [[waited(349)], [{ evidence: {} }], [{ sentBytes: 1 }]],
  ],
  ['longerAnswered', [{ elapsedMs: 1_000 }, { longestAnsweredMs: 1_101 }], [[{}, { longestAnsweredMs: 1_100 }]]],
  [
    'longerAnswered',
    [{ elapsedMs: 1_000, ...waited(10) }, { longestAnsweredMs: 12 }],
    [[{}, { longestAnsweredMs: 11 }]],
  ],
  ['fasterElsewhere', [{}, { direct: 'ok' }], [[{}, { direct: 'slow' }]]],
  ['endsSilence', [{}, { idleEndedAfterMs: 1 }], [[{}, { idleEndedAfterMs: undefined }]]],
  [
    'rangeNotSaid',
    [{ status: 202 }, { rangeNotSaid: true }],
    [[{ status: 201 }], [{}, { rangeNotSaid: false }], [{ evidence: { headers: { range: '0-8' } } }]],
  ],
  [
    'sessionNeverKnown',
    [{}, session(0, 12)],
    [
      [{}, session(0, 11)],
      [{}, session(1, 12)],
      [{}, { sessionTaken: true }],
    ],
  ],
  [
    'sessionAlwaysKnown',
    [{}, session(12, 0)],
    [
      [{}, session(11, 0)],
      [{}, session(12, 1)],
    ],
  ],
  [
    'sessionKnown',
    [{}, session(1, 11)],
    [
      [{}, session(12, 0)],
      [{}, session(0, 12)],
    ],
  ],
  [
    'sessionKnown',
    [{}, { sessionTaken: true }],
    [
      [{}, session(12, 0)],
      [{}, { sessionTaken: false }],
    ],
  ],
  [
    'leadsElsewhere',
    [{}, session(0, 0, 2)],
    [
      [{}, session(0, 0, 1)],
      [{}, session(1, 0, 2)],
      [{}, session(0, 1, 2)],
    ],
  ],
  [
    'failsAlways',
    [{}, { bareFails: true }],
    [
      [{}, { bareFails: false }],
      [{}, { registryAnswered: true }],
    ],
  ],
  [
    'comesByTurns',
    [{ reason: 'origin_unreachable' }, { byTurns: true }],
    [[{ reason: 'rate_limited' }], [{}, { byTurns: false }]],
  ],
  ['saysOtherReason', [said('the token has expired')], [[said('the token is fine')]]],
  ['saysOtherReason', [said('client with IP 1.2.3.4 is not allowed')], [[said('not allowed')]]],
  ['saysTlsDiffers', [{ status: 503, ...said('TLS_error') }], [[said('busy')]]],
  ['saysTlsDiffers', [said('reset reason: protocol error')], [[said('reset reason: overflow')]]],
  ['blobsTaken', [{ blob: 'manifest' }], [[{ blob: 'layer-1' }], [{ phase: 'pull' }]]],
  ['blobsTaken', [{ blob: 'config' }], [[{ phase: 'cleanup' }]]],
  ['ofManifest', [{ blob: 'manifest', phase: 'commit' }], [[{ blob: 'config' }], [{ phase: 'start' }]]],
  [
    'otherKindFails',
    [{}, { otherKindPassed: false }],
    [
      [{}, { otherKindPassed: undefined }],
      [{}, { otherKindPassed: true }],
    ],
  ],
  ['tokenReplyPaged', [{ evidence: { authProblem: 'token_reply_invalid' } }], [[{ evidence: {} }]]],
  [
    'tokenServiceSaidIt',
    [{ reason: 'auth_rejected', status: 500 }],
    [[{ status: 499 }], [{ status: undefined }], [{ reason: 'registry_error' }]],
  ],
  ['othersRefused', [{}, { othersAlike: true }], [[{}, { othersAlike: false }]]],
  ['pingMissing', [{}, { pingMissing: true }], [[{}, { pingMissing: false }]]],
  ['pagedElsewhere', [{}, { pagedPushes: true }], [[{}, { pagedPushes: false }]]],
  [
    'onlyReadsPaged',
    [{}, { registryAnswered: true }],
    [
      [{}, { registryAnswered: false }],
      [{}, { unmarked: true }],
      [{}, { pagedPushes: true }],
    ],
  ],
  ['saysUnreachable', [said('no healthy upstream')], [[said('upstream')]]],
  ['overloaded', [said('too many connections')], [[said('too many')]]],
  ['hopSaidIt', [{ answeredBy: 'nginx' }], [[{ answeredBy: 'registry' }], [{ answeredBy: 'none' }]]],
  ['hopSaidItAlone', [{ answeredBy: 'other', ...page }], [[{ answeredBy: 'registry' }], [{ evidence: {} }]]],
  [
    'hopSaidItAlone',
    [{ answeredBy: 'other' }, { direct: 'ok' }],
    [[{}, { direct: 'same' }], [{ answeredBy: 'registry' }]],
  ],
  ['hopSaidItAlone', [{ answeredBy: 'other' }, { direct: 'slow' }], []],
  [
    'failsHereAlone',
    [{}, { proven: new Set(['path'] as const), direct: 'ok', sizeBytes: 9, passedAlikeBytes: 8 }],
    [
      [{}, { proven: new Set() }],
      [{}, { direct: 'slow' }],
      [{}, { passedAlikeBytes: 9 }],
      [said('read-only file system')],
    ],
  ],
  ['failsHereAlone', [{}, { proven: new Set(['path'] as const), direct: 'ok' }], []],
  ['patchLosesBodies', [{}, { patchLosesBodies: true }], [[{}, { patchLosesBodies: false }]]],
  ['registrySaidIt', [{ answeredBy: 'registry' }], [[{ answeredBy: 'nginx' }], [page]]],
  ['proxyInBetween', [{}, { throughProxy: true }], [[{}, { throughProxy: false }]]],
  ['bodyUnfinished', [{ phase: 'send' }], [[{ phase: 'wait' }]]],
  ['bareFails', [{}, { bareFails: true }], [[{}, { bareFails: false }]]],
  [
    'bareFailsFast',
    [{}, { bareFails: true }],
    [
      [{}, { bareFails: false }],
      [{}, { direct: 'slow' }],
    ],
  ],
  ['registrySlow', [{}, { direct: 'slow' }], [[{}, { direct: 'ok' }]]],
  [
    'noneAnsweredSince',
    [{}, { registryAnswered: true, noneAnsweredSince: true }],
    [
      [{}, { registryAnswered: false }],
      [{}, { noneAnsweredSince: false }],
    ],
  ],
  ['wasRedirected', [{ evidence: { redirectedFrom: 'http://a/' } }], [[{ evidence: {} }]]],
  ['onlyOtherHostFails', [{}, { onlyOtherHostFails: true }], [[{}, { onlyOtherHostFails: false }]]],
  ['ownHostFails', [{}, { onlyOtherHostFails: false }], [[{}, { onlyOtherHostFails: true }]]],
  [
    'cameOnce',
    [{}, { cameAgain: false }],
    [
      [{}, { cameAgain: undefined }],
      [{}, { cameAgain: true }],
    ],
  ],
  ['uploadOpened', [{}, { sessionOpened: true }], [[{}, { sessionOpened: false }]]],
  [
    'namedByCode',
    [{ evidence: { tlsProblem: 'plain_http' } }],
    [
      [{ evidence: {} }],
      [{ evidence: { tlsProblem: 'handshake_cut' } }],
      [{ evidence: { tlsProblem: 'handshake_timeout' } }],
      [{ evidence: { tlsProblem: 'refused' } }],
      [{ evidence: { tlsProblem: 'other' } }],
    ],
  ],
];

testMatches(rows.map(([name, seen, others]) => [name, refutations[name].holds, seen, others]));

/** They are predicates, which have rows of their own. */
const predicates: readonly RefutationName[] = [
  'asksForNoToken',
  'asksInVain',
  'ofNoRegistry',
  'notHttp',
  'forwardProxySaidIt',
  'notOfLogin',
  'saysStreamTimeout',
  'saysBlocked',
  'inMaintenance',
  'onlyReadRedirected',
  'storeRefused',
  'onlySchemeDiffers',
];

test('each has a row, or is a predicate', () => {
  const named = [...new Set([...rows.map(([name]) => name), ...predicates])].toSorted();
  expect(named).toEqual(Object.keys(refutations).toSorted());
});

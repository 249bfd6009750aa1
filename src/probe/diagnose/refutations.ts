import { shortestClockMs } from '../judge/pull-cuts.ts';
import type { Match } from './match.ts';
import { entersTls, lengthDecides, redirectsRead, says, storeRefuses, tlsProblem } from './predicates.ts';
import { answererRefutations } from './refutations-answerer.ts';
import { slack, timeRefutations } from './refutations-time.ts';
import { uploadRefutations } from './refutations-upload.ts';

interface Refutation {
  /** What was seen, as the end of `refuted when …`. */
  readonly when: string;
  readonly holds: Match;
}

/** Problems of TLS whose code says that it failed, and not why. */
const unnamed = tlsProblem('handshake_cut', 'handshake_timeout', 'refused', 'other');

const table = {
  registryAnswered: {
    when: 'the registry answered anything over this path in the same examination',
    holds: (_, x) => x.registryAnswered,
  },
  neverRegistry: {
    when: 'nothing on this path ever reached a registry',
    holds: (_, x) => (x.portal && !x.registryAnswered) || x.everything404,
  },
  largerPassed: {
    when: 'a body of this size or larger got through in one piece',
    holds: (f, x) => x.passedBytes > 0 && x.passedBytes >= Math.max(f.sentBytes, x.sizeBytes),
  },
  largerAlikePassed: {
    when: 'a body of this size or larger got through in one piece, sent in the same way: with a length, or without',
    holds: (f, x) => x.passedAlikeBytes > 0 && x.passedAlikeBytes >= Math.max(f.sentBytes, x.sizeBytes),
  },
  smallPassedAfter: {
    when: 'smaller bodies got through afterwards',
    holds: (_, x) => x.smallPassedAfter,
  },
  fullSegmentCame: {
    when: 'a segment of full size was acknowledged on this path',
    holds: (_, x) => x.fullSegmentCame,
  },
  endsBodiesThen: {
    when: 'after the same time bodies are ended that are still under way',
    holds: (f, { endedAfterMs: ms }) => ms !== undefined && f.elapsedMs >= 0.9 * ms && f.elapsedMs <= 1.25 * ms,
  },
  lengthDecides: {
    when: 'bodies that declare a length get through, and those without one never do',
    holds: lengthDecides,
  },
  declaredFails: {
    when: 'a body with a length is lost in the same way',
    holds: (_, x) => x.declaredPassed === false,
  },
  allPassedOn: {
    when: 'the registry holds about all that was sent',
    holds: (_, x) => x.arrived === 'most' || x.arrived === 'whole',
  },
  partPassedOn: {
    when: 'the registry holds much less than was sent',
    holds: (_, x) => x.arrived === 'part',
  },
  notAllArrived: {
    when: 'the registry does not hold the whole body',
    holds: (_, x) => x.arrived !== undefined && x.arrived !== 'whole',
  },
  freshFails: {
    when: 'it fails on fresh connections as well',
    holds: (_, x) => x.freshPassed === false,
  },
  failsEverywhere: {
    when: 'the direct path fails in the same way',
    holds: (_, x) => x.direct === 'same',
  },
  worksElsewhere: {
    when: 'the same push gets through over another path',
    holds: (_, x) => x.direct === 'ok' || x.direct === 'slow',
  },
  tokenServed: {
    when: 'the token service took the credentials',
    holds: (f, x) => x.tokenServed && f.answeredBy === 'registry' && f.status === 401,
  },
  loginWorks: {
    when: 'a request with the same credentials was let in, on this path or the direct one',
    holds: (_, x) => x.loginWorks || x.directLoginWorks,
  },
  loginWorksHere: {
    when: 'a request with the same credentials was let in on this path',
    holds: (_, x) => x.loginWorks || x.tokenServed,
  },
  pingAsks: {
    when: 'GET /v2/ asks for a login on this path',
    holds: (_, x) => x.pingAsks,
  },
  tokenRefused: {
    when: 'the token service gave no token',
    holds: (_, x) => !x.tokenServed,
  },
  olderTokenTaken: {
    when: 'a token of greater age was taken',
    holds: (_, x) => x.tokenAgeMs !== undefined && x.oldestTokenMs > x.tokenAgeMs * slack,
  },
  noSession: {
    when: 'no upload session was ever opened on this path',
    holds: (_, x) => !x.sessionOpened && (x.everything404 || x.portal),
  },
  scopeMissing: {
    when: 'the registry says that the login does not reach so far',
    holds: says(/insufficient_scope/i),
  },
  onlyOldRefused: {
    when: 'younger tokens are always taken, and only an older one was refused',
    holds: (_, x) =>
      x.smallPassed &&
      x.tokenAgeMs !== undefined &&
      x.tokenAgeMs >= shortestClockMs &&
      x.oldestTokenMs < Math.min(x.tokenAgeMs, x.youngestRefusedMs),
  },
  ...timeRefutations,
  ...uploadRefutations,
  ...answererRefutations,
  bodyUnfinished: {
    when: 'the answer came before the end of the body',
    holds: (f) => f.phase === 'send',
  },
  bareFails: {
    when: 'requests without a body fail in the same way',
    holds: (_, x) => x.bareFails,
  },
  bareFailsFast: {
    when: 'requests without a body fail in the same way, and the registry is not slow over another path',
    holds: (_, x) => x.bareFails && x.direct !== 'slow',
  },
  registrySlow: {
    when: 'over another path the registry needs as long for it',
    holds: (_, x) => x.direct === 'slow',
  },
  onlyReadRedirected: {
    when: 'the registry opens uploads on this path, and a hop redirects a read',
    holds: redirectsRead,
  },
  noneAnsweredSince: {
    when: 'the registry answered on this path before, and nothing does any more',
    holds: (_, x) => x.registryAnswered && x.noneAnsweredSince,
  },
  wasRedirected: {
    when: 'the request had been redirected to another address, and failed there',
    holds: (f) => f.evidence.redirectedFrom !== undefined,
  },
  storeRefused: {
    when: 'the request had been redirected to a store of blobs, which refused it',
    holds: storeRefuses,
  },
  onlyOtherHostFails: {
    when: 'all and only those requests fail in which the host is written as the Location has it',
    holds: (_, x) => x.onlyOtherHostFails,
  },
  onlySchemeDiffers: {
    when: 'the Location leads to https at the same host',
    holds: entersTls,
  },
  ownHostFails: {
    when: 'requests fail as well in which the host is written as in the URL of the path',
    holds: (_, x) => !x.onlyOtherHostFails,
  },
  cameOnce: {
    when: 'the same push got through when it was made again',
    holds: (_, x) => x.cameAgain === false,
  },
  uploadOpened: {
    when: 'an upload session was opened on this path',
    holds: (_, x) => x.sessionOpened,
  },
  namedByCode: {
    when: 'the error code names another trouble',
    holds: (f, x) => f.evidence.tlsProblem !== undefined && !unnamed(f, x),
  },
} as const satisfies Readonly<Record<string, Refutation>>;

export type RefutationName = keyof typeof table;

/** Observations that rule causes out. */
export const refutations: Readonly<Record<RefutationName, Refutation>> = table;

import { overloadWords, saidByRegistry, storageWords, unreachableWords } from '../judge/words.ts';
import { followsLayers, isOfManifest } from './manifest-failure.ts';
import type { Match } from './match.ts';
import { isTokenReply } from './observed.ts';
import {
  either,
  expiredWords,
  foreignAddressWords,
  isPageOfHop,
  ofMaintenance,
  says,
  ofNoRegistry,
  saysBlocked,
  saysStreamTimeout,
} from './predicates.ts';
import {
  asksForNoToken,
  asksInVain,
  hopTlsDiffers,
  httpVersionWords,
  notHttp,
  notOfLogin,
  ofForwardProxy,
} from './predicates-hop.ts';

/** Observations of who answered, and of what they said of themselves. */
export const answererRefutations = {
  failsAlways: {
    when: 'requests without a body fail in the same way, and the registry answered none on this path',
    holds: (_, x) => x.bareFails && !x.registryAnswered,
  },
  comesByTurns: {
    when: 'the same request got through and was answered 502 or 503 by turns',
    holds: (f, x) => f.reason === 'origin_unreachable' && x.byTurns,
  },
  saysOtherReason: {
    when: 'the answer names another reason: the login has expired, or the address is not allowed',
    holds: either(says(expiredWords), says(foreignAddressWords)),
  },
  asksForNoToken: {
    when: 'the answer asks for a password (Basic), and for no token',
    holds: asksForNoToken,
  },
  asksInVain: {
    when: 'requests that need nothing of the registry are not answered either, and no path shows that it is slow',
    holds: asksInVain,
  },
  saysTlsDiffers: {
    when: 'the answer speaks of TLS, or of its version of HTTP, that failed behind the hop',
    holds: either(hopTlsDiffers, says(httpVersionWords)),
  },
  ofNoRegistry: {
    when: 'success is answered that no registry answers with, and nothing on this path bears a mark of one',
    holds: ofNoRegistry,
  },
  notHttp: {
    when: 'what answers speaks no HTTP',
    holds: notHttp,
  },
  blobsTaken: {
    when: 'it is the manifest of an image, or its config, and the layers before it were taken',
    holds: followsLayers,
  },
  ofManifest: {
    when: 'it is the PUT of a manifest',
    holds: isOfManifest,
  },
  otherKindFails: {
    when: 'a manifest of the other kind (docker’s, OCI’s) is refused as well',
    holds: (_, x) => x.otherKindPassed === false,
  },
  forwardProxySaidIt: {
    when: 'the forward proxy is who answered',
    holds: ofForwardProxy,
  },
  tokenReplyPaged: {
    when: 'the page is what the token service answered',
    holds: isTokenReply,
  },
  tokenServiceSaidIt: {
    when: 'the token service is who answered',
    holds: (f) => f.reason === 'auth_rejected' && (f.status ?? 0) >= 500,
  },
  notOfLogin: {
    when: 'a hop refuses the way to the token service, or nothing is there, or there were too many requests',
    holds: notOfLogin,
  },
  saysStreamTimeout: {
    when: 'the hop says that the stream was silent for too long',
    holds: saysStreamTimeout,
  },
  saysBlocked: {
    when: 'the page says that a filter blocked the request',
    holds: saysBlocked,
  },
  othersRefused: {
    when: 'requests of pushes for other things than GET /v2/ are refused in the same way',
    holds: (_, x) => x.othersAlike,
  },
  pingMissing: {
    when: 'GET /v2/, which names no repository, is answered 404 as well',
    holds: (_, x) => x.pingMissing,
  },
  pagedElsewhere: {
    when: 'requests of the login or of an upload are answered with a page as well',
    holds: (_, x) => x.pagedPushes,
  },
  onlyReadsPaged: {
    when: 'the registry answers, and only reads of what is missing are answered with a page',
    holds: (_, x) => x.registryAnswered && !x.unmarked && !x.pagedPushes,
  },
  saysUnreachable: {
    when: 'the hop says that it reaches no server',
    holds: says(unreachableWords),
  },
  overloaded: {
    when: 'the hop says that it has too much to do',
    holds: says(overloadWords),
  },
  inMaintenance: {
    when: 'the page speaks of maintenance',
    holds: ofMaintenance,
  },
  hopSaidIt: {
    when: 'a hop made the answer',
    holds: (f) => !['registry', 'none'].includes(f.answeredBy),
  },
  hopSaidItAlone: {
    when: 'the answer bears no mark of the registry, and it is a page for people, or over another path the same push gets through',
    holds: (f, x) => f.answeredBy !== 'registry' && (isPageOfHop(f) || x.direct === 'ok' || x.direct === 'slow'),
  },
  failsHereAlone: {
    when: 'twice it failed on this path, never got through here, and did over another, and the answer does not speak of storage',
    holds: (f, x) =>
      x.proven.has('path') &&
      x.direct === 'ok' &&
      (x.passedAlikeBytes === 0 || x.passedAlikeBytes < x.sizeBytes) &&
      !says(storageWords)(f, x),
  },
  patchLosesBodies: {
    when: 'bodies of PATCH are lost with a length and without, and those of PUT are not',
    holds: (_, x) => x.patchLosesBodies,
  },
  registrySaidIt: {
    when: 'the answer is an error of the registry’s own',
    holds: saidByRegistry,
  },
  proxyInBetween: {
    when: 'it is the forward proxy that is connected to',
    holds: (_, x) => x.throughProxy,
  },
} as const satisfies Readonly<Record<string, { readonly when: string; readonly holds: Match }>>;

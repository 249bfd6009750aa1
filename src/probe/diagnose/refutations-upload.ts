import type { Match } from './match.ts';
import { timesAsked } from '../outcome.ts';
import { alwaysKnown } from './predicates.ts';

/** Observations of uploads that had been opened, and of what the registry says of them when it is asked again. */
export const uploadRefutations = {
  rangeNotSaid: {
    when: 'an upload whose body arrived was answered without Range as well',
    holds: (f, x) => f.status === 202 && f.evidence.headers?.['range'] === undefined && x.rangeNotSaid,
  },
  sessionNeverKnown: {
    when: 'nothing with a session was ever taken on this path, and the registry knew none of them when it was asked a dozen times',
    holds: (_, x) => !x.sessionTaken && x.session.known === 0 && x.session.disowned >= timesAsked,
  },
  sessionAlwaysKnown: {
    when: 'the registry knew the upload each time when it was asked a dozen times',
    holds: (_, x) => alwaysKnown(x),
  },
  sessionKnown: {
    when: 'the registry knows the upload at times, when it is asked over this path',
    holds: (_, x) => (x.sessionTaken || x.session.known > 0) && !alwaysKnown(x),
  },
  leadsElsewhere: {
    when: 'a hop answers in the place of the registry when it is asked, with GET, for the same upload',
    holds: (_, x) => x.session.elsewhere >= 2 && x.session.known + x.session.disowned === 0,
  },
} as const satisfies Readonly<Record<string, { readonly when: string; readonly holds: Match }>>;

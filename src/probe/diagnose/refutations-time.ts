import { shortestClockMs } from '../judge/pull-cuts.ts';
import type { Match } from './match.ts';
import { mayBeUnderWay } from './predicates.ts';

/** A time is the same time within this share. */
export const slack = 1.1;

/** Observations of how long bodies took, and answers. */
export const timeRefutations = {
  slowPassed: {
    when: 'small bodies that take longer get through',
    holds: (f, x) => x.endedAfterMs === undefined && x.slowPassedMs > f.elapsedMs * slack,
  },
  timesDiffer: {
    when: 'slow bodies are ended at another time',
    holds: (f, x) => x.endedAfterMs !== undefined && f.status === undefined && f.elapsedMs < 0.9 * x.endedAfterMs,
  },
  restPassed: {
    when: 'a small body that rested for as long got through',
    holds: (f, x) => (x.restPassedMs ?? 0) > (f.evidence.sinceLastByteMs ?? f.elapsedMs),
  },
  notWaited: {
    when: 'the answer came at once after the last byte of the body',
    holds: (f) => (f.evidence.sinceLastByteMs ?? Number.POSITIVE_INFINITY) < shortestClockMs,
  },
  waited: {
    when: 'the answer came a while after the last byte of the body',
    holds: (f, x) => (f.evidence.sinceLastByteMs ?? 0) >= shortestClockMs && !mayBeUnderWay(f, x),
  },
  longerAnswered: {
    when: 'an answer that took longer came over this path',
    holds: (f, x) => x.longestAnsweredMs > (f.evidence.sinceLastByteMs ?? f.elapsedMs) * slack,
  },
  fasterElsewhere: {
    when: 'over another path the registry answers quickly',
    holds: (_, x) => x.direct === 'ok',
  },
  endsSilence: {
    when: 'a small body that rests is ended as well',
    holds: (_, x) => x.idleEndedAfterMs !== undefined,
  },
} as const satisfies Readonly<Record<string, { readonly when: string; readonly holds: Match }>>;

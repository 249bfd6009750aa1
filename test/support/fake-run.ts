import type { Check } from '../../src/probe/check.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { Run } from '../../src/probe/outcome.ts';

let runs = 0;

/** A run without attempts that failed with `failure`, or succeeded. */
export function fakeRun(check: Check, failure?: Failure, sentBytes = 0): Run {
  runs += 1;
  return {
    id: `run-${runs}`,
    check,
    startedAt: new Date(),
    durationMs: 5_000,
    attempts: [],
    ok: failure === undefined,
    ...(failure === undefined ? {} : { failure }),
    sentBytes,
    acknowledgedBytes: 0,
    pulledBytes: 0,
    wireBytes: 0,
    cleanup: { durationMs: 0, failures: [] },
    pathFacts: {},
    eventLoopLagMs: 0,
    tainted: false,
    realWaits: true,
  };
}

/** A failure while sending, answered by nobody unless `changes` say otherwise. */
export function fakeFailure(reason: Failure['reason'], changes: Partial<Failure> = {}): Failure {
  return {
    reason,
    phase: 'send',
    answeredBy: 'none',
    blame: 'unknown',
    sentBytes: 0,
    elapsedMs: 0,
    blob: 'blob',
    evidence: { message: reason },
    ...changes,
  };
}

/** A 413 of nginx. */
export const tooLarge = fakeFailure('body_too_large', { status: 413, answeredBy: 'nginx', blame: 'ingress' });

/** What the kernel has of a body of which no full segment was ever acknowledged. */
export const vanishingSegments = {
  viaProxy: false,
  ackedBytes: 512,
  mssBytes: 1_448,
  windowBytes: 64_000,
  unackedSegments: 10,
  timeoutsInRow: 6,
};

import type { Failure } from '../failure.ts';
import { requestsOf } from '../outcome.ts';
import { isAlike } from './flips.ts';
import type { Trial } from './trial.ts';

/** Uploads were refused in this way where they begin, then one was opened, then they were refused again: no single change of the registry. Pure. */
export function isRefusedByTurns(failure: Failure, trials: readonly Trial[]): boolean {
  const begun = trials.flatMap(({ run }): ('refused' | 'opened')[] => {
    const isWhereItBegins = run.failure?.phase === 'start' && run.failure.evidence.method === 'POST';
    if (isWhereItBegins && isAlike(run.failure, failure)) return ['refused'];
    const isOpened = requestsOf(run).some(({ method, status = 500 }) => method === 'POST' && status === 202);
    return isOpened ? ['opened'] : [];
  });
  const [first, last] = [begun.indexOf('refused'), begun.lastIndexOf('refused')];
  return begun.slice(first, last).includes('opened');
}

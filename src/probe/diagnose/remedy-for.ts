import type { Run } from '../outcome.ts';
import type { PathFault } from '../verdict.ts';
import { aloneOn } from './contrast.ts';
import { explain } from './diagnose.ts';
import type { Finding } from './finding.ts';

/** The cause of one failed run as far as it can be told without further tests; `works`: the push got through over another path. */
export function findingFor(run: Run, works: boolean): Finding | undefined {
  const { failure, check } = run;
  // The body was sent again after an answer that may have ended the session, as containerd does: that is no second trouble.
  const resent = run.attempts.some((attempt) => attempt.resends > 0 && attempt.failure?.reason === failure?.reason);
  if (failure?.reason === 'session_lost' && resent) {
    return undefined;
  }
  const contrast = works ? aloneOn(check.path, 'ok', 'another path') : aloneOn(check.path);
  return failure === undefined ? undefined : explain(failure, contrast, check.client.name);
}

/** For `VerdictOptions.remedy`: what to change about a path at fault, and where that is described. */
export function remedyFor(run: Run, _fault: PathFault): string | undefined {
  // A round blames a path only for what the registry cannot have caused.
  const finding = findingFor(run, true);
  if (finding === undefined) {
    return undefined;
  }
  const { remedy, reference, confidence, title } = finding;
  return `${confidence === 'possible' ? `Perhaps ${title}: ` : ''}${remedy} See ${reference}`;
}

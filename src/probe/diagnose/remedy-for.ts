import type { Run } from '../outcome.ts';
import type { PathFault } from '../verdict.ts';
import { aloneOn } from './contrast.ts';
import { explain } from './diagnose.ts';
import type { Finding } from './finding.ts';

/** The cause of one failed run as far as it can be told without further tests; `works`: the push got through over another path. */
export function findingFor(run: Run, works: boolean): Finding | undefined {
  const { failure, check } = run;
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

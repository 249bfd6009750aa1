import { listed } from '../compare/verdict-words.ts';
import { slowCauses } from './causes-slow.ts';
import type { Diagnosis, Finding } from './finding.ts';

/**
 * What the findings come to, in one sentence. Slowness alone is no fault: everything got through, and what keeps it slow is said.
 * `hidden`: what a fault kept from being seen.
 */
export function conclusionOf(
  findings: readonly Finding[],
  unexplained: readonly string[],
  path: string,
  hidden: string | undefined,
): Pick<Diagnosis, 'kind' | 'why'> {
  const causes = findings.filter(({ cause }) => !(cause in slowCauses));
  const sure = causes.filter(({ confidence }) => confidence !== 'open');
  if (sure.length > 0) {
    const titles = listed(sure.map(({ title }) => title));
    return { kind: 'fault', why: hidden === undefined ? titles : `${titles}; ${hidden}` };
  }
  if (causes.length > 0) {
    return {
      kind: 'inconclusive',
      why: `not known for sure, one of these: ${causes.map(({ title }) => title).join('; or ')}`,
    };
  }
  if (unexplained.length > 0) {
    return {
      kind: 'inconclusive',
      why: `something over ${path} failed, and no cause explains it: ${unexplained[0] ?? ''}`,
    };
  }
  const through = `everything that was tried over ${path} got through`;
  const slow = listed(findings.map(({ title }) => title));
  return { kind: 'healthy', why: findings.length === 0 ? through : `${through}; slowly: ${slow}` };
}

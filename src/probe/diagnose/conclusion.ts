import { listed } from '../compare/verdict-words.ts';
import { slowCauses } from './causes-slow.ts';
import type { Diagnosis, Finding } from './finding.ts';

/**
 * What the findings come to, in one sentence. Slowness alone is no fault: everything got through, and what keeps it slow is said.
 * `hidden`: what a fault kept from being seen. `gotOver`: ends that clients get over by themselves, one sentence each.
 */
export function conclusionOf(
  findings: readonly Finding[],
  unexplained: readonly string[],
  path: string,
  hidden: string | undefined,
  gotOver: readonly string[] = [],
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
  const [open] = unexplained;
  if (open !== undefined)
    return { kind: 'inconclusive', why: `something over ${path} failed, and no cause explains it: ${open}` };
  const but = gotOver.length === 0 ? '' : `, but for ${listed(gotOver)}`;
  const through = `everything that was tried over ${path} got through${but}`;
  const slow = listed(findings.map(({ title }) => title));
  return { kind: 'healthy', why: findings.length === 0 ? through : `${through}; slowly: ${slow}` };
}

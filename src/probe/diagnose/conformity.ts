import { conformanceCauses, type ConformanceCauseName } from './causes-conformance.ts';
import { type BehaviourName, behaviourNames, behaviours, type Conformance } from './conformance.ts';
import type { Seen } from './conformance-scene.ts';
import { type Finding, findingOf } from './finding.ts';
import { timesToProve } from './flips.ts';
import type { Examination } from './trial.ts';

/** Whether a further round over both paths has something to prove. Pure. */
export function differs(conformance: Conformance): boolean {
  return behaviourNames.some((name) => lostTimes(conformance, name) > 0);
}

/** Behaviours that work over the direct path and not over this one, twice: a hop's fault. Nothing without a comparison. Pure. */
export function conformanceFindings({ subject, conformance }: Examination): Finding[] {
  if (conformance === undefined) return [];
  return (Object.keys(conformanceCauses) as ConformanceCauseName[]).flatMap((cause) => {
    const row = conformanceCauses[cause];
    const evidence = row.behaviours
      .filter((name) => isLost(conformance, name))
      .map((name) => evidenceOf(conformance, name));
    const hop = subject.path.kind === 'edge' ? 'edge' : 'ingress';
    return evidence.length === 0 ? [] : [findingOf(cause, row, { hop, confidence: 'certain', evidence })];
  });
}

function isLost(conformance: Conformance, name: BehaviourName): boolean {
  return lostTimes(conformance, name) >= timesToProve;
}

/** In how many rounds it worked directly and not over this path. */
function lostTimes({ subject, direct }: Conformance, name: BehaviourName): number {
  return subject.filter(({ opened, behaviours: here }, index) => {
    const there = direct[index];
    return opened && there?.behaviours[name].outcome === 'supported' && isRefused(here[name]);
  }).length;
}

/** A 403 says nothing of a behaviour by itself; a hop's own, beside a path on which the same login may do it, does. */
function isRefused({ outcome, forbiddenByHop }: Seen): boolean {
  return outcome === 'not supported' || forbiddenByHop === true;
}

function evidenceOf({ subject, direct }: Conformance, name: BehaviourName): string {
  const [here] = subject;
  const [there] = direct;
  return `whether ${behaviours[name].title}: ${here?.behaviours[name].words}; over ${there?.path} ${there?.behaviours[name].words}; twice each`;
}

import { bodyPhases, hides } from '../judge/hidden-refusal.ts';
import { reasonTable } from '../judge/reason-table.ts';
import type { Phase } from '../failure.ts';
import type { Examination, Symptom } from './trial.ts';

/**
 * The symptom as the registry tells it: where a hop puts a page of its own in the place of an error, and over the direct path the registry
 * answered the same step with the same status, the registry's words are the ones to judge by; so they are where a hop's 502 may hide what the
 * registry refuses there. Limits on size are each hop's own. Pure.
 */
export function toldDirectly(symptom: Symptom, { direct }: Examination): Symptom {
  const { failure, trial } = symptom;
  const { status, phase, answeredBy } = failure;
  if (status === undefined || answeredBy === 'registry' || reasonTable[failure.reason].tells.size === 'yes')
    return symptom;
  const trials = direct?.trials ?? [];
  const noneThrough = trials.every(({ run }) => !run.ok);
  const told = trials.find(({ shape, run: { failure: one } }) => {
    if (one?.answeredBy !== 'registry') return false;
    const isSame = one.status === status && isSameStep(one.phase, phase);
    return isSame || (noneThrough && hides({ failure, shape: trial?.shape }, { failure: one, shape }));
  })?.run.failure;
  if (told === undefined) return symptom;
  const { reason, blame, registryCode, evidence } = told;
  return {
    ...symptom,
    failure: {
      ...failure,
      reason,
      status: told.status,
      blame,
      registryCode,
      answeredBy: 'registry',
      evidence: { ...failure.evidence, body: evidence.body, headers: evidence.headers },
    },
  };
}

function isSameStep(one: Phase, other: Phase): boolean {
  return one === other || (bodyPhases.has(one) && bodyPhases.has(other));
}

import { bodyPhases, isRefusedByRegistry, mayHideRefusal } from '../judge/hidden-refusal.ts';
import { reasonTable } from '../judge/reason-table.ts';
import type { Phase } from '../failure.ts';
import type { Examination, Symptom } from './trial.ts';

/**
 * The symptom as the registry tells it: where a hop puts a page of its own in the place of an error, and over the direct path the registry
 * answered the same step with the same status, the registry's words are the ones to judge by; so they are where a hop's 502 may hide what the
 * registry refuses there. Limits on size are each hop's own. Pure.
 */
export function toldDirectly(symptom: Symptom, { direct }: Examination): Symptom {
  const { failure } = symptom;
  const { status, phase, answeredBy } = failure;
  if (status === undefined || answeredBy === 'registry' || reasonTable[failure.reason].tells.size === 'yes')
    return symptom;
  const trials = direct?.trials ?? [];
  const isHidden = mayHideRefusal(failure) && !trials.some(({ run }) => run.ok);
  const told = trials
    .map(({ run }) => run.failure)
    .find(
      (one) =>
        one?.answeredBy === 'registry' &&
        ((isHidden && isRefusedByRegistry(one)) || (one.status === status && isSameStep(one.phase, phase))),
    );
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

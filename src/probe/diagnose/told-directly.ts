import { reasonTable } from '../judge/reason-table.ts';
import type { Examination, Symptom } from './trial.ts';

/**
 * The symptom as the registry tells it: where a hop puts a page of its own in the place of an error, and over the direct path the registry
 * answered the same step with the same status, the registry's words are the ones to judge by. Limits on size are each hop's own. Pure.
 */
export function toldDirectly(symptom: Symptom, { direct }: Examination): Symptom {
  const { failure } = symptom;
  const { status, phase, answeredBy } = failure;
  if (status === undefined || answeredBy === 'registry' || reasonTable[failure.reason].tells.size === 'yes')
    return symptom;
  const told = direct?.trials
    .map(({ run }) => run.failure)
    .find((one) => one?.answeredBy === 'registry' && one.status === status && one.phase === phase);
  if (told === undefined) return symptom;
  const { reason, blame, registryCode, evidence } = told;
  return {
    ...symptom,
    failure: {
      ...failure,
      reason,
      blame,
      registryCode,
      answeredBy: 'registry',
      evidence: { ...failure.evidence, body: evidence.body, headers: evidence.headers },
    },
  };
}

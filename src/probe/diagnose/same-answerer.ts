import type { AnsweredBy, Failure } from '../failure.ts';
import { isEmpty } from './predicates.ts';
import type { Symptom } from './trial.ts';

const noHops: ReadonlySet<AnsweredBy> = new Set(['none', 'registry']);
/** Known by nothing, or by the name that such hops put on what those behind them say. */
const unsure: ReadonlySet<AnsweredBy> = new Set(['other', 'nginx', 'envoy', 'caddy']);

/**
 * The symptom, answered by the hop that made the same status of other requests, where nothing else tells who made it: answers to HEAD have no
 * page to know a hop by. Pure.
 */
export function withAnswerer(symptom: Symptom, symptoms: readonly Symptom[]): Symptom {
  const { failure } = symptom;
  if (!unsure.has(failure.answeredBy) || failure.evidence.method !== 'HEAD' || !isEmpty(failure)) return symptom;
  const others = symptoms.map((one) => one.failure).filter((one) => isOfHop(one, failure));
  const [first] = others;
  if (first === undefined || others.some(({ answeredBy }) => answeredBy !== first.answeredBy)) return symptom;
  return { ...symptom, failure: { ...failure, answeredBy: first.answeredBy, blame: first.blame } };
}

function isOfHop({ status, answeredBy, reason, evidence }: Failure, other: Failure): boolean {
  return status === other.status && reason === other.reason && !noHops.has(answeredBy) && evidence.method !== 'HEAD';
}

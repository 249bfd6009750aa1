import { reasonTable } from '../judge/reason-table.ts';
import {
  hasPassed,
  isAnothersRule,
  isBesidePushes,
  isGotOver,
  isHiddenRefusal,
  isLimited,
  isRefusedInWords,
  isStuck,
} from './passing.ts';
import { symptomsOf } from './symptoms.ts';
import type { Examination, Symptom } from './trial.ts';

interface SortedSymptoms {
  /** Ended by ourselves. */
  readonly own: readonly Symptom[];
  /** Rules of clients other than the one in question. */
  readonly others: readonly Symptom[];
  /** Clients get over them by themselves. */
  readonly gotOver: readonly Symptom[];
  /** They did not come again. */
  readonly passed: readonly Symptom[];
  /** To be judged. */
  readonly lasting: readonly Symptom[];
}

/** What to do with each failure over the path in question. `isGone`: the registry itself is away, which explains all that may come of it. Pure. */
export function sortedSymptoms(examination: Examination, isGone: boolean): SortedSymptoms {
  const { subject } = examination;
  const symptoms = symptomsOf(subject);
  const beside = symptoms.filter((symptom) => isBesidePushes(symptom, subject));
  const own = symptoms.filter(
    (one) => reasonTable[one.failure.reason].tells.own && !isStuck(one, examination) && !beside.includes(one),
  );
  const others = symptoms.filter((symptom) => isAnothersRule(symptom, subject));
  const gotOver = symptoms.filter((symptom) => isGotOver(symptom, subject));
  const aside = new Set([...own, ...others, ...beside, ...gotOver]);
  const judged = symptoms.filter(
    (one) =>
      !aside.has(one) &&
      !isRefusedInWords(one, subject) &&
      !isHiddenRefusal(one, subject) &&
      !(isGone && reasonTable[one.failure.reason].round.needsSuccessAfter),
  );
  const passed = judged.filter((symptom) => hasPassed(symptom, subject) && !isLimited(symptom, examination));
  return { own, others, gotOver, passed, lasting: judged.filter((symptom) => !passed.includes(symptom)) };
}

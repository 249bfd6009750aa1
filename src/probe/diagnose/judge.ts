import type { WireShape } from '../clients/client-profile.ts';
import type { Failure } from '../failure.ts';
import { hides, mayHideRefusal } from '../judge/hidden-refusal.ts';
import { isCut } from '../judge/is-cut.ts';
import { reasonTable } from '../judge/reason-table.ts';
import { type Proof, proofsOf } from './cause.ts';
import { type CauseName, causeNames, causes } from './causes.ts';
import type { Contrast } from './contrast.ts';
import { isAlike } from './flips.ts';
import type { Confidence } from './finding.ts';
import { wordsOf } from '../judge/words.ts';
import { refutations } from './refutations.ts';

/** A failure and what stands around it. */
export interface Case {
  readonly failure: Failure;
  readonly contrast: Contrast;
  /** How the body was sent; undefined: it is no push. */
  readonly shape?: WireShape | undefined;
}

/** A cause for one failure, and how sure it is. */
export interface Verdict {
  readonly cause: CauseName;
  readonly confidence: Confidence;
}

/** What explains a failure and is refuted by nothing that was seen. */
export function candidatesFor({ failure, contrast }: Case): CauseName[] {
  return causeNames.filter((name) => {
    const { explains, refutedBy } = causes[name];
    return explains(failure, contrast) && !refutedBy.some((one) => refutations[one].holds(failure, contrast));
  });
}

/** They prove that time ends it, and no size. */
const timeContrasts = ['pace', 'clock', 'rest'] as const;

/**
 * Whether what is certain of the one failure explains the other as well: it is the same failure, or the same hop refuses bodies for
 * their size, and fails a body that is no smaller in another way; or the refusal is hidden, because it came while the body was still written.
 */
function explainsToo({ failure, contrast }: Case, other: Case): boolean {
  if (isAlike(other.failure, failure)) return true;
  // A small body that is ended because it is slow is refused for no size.
  if (other.contrast.isSlowBody) return false;
  const { answeredBy } = other.failure;
  const isTimed = answeredBy === 'none' && timeContrasts.some((name) => other.contrast.proven.has(name));
  const isItsOwn =
    answeredBy === failure.answeredBy || ((mayHideRefusal(other.failure) || isCut(other.failure)) && !isTimed);
  const isOfSize = reasonTable[failure.reason].tells.size === 'yes';
  // Of a search it is not known at which size it was refused, but what passed is smaller.
  const isNoSmaller =
    contrast.sizeBytes > 0
      ? other.contrast.sizeBytes >= contrast.sizeBytes
      : other.contrast.sizeBytes > contrast.passedBytes;
  return isOfSize && isItsOwn && other.failure.sentBytes > 0 && isNoSmaller;
}

/**
 * The causes of each case, in the order of the cases: one that is certain or likely, or several that are open, or none. A cause is
 * certain by its proofs alone. Without proof the one of the highest rank that explains the most failures is likely; those that
 * explain as much as each other are all open. Pure.
 */
export function judge(cases: readonly Case[]): Verdict[][] {
  const explained = cases.map((one): Explained => {
    const names = candidatesFor(one);
    return { one, names, proven: provenOf(names, one) };
  });
  const known = explained.flatMap(({ one, proven }) => proven.map((cause) => ({ one, cause })));
  const sure = new Set(known.map(({ cause }) => cause));
  const coverage = (name: CauseName): number => explained.filter(({ names }) => names.includes(name)).length;
  const verdictsOf = ({ one: here, names, proven }: Explained): Verdict[] => {
    const [first] = best(proven, rankOf);
    // A more general cause adds nothing where a more particular one is certain.
    const highest = Math.max(...names.map(rankOf));
    const [particular] = best(
      known.flatMap(({ one, cause }) => {
        // Of equal rank it explains only what may hide it, and of which nothing is certain.
        const isHidden = rankOf(cause) === highest && first === undefined && mayBeHiddenIn(here, one);
        return (isHidden || rankOf(cause) > highest) && explainsToo(one, here) ? cause : [];
      }),
      rankOf,
    );
    if (particular !== undefined) return [{ cause: particular, confidence: 'likely' }];
    if (first !== undefined) return [{ cause: first, confidence: 'certain' }];
    // What another failure proves explains this one as well.
    const [elsewhere] = best(
      names.filter((name) => sure.has(name)),
      rankOf,
    );
    if (elsewhere !== undefined) return [{ cause: elsewhere, confidence: 'likely' }];
    const left = best(best(names, rankOf), coverage);
    return left.map((cause) => ({ cause, confidence: left.length === 1 ? 'likely' : 'open' }));
  };
  const judged = explained.map((each) => ({ one: each.one, verdicts: verdictsOf(each) }));
  return judged.map((each) => refusedMeanwhile(each, judged) ?? each.verdicts);
}

interface Explained {
  readonly one: Case;
  /** What explains it. */
  readonly names: readonly CauseName[];
  /** What of that is proven. */
  readonly proven: readonly CauseName[];
}

interface Judged {
  readonly one: Case;
  readonly verdicts: Verdict[];
}

function mayBeHiddenIn(hidden: Case, { failure }: Case): boolean {
  return mayHideRefusal(hidden.failure) && !isAlike(hidden.failure, failure);
}

/**
 * Where a hop says that who is behind it broke off in a body, and the registry refuses the same push in another shape: its refusal came while the
 * hop still wrote. Undefined: it is not so, or no one cause of the refusal is known.
 */
function refusedMeanwhile({ one, verdicts }: Judged, judged: readonly Judged[]): Verdict[] | undefined {
  const isGeneral = verdicts.every(({ cause }) => rankOf(cause) === ranks.general);
  if (one.failure.answeredBy === 'none' || !isGeneral) return undefined;
  const [cause] = judged.flatMap(({ one: other, verdicts: [first, ...others] }) => {
    const isKnown = first !== undefined && others.length === 0 && rankOf(first.cause) > ranks.general;
    return isKnown && hides(one, other) ? [first.cause] : [];
  });
  return cause === undefined ? undefined : [{ cause, confidence: 'likely' }];
}

/**
 * What one failure without any contrast leaves: the cause that its own words name, `likely`, or else every candidate, `open`, the more
 * particular first. `named`: what the one who reports it knows these words to name. Pure.
 */
export function judgeAlone(one: Case, named: CauseName | undefined): Verdict[] {
  const names = candidatesFor(one);
  const [said] = best(
    names.filter((name) => name === named || isNamedIn(one.failure, name)),
    rankOf,
  );
  if (said !== undefined) return [{ cause: said, confidence: 'likely' }];
  const particular = names.filter((name) => rankOf(name) > ranks.general);
  const left = particular.length === 0 ? names : particular;
  return left.toSorted((a, b) => rankOf(b) - rankOf(a)).map((cause) => ({ cause, confidence: 'open' }));
}

/** Whether words name the cause, by which it would not be named without them: a status is none. */
function isNamedIn(failure: Failure, name: CauseName): boolean {
  const bare = wordsOf({ ...failure, registryCode: undefined, evidence: { ...failure.evidence, body: undefined } });
  const said = wordsOf(failure);
  return proofsOf(causes[name]).some((proof) => proof instanceof RegExp && proof.test(said) && !proof.test(bare));
}

const ranks = { general: 0, inferred: 1, named: 2 } as const;

function rankOf(name: CauseName): number {
  return ranks[causes[name].rank ?? 'named'];
}

/** Those with the highest value. */
function best(names: readonly CauseName[], value: (name: CauseName) => number): CauseName[] {
  const most = Math.max(...names.map(value));
  return names.filter((name) => value(name) === most);
}

function provenOf(names: readonly CauseName[], one: Case): CauseName[] {
  return names.filter((name) => proofsOf(causes[name]).some((proof) => holds(proof, one)));
}

function holds(proof: Proof, { failure, contrast }: Case): boolean {
  // What did not come again when it was tried again is never certain.
  if (contrast.cameAgain === false) return false;
  return proof instanceof RegExp ? proof.test(wordsOf(failure)) : contrast.proven.has(proof);
}

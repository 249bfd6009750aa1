import { type Failure, partOfAnswerer } from '../failure.ts';
import { hopOfPath, hopOfRegistry } from '../compare/verdict-hop.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import { type CauseName, causes } from './causes.ts';
import { conclusionOf } from './conclusion.ts';
import { conformanceFindings } from './conformity.ts';
import { type Contrast, contrastOf } from './contrast.ts';
import { type Diagnosis, type Finding, findingOf } from './finding.ts';
import { gapsOf } from './gaps.ts';
import { type Case, judge, judgeAlone, type Verdict } from './judge.ts';
import { isAlike } from './flips.ts';
import { manifestCases } from './manifest-cases.ts';
import { isOfConfigOrManifest } from './manifest-failure.ts';
import { manifestGotOver } from './manifest-trials.ts';
import { mergedFindings } from './merge.ts';
import { equalPushesAfter } from './passing.ts';
import { withAnswerer } from './same-answerer.ts';
import { sortedSymptoms } from './sorted-symptoms.ts';
import { withConnectTimeouts } from './never-connected.ts';
import { neighbourFactsOf } from './neighbour-push.ts';
import { quoteOf } from '../judge/words.ts';
import { toldDirectly } from './told-directly.ts';
import { goneRegistry } from './registry-gone.ts';
import { stuckWords } from './kernel-signs.ts';
import { type PullCase, pullCases } from './pull-cases.ts';
import { slowFacts, slowFindings } from './slowness.ts';
import { bytesOfExamination, factsOfExamination, heldWords } from './symptoms.ts';
import type { Examination, Examined, Symptom } from './trial.ts';

/**
 * Names the causes that explain what was seen, all of them. Pure. A path is never blamed for what a registry that is down, or
 * went down in the meantime, explains as well; what no cause explains is listed as it is, in the server's own words.
 */
export function diagnose(examined: Examination): Diagnosis {
  const examination = withConnectTimeouts(examined);
  const { subject, manifests = [] } = examination;
  const gone = goneRegistry(examination);
  const { own, others, gotOver, passed, lasting } = sortedSymptoms(examination, gone !== undefined);
  const cases = lasting.map((symptom) => caseOf(symptom, lasting, examination));
  const pulls = examination.pulled === undefined ? [] : pullCases(examination.pulled);
  const verdicts = judge(cases);
  const found: Finding[] = gone === undefined ? [] : [gone];
  const unexplained = [
    ...own.map(({ what, failure }) => `${what}: ended by our own ${failure.reason}`),
    ...passed.map(({ what, failure }) => `${what}: ${described(failure)}; it did not come again`),
  ];
  for (const [index, one] of cases.entries()) {
    const { seen, what, besides } = one;
    const named = refusedAlike(one, pulls) ?? verdicts[index] ?? [];
    if (named.length === 0) unexplained.push(`${what}: ${describeFailure(seen)}${besides}${quoted(seen)}`);
    found.push(...named.map((verdict) => findingBy(verdict, one)));
  }
  judgeBesides([...manifestsAmong({ manifests, subject }, [...own, ...lasting], gone), ...pulls], found, unexplained);
  const findings = mergedFindings([...found, ...conformanceFindings(examination), ...slowFindings(examination)]);
  const { hidden, notExamined } = gapsOf(examination);
  return {
    ...conclusionOf(findings, unexplained, subject.path.name, hidden, [
      ...gotOver.flatMap((one) => gotOverWords(one, subject)),
      ...manifestGotOver(manifests),
    ]),
    findings,
    unexplained,
    notExamined,
    facts: factsOf(examination, others),
    conformance: examination.conformance,
    bytesSpent: bytesOfExamination(examination),
  };
}

/** What became of manifests, but for what explains pushes of blobs as well. */
function manifestsAmong(
  { manifests, subject }: Required<Pick<Examination, 'manifests' | 'subject'>>,
  seen: readonly Symptom[],
  gone: Finding | undefined,
): PullCase[] {
  const isNews = ({ failure }: PullCase): boolean =>
    isOfConfigOrManifest(failure) || !seen.some((one) => isAlike(one.failure, failure));
  return gone === undefined ? manifestCases(manifests, subject).filter(isNews) : [];
}

/** Manifests, and what was pulled back, are judged by themselves. */
function judgeBesides(cases: readonly PullCase[], found: Finding[], unexplained: string[]): void {
  for (const { failure, contrast, what } of cases) {
    const isPast = contrast.cameAgain === false;
    const findings = isPast ? [] : explainAll(failure, contrast, what);
    if (findings.length === 0)
      unexplained.push(`${what}: ${described(failure)}${isPast ? '; it did not come again' : ''}`);
    found.push(...findings);
  }
}

/** A push that looks for its blob at the end is answered as its pull is, when that is refused for its size; undefined: it is no such one. */
function refusedAlike(
  { failure: { phase, status, answeredBy } }: Case,
  pulls: readonly PullCase[],
): Verdict[] | undefined {
  if (phase !== 'verify') return undefined;
  const same = pulls.some(
    ({ failure, contrast }) =>
      contrast.proven.has('pullSize') && failure.status === status && failure.answeredBy === answeredBy,
  );
  return same ? [{ cause: 'pull_size_refused', confidence: 'likely' }] : undefined;
}

/** A failure as it is judged and as it was seen. */
function caseOf(symptom: Symptom, symptoms: readonly Symptom[], examination: Examination): Case & Seen {
  const { failure: seen, what, trial } = symptom;
  const told = toldDirectly(withAnswerer(symptom, symptoms), examination);
  const contrast = contrastOf(told, examination);
  return { failure: told.failure, seen, contrast, shape: trial?.shape, what, besides: heldWords(trial) };
}

function factsOf(examination: Examination, others: readonly Symptom[]): string[] {
  return [
    ...factsOfExamination(examination),
    ...slowFacts(examination),
    ...neighbourFactsOf(examination.neighbour),
    ...others.map(ruleWords),
  ];
}

/** The first cause of one failure about which no more than `contrast` is known; undefined: no row explains it. */
export function explain(failure: Failure, contrast: Contrast, what: string): Finding | undefined {
  return explainAll(failure, contrast, what)[0];
}

function explainAll(failure: Failure, contrast: Contrast, what: string): Finding[] {
  const verdicts = judge([{ failure, contrast }])[0] ?? [];
  return verdicts.map((verdict) => findingBy(verdict, { failure, seen: failure, contrast, what, besides: '' }));
}

/** The causes of a failure of which nothing is known but what one report of it says (`judgeAlone`). */
export function explainAlone(failure: Failure, contrast: Contrast, what: string, named?: CauseName): Finding[] {
  const alone = { failure, seen: failure, contrast, what, besides: '' };
  return judgeAlone({ failure, contrast }, named).map((verdict) => findingBy(verdict, alone));
}

interface Seen {
  /** As it is judged: in the registry’s words, where a hop put its own in their place. */
  readonly failure: Failure;
  /** As it was seen over this path. */
  readonly seen: Failure;
  readonly contrast: Contrast;
  readonly what: string;
  /** More evidence, in words. */
  readonly besides: string;
}

function findingBy({ cause, confidence }: Verdict, { failure, seen, contrast, what, besides }: Seen): Finding {
  const words = `${what}: ${describeFailure(seen)}${besides}${stuckWords(failure)}${comparedTo(contrast, failure)}`;
  const evidence = [
    `${words}${quoted(failure, isTold(failure, seen) ? 'there the registry' : 'it')}${challengeOf(failure)}${addressOf(failure)}`,
  ];
  return findingOf(cause, causes[cause], { hop: hopOf(cause, failure, contrast), confidence, evidence });
}

/** It is judged by what the registry said over the direct path. */
function isTold(failure: Failure, seen: Failure): boolean {
  return failure.answeredBy === 'registry' && seen.answeredBy !== 'registry';
}

/** `docker, 1 MiB: cannot push here: …`. */
function ruleWords({ failure, what }: Symptom): string {
  return `${what}: this client cannot push here: ${failure.evidence.message}`;
}

/** `one push of 4 that was cut once (…), after which docker-containerd sends the request again by itself`. */
function gotOverWords({ failure, what, trial }: Symptom, { trials }: Examined): string[] {
  if (trial === undefined) return [];
  const { client } = trial.run.check;
  const times = equalPushesAfter(trial, trials).length + 1;
  return [
    `one push of ${times} that was cut (${what}: ${describeFailure(failure)}), and ${client.name} sends such a request again by itself`,
  ];
}

/** The server's own words. */
function quoted(failure: Failure, who = 'it'): string {
  const quote = quoteOf(failure);
  return quote === undefined ? '' : `; ${who} says “${quote}”`;
}

/** What happened, and what was said of it. */
function described(failure: Failure): string {
  return `${describeFailure(failure)}${quoted(failure)}`;
}

/** Realm, service and scope, and the times of the token, where a login is what failed. */
function challengeOf({ evidence }: Failure): string {
  const { challenge, tokenTimes } = evidence;
  const times = tokenTimes === undefined ? '' : `; the token was ${tokenTimes}`;
  return challenge === undefined ? times : `; its challenge is ${challenge}${times}`;
}

/** Where a redirect or a Location led, without what stands in its query. */
function addressOf({ evidence: { url, redirectedFrom, location } }: Failure): string {
  if (redirectedFrom !== undefined) return `; ${redirectedFrom} redirects to ${url}`;
  return location === undefined ? '' : `; its Location is ${location}`;
}

function hopOf(
  cause: CauseName,
  failure: Failure,
  { direct, pathKind, throughProxy, kindsFailingAlike }: Contrast,
): Finding['hop'] {
  const { hop } = causes[cause];
  // Whoever lost patience, the registry is what they waited for.
  if (direct === 'slow' || (direct === 'same' && failure.reason === 'response_timeout')) return 'registry_storage';
  if (hop === 'path') return pathKind === 'edge' ? 'edge' : 'ingress';
  if (hop !== undefined) return hop;
  // squid is a forward proxy only where one is configured; else it stands before the registry.
  if (throughProxy && failure.answeredBy === 'squid') return 'client_network';
  const ofProxy = failure.answeredBy !== 'none' && failure.answeredBy !== 'registry';
  // A hop that is known by its answer is it, also where a login points to the token service.
  const place = partOfAnswerer[failure.answeredBy];
  if (ofProxy && failure.blame === 'auth_server' && place !== 'unknown') return place;
  return direct === 'same' && !ofProxy ? hopOfRegistry(failure) : hopOfPath(failure, pathKind, kindsFailingAlike);
}

function comparedTo({ direct, directPath = '' }: Contrast, { phase }: Failure): string {
  switch (direct) {
    case 'ok':
      return `; over ${directPath} the same ${phase === 'pull' ? 'pull' : 'push'} got through`;
    case 'slow':
      return `; over ${directPath} it got through, and the registry needed about as long`;
    case 'same':
      return `; over ${directPath} it failed the same way`;
    case 'other':
      return `; over ${directPath} it failed in another way`;
    case 'none':
      return '';
    default:
      return direct satisfies never;
  }
}

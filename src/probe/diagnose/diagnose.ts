import type { Failure } from '../failure.ts';
import { hopOfPath, hopOfRegistry } from '../verdict-hop.ts';
import { ownEndings, verdictTable } from '../verdict-table.ts';
import { describeFailure, listed } from '../verdict-words.ts';
import { type CauseName, causes } from './causes.ts';
import { type Contrast, contrastOf } from './contrast.ts';
import type { Confidence, Diagnosis, Finding } from './finding.ts';
import { rules } from './rules.ts';
import { gapsOf } from './gaps.ts';
import { hasPassed, isRefusedInWords } from './passing.ts';
import { bytesOf, describeTrial, factsOfExamination, heldWords, symptomsOf } from './symptoms.ts';
import type { Examination, Examined, Trial } from './trial.ts';

/**
 * Names the causes that explain what was seen, all of them. Pure. A path is never blamed for what a registry that is down, or
 * went down in the meantime, explains as well; what no rule explains is listed as it is.
 */
export function diagnose(examination: Examination): Diagnosis {
  const symptoms = symptomsOf(examination.subject);
  const facts = factsOfExamination(examination);
  const bytesSpent =
    bytesOf(examination.subject) + (examination.direct === undefined ? 0 : bytesOf(examination.direct));
  const own = symptoms.filter(({ failure }) => ownEndings.has(failure.reason));
  const gone = goneRegistry(examination);
  const judged = symptoms.filter(
    (symptom) => !own.includes(symptom) && !isRefusedInWords(symptom, examination.subject),
  );
  const kept =
    gone === undefined ? judged : judged.filter(({ failure }) => !verdictTable[failure.reason].needsSuccessAfter);
  const passed = kept.filter((symptom) => hasPassed(symptom, examination.subject));
  const found: Finding[] = gone === undefined ? [] : [gone];
  const unexplained = [
    ...own.map(({ what, failure }) => `${what}: ended by our own ${failure.reason}`),
    ...passed.map(({ what, failure }) => `${what}: ${describeFailure(failure)}; it did not come again`),
  ];
  for (const symptom of kept.filter((one) => !passed.includes(one))) {
    const finding = explain(symptom.failure, contrastOf(symptom, examination), symptom.what, heldWords(symptom.trial));
    if (finding === undefined) {
      unexplained.push(`${symptom.what}: ${describeFailure(symptom.failure)}${heldWords(symptom.trial)}`);
    } else {
      found.push(finding);
    }
  }
  const findings = merged(found);
  const { hidden, notExamined } = gapsOf(examination.subject);
  return {
    ...conclusion(findings, unexplained, examination.subject.path.name, hidden),
    findings,
    unexplained,
    notExamined,
    facts,
    bytesSpent,
  };
}

/** The cause of one failure; undefined: no rule knows one. `besides`: more evidence, in words. */
export function explain(failure: Failure, contrast: Contrast, what: string, besides = ''): Finding | undefined {
  const rule = rules.find(({ matches }) => matches(failure, contrast));
  if (rule === undefined) {
    return undefined;
  }
  const { title, remedy, reference } = causes[rule.cause];
  const confidence = typeof rule.confidence === 'function' ? rule.confidence(failure, contrast) : rule.confidence;
  return {
    cause: rule.cause,
    title,
    hop: hopOf(rule.cause, failure, contrast),
    confidence,
    remedy,
    reference,
    evidence: [`${what}: ${describeFailure(failure)}${besides}${comparedTo(contrast)}`],
  };
}

function hopOf(cause: Finding['cause'], failure: Failure, { direct, pathKind }: Contrast): Finding['hop'] {
  const { hop } = causes[cause];
  if (direct === 'slow' || (direct === 'same' && failure.reason === 'response_timeout')) {
    // Whoever lost patience, the registry is what they waited for.
    return 'registry_storage';
  }
  if (hop !== 'failure') {
    return hop;
  }
  const ofProxy = failure.answeredBy !== 'none' && failure.answeredBy !== 'registry';
  return direct === 'same' && !ofProxy ? hopOfRegistry(failure) : hopOfPath(failure, pathKind, []);
}

function comparedTo({ direct, directPath = '' }: Contrast): string {
  switch (direct) {
    case 'ok':
      return `; over ${directPath} the same push got through`;
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

/** Nothing gets through over both paths, from the start or at the end: then the registry is gone, and no path is judged by it. */
function goneRegistry({ subject, direct }: Examination): Finding | undefined {
  const here = deadTrial(subject);
  const there = direct === undefined ? undefined : deadTrial(direct);
  if (here === undefined || there === undefined || direct === undefined) {
    return undefined;
  }
  const evidence = [
    `${subject.path.name}, ${describeTrial(here)}`,
    `${direct.path.name}, ${describeTrial(there)}`,
    ...(here.kind === 'again' ? ['both paths had worked before'] : []),
  ];
  const { title, hop, remedy, reference } = causes.registry_down;
  const named = hop === 'failure' ? 'registry_app' : hop;
  return { cause: 'registry_down', title, hop: named, confidence: 'certain', remedy, reference, evidence };
}

/** The last small push, if it failed as pushes to a registry fail that is not there. */
function deadTrial({ trials }: Examined): Trial | undefined {
  const last = trials.findLast(({ kind }) => kind === 'again') ?? trials.find(({ kind }) => kind === 'small');
  const failure = last?.run.failure;
  const dead =
    failure !== undefined && verdictTable[failure.reason].family === 'down' && failure.answeredBy !== 'registry';
  return dead ? last : undefined;
}

const order: readonly Confidence[] = ['certain', 'likely', 'possible'];
const mostEvidence = 6;

/** Causes that say in general what each of these says in particular. */
const general: Partial<Record<CauseName, readonly CauseName[]>> = {
  request_time_limit: [
    'traefik_read_timeout',
    'nginx_client_body_timeout',
    'haproxy_client_timeout',
    'envoy_idle_timeout',
    'alb_idle_timeout',
  ],
};

function merged(all: readonly Finding[]): Finding[] {
  const findings = all.filter(({ cause }) => !all.some((other) => general[cause]?.includes(other.cause)));
  const byCause = new Map<string, Finding>();
  for (const finding of findings) {
    const known = byCause.get(finding.cause);
    if (known === undefined) {
      byCause.set(finding.cause, finding);
      continue;
    }
    const better = order.indexOf(finding.confidence) < order.indexOf(known.confidence);
    const evidence = [...new Set([...known.evidence, ...finding.evidence])].slice(0, mostEvidence);
    byCause.set(finding.cause, {
      ...known,
      ...(better ? { confidence: finding.confidence, hop: finding.hop } : {}),
      evidence,
    });
  }
  return [...byCause.values()].sort((a, b) => order.indexOf(a.confidence) - order.indexOf(b.confidence));
}

function conclusion(
  findings: readonly Finding[],
  unexplained: readonly string[],
  path: string,
  hidden: string | undefined,
): Pick<Diagnosis, 'kind' | 'why'> {
  const sure = findings.filter(({ confidence }) => confidence !== 'possible');
  if (sure.length > 0) {
    const titles = listed(sure.map(({ title }) => title));
    return { kind: 'fault', why: hidden === undefined ? titles : `${titles}; ${hidden}` };
  }
  if (findings.length > 0) {
    return { kind: 'inconclusive', why: `perhaps ${listed(findings.map(({ title }) => title))}` };
  }
  return unexplained.length > 0
    ? { kind: 'inconclusive', why: `pushes over ${path} failed, and no cause explains it: ${unexplained[0] ?? ''}` }
    : { kind: 'healthy', why: `everything that was tried over ${path} got through` };
}

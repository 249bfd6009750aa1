import { findingFor } from '../../probe/diagnose/remedy-for.ts';
import type { Finding } from '../../probe/diagnose/finding.ts';
import type { Run } from '../../probe/outcome.ts';
import { reproduceWithCurl } from '../curl.ts';
import { formatBytes, formatTime } from '../format.ts';
import { transcript } from '../transcript.ts';
import { comparisonTable } from './comparison.ts';
import { type Block, type Document, type Inline, type Section, titledList } from './document.ts';
import { pathBlocks } from './path-section.ts';
import { type ReportData, type ReportedLimit, runsOver, sizeOf } from './report-data.ts';
import { routingWords } from './routing-words.ts';

/** The report on a registry: the same outcomes always give the same document. */
export function buildReport(data: ReportData): Document {
  return {
    title: `Connectivity of the registry ${data.registry.name}`,
    sections: [
      { title: 'Executive summary', blocks: summary(data) },
      { title: 'Comparison', blocks: [comparisonTable(data)] },
      { title: 'Paths', blocks: data.paths.flatMap((path) => pathBlocks(data, path)) },
      { title: 'Causes', blocks: causeBlocks(data) },
      { title: 'Limits', blocks: limitBlocks(data.limits) },
      { title: 'Evidence', blocks: evidenceBlocks(data) },
      { title: 'Recommendations', blocks: recommendationBlocks(data) },
      { title: 'Reproduction', blocks: reproductionBlocks(data) },
      { title: 'About this report', blocks: aboutBlocks(data) },
    ].filter(({ blocks }: Section) => blocks.length > 0),
  };
}

function summary(data: ReportData): Block[] {
  const { paths, registry } = data;
  const troubled = paths.filter(({ name }) => isTroubled(data, name));
  const overall =
    troubled.length === 0
      ? `All ${paths.length} paths to ${registry.name} took every push that was tried.`
      : `${paths.length - troubled.length} of ${paths.length} paths to ${registry.name} took every push that was tried and showed no limit; ${troubled.length} did not.`;
  return [
    { kind: 'paragraph', text: overall },
    { kind: 'list', items: paths.map((path) => `${path.name}: ${pathSentence(data, path.name)}`) },
    { kind: 'paragraph', text: 'What works, as measured:' },
    { kind: 'list', items: routingWords(data) },
  ];
}

function isTroubled(data: ReportData, path: string): boolean {
  return runsOver(data, path).some(({ ok }) => !ok) || findingsOf(data, path).length > 0;
}

function pathSentence(data: ReportData, path: string): string {
  const runs = runsOver(data, path);
  const failed = runs.filter(({ ok }) => !ok);
  const causes = findingsOf(data, path).map(({ title, confidence }) =>
    confidence === 'possible' ? `perhaps ${title}` : title,
  );
  const because = causes.length === 0 ? (failed.length === 0 ? '' : ': no cause found') : `: ${causes.join('; ')}`;
  if (runs.length === 0) {
    return 'not measured';
  }
  return failed.length === 0 ? `works${because}` : `${failed.length} of ${runs.length} pushes failed${because}`;
}

/** What the diagnosis found on a path; without one, what single runs tell. */
function findingsOf(data: ReportData, path: string): readonly Finding[] {
  const diagnosed = data.diagnoses.filter((one) => one.path === path);
  if (diagnosed.length > 0) {
    return uniqueBy(
      diagnosed.flatMap(({ diagnosis }) => diagnosis.findings),
      ({ cause }) => cause,
    );
  }
  const runs = runsOver(data, path);
  const works = data.rounds.some(({ runs: all }) => all.some(({ ok }) => ok));
  return uniqueBy(
    runs.flatMap((run) => findingFor(run, works) ?? []),
    ({ cause }) => cause,
  );
}

/** The first of each kind. */
function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}

function causeBlocks(data: ReportData): Block[] {
  const blocks = data.paths.flatMap(({ name }): Block[] =>
    findingsOf(data, name).flatMap(({ title, hop, confidence, evidence, remedy, reference }): Block[] => [
      { kind: 'heading', text: `${name}: ${title}` },
      {
        kind: 'list',
        items: [
          `Hop: ${hop}; ${confidence}`,
          ...evidence.map((sentence) => `Evidence: ${sentence}`),
          ['Remedy: ', { marked: remedy }],
          ['See ', { url: reference }],
        ],
      },
    ]),
  );
  const unexplained = data.diagnoses.flatMap(({ path, diagnosis }) =>
    diagnosis.unexplained.map((one) => `${path}: ${one}`),
  );
  const notExamined = data.diagnoses.flatMap(({ path, diagnosis }) =>
    diagnosis.notExamined.map((one) => `${path}: ${one}`),
  );
  const rounds = data.rounds.map(
    ({ client, workload, verdict }) => `${workload} as ${client}: ${verdict.kind}: ${verdict.why}`,
  );
  return [
    ...blocks,
    ...titledList('Not explained', unexplained),
    ...titledList('Not examined', notExamined),
    ...titledList('Verdicts of the rounds', rounds.toSorted()),
  ];
}

function limitBlocks(limits: readonly ReportedLimit[]): Block[] {
  const items = limits.map(
    ({ path, client, limit }) => `${path} as ${client}, ${limit.unit === 'bytes' ? 'size' : 'time'}: ${limit.why}`,
  );
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

/** For each path and reason, the largest push that failed. */
function failingCases(data: ReportData): Run[] {
  return data.paths.flatMap(({ name }) => {
    const failed = runsOver(data, name).filter(({ ok }) => !ok);
    return uniqueBy(failed.toReversed(), ({ failure }) => failure?.reason ?? '').toReversed();
  });
}

function evidenceBlocks(data: ReportData): Block[] {
  return failingCases(data).flatMap((run): Block[] => [
    { kind: 'heading', text: `${run.check.path.name}: ${run.check.client.name}, ${formatBytes(sizeOf(run))}` },
    ...(run.attempts.length > 1
      ? [{ kind: 'paragraph', text: `The last of ${run.attempts.length} attempts:` } as const]
      : []),
    { kind: 'code', language: 'text', text: transcript({ ...run, attempts: run.attempts.slice(-1) }) },
  ]);
}

function recommendationBlocks(data: ReportData): Block[] {
  const remedies = data.paths.flatMap(({ name }) => findingsOf(data, name).map(({ remedy }) => ({ name, remedy })));
  const byRemedy = new Map<string, string[]>();
  remedies.forEach(({ name, remedy }) => byRemedy.set(remedy, [...(byRemedy.get(remedy) ?? []), name]));
  const items: Inline[] = [...byRemedy].map(([remedy, names]) => [`${names.join(', ')}: `, { marked: remedy }]);
  return [
    ...titledList('Route pushes by size until the causes are gone', items.length === 0 ? [] : routingWords(data)),
    ...(items.length === 0
      ? [{ kind: 'paragraph', text: 'Nothing needs to be changed.' } as const]
      : titledList('Remove the causes', items)),
  ];
}

function reproductionBlocks(data: ReportData): Block[] {
  const cases = failingCases(data);
  return cases.length === 0
    ? []
    : [
        { kind: 'paragraph', text: 'Credentials are left out: add --user NAME to the curl call in request().' },
        ...cases.flatMap((run): Block[] => [
          { kind: 'heading', text: `${run.check.path.name}: ${run.check.client.name}, ${formatBytes(sizeOf(run))}` },
          { kind: 'code', language: 'sh', text: reproduceWithCurl(run.check) },
        ]),
      ];
}

function aboutBlocks({ generatedAt, version, registry, rounds, diagnoses }: ReportData): Block[] {
  const runs = rounds.flatMap((round) => round.runs);
  const sent =
    runs.reduce((sum, run) => sum + run.sentBytes, 0) +
    diagnoses.reduce((sum, { diagnosis }) => sum + diagnosis.bytesSpent, 0);
  const tainted = runs.filter((run) => run.tainted).length;
  const notes = [
    `Made by blobprobe ${version} at ${formatTime(generatedAt)} from ${runs.length} pushes to ${registry.repository}, ${formatBytes(sent)} sent.`,
    ...(runs.some(({ realWaits }) => !realWaits)
      ? ['Waits between attempts were shortened: durations of retried pushes are shorter than a user’s.']
      : []),
    ...(tainted > 0 ? [`In ${tainted} of them this machine was too busy for exact times.`] : []),
  ];
  return [{ kind: 'list', items: notes }];
}

import { formatBytes } from '../../probe/byte-words.ts';
import type { PathLimit } from '../../probe/limits/limit.ts';
import type { Run } from '../../probe/outcome.ts';
import { reproduceWithCurl } from '../curl.ts';
import { formatTime } from '../format.ts';
import { transcript } from '../transcript.ts';
import { comparisonBlocks } from './comparison.ts';
import { causeBlocks, causeDetails, findingsOf } from './causes-section.ts';
import { type Block, type Document, folded, type Section } from './document.ts';
import { pathBlocks } from './path-section.ts';
import { type ReportData, runsOver, sizeOf } from './report-data.ts';
import { routingTable } from './routing-table.ts';

/** The report on a registry: the same outcomes always give the same document. What a reader wants first is open, the rest is folded. */
export function buildReport(data: ReportData): Document {
  const paths = data.paths.flatMap((path) => pathBlocks(data, path));
  return {
    title: `Connectivity of the registry ${data.registry.name}`,
    sections: [
      { title: 'Summary', blocks: summary(data) },
      { title: 'Causes and what to do', blocks: causeBlocks(data) },
      { title: 'Comparison', blocks: comparisonBlocks(data) },
      { title: 'Which size over which path', blocks: routingTable(data) },
      {
        title: 'Details',
        blocks: [
          ...causeDetails(data),
          ...folded('Path by path', paths),
          ...folded('Limits', limitBlocks(data.limits)),
          ...folded('Requests and answers', evidenceBlocks(data)),
          ...folded('Reproduction', reproductionBlocks(data)),
        ],
      },
      { title: 'About this report', blocks: aboutBlocks(data) },
    ].filter(({ blocks }: Section) => blocks.length > 0),
  };
}

function summary(data: ReportData): Block[] {
  const { paths, registry } = data;
  const measured = paths.filter(({ name }) => runsOver(data, name).length > 0);
  const troubled = measured.filter(({ name }) => isTroubled(data, name));
  const good = measured.filter((path) => !troubled.includes(path)).map(({ name }) => name);
  const unmeasured = paths.filter((path) => !measured.includes(path)).map(({ name }) => name);
  const names = troubled.map(({ name }) => name).join(', ');
  const overall =
    troubled.length === 0
      ? `${good.length === 1 ? 'The path' : `All ${good.length} paths`} to ${registry.name} took every push that was tried.`
      : `${good.length} of ${measured.length} paths to ${registry.name} took every push that was tried and showed no limit; ${troubled.length} did not: ${names}.`;
  const unexplained = troubled.filter(({ name }) => findingsOf(data, name).length === 0).map(({ name }) => name);
  return [
    measured.length === 0 ? 'Nothing was measured yet.' : overall,
    ...(unexplained.length === 0 ? [] : [`No cause was found for ${unexplained.join(', ')}.`]),
    ...(unmeasured.length === 0 ? [] : [`Not measured: ${unmeasured.join(', ')}.`]),
  ].map((text) => ({ kind: 'paragraph', text }));
}

function isTroubled(data: ReportData, path: string): boolean {
  return runsOver(data, path).some(({ ok }) => !ok) || findingsOf(data, path).length > 0;
}

/** The first of each kind. */
function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}

function limitBlocks(limits: readonly PathLimit[]): Block[] {
  const items = limits.map(
    ({ path, client, unit, direction, why }) =>
      `${path} as ${client}, ${unit === 'bytes' ? 'size' : 'time'}${direction === 'push' ? '' : ' of pulls'}: ${why}`,
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

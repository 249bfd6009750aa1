import { findingFor } from '../../probe/diagnose/judge-run.ts';
import type { Confidence, Finding } from '../../probe/diagnose/finding.ts';
import { capitalized } from '../format.ts';
import { type Block, type Cell, folded, titledList } from './document.ts';
import { type ReportData, runsOf, runsOver } from './report-data.ts';

/** One cause, and the paths on which it was found. */
interface Cause {
  readonly finding: Finding;
  readonly paths: readonly string[];
  readonly evidence: readonly string[];
}

/** What the diagnosis found on a path; without one, what single runs tell. The first of each cause. */
export function findingsOf(data: ReportData, path: string): readonly Finding[] {
  const diagnosed = data.diagnoses.filter((one) => one.path === path);
  const all =
    diagnosed.length > 0
      ? diagnosed.flatMap(({ diagnosis }) => diagnosis.findings)
      : runsOver(data, path).flatMap((run) => findingFor(run, runsOf(data)) ?? []);
  return all.filter(({ cause }, index) => all.findIndex((other) => other.cause === cause) === index);
}

/** Each cause once, a row with its remedy, surest and widest first; then what no cause explains. */
export function causeBlocks(data: ReportData): Block[] {
  const rows = causesOf(data).map(rowOf);
  return [
    rows.length === 0
      ? { kind: 'paragraph', text: 'Nothing needs to be changed.' }
      : { kind: 'table', head: ['Cause', 'Where', 'What to do'], rows },
    ...titledList('Not explained', sentencesOf(data, 'unexplained')),
  ];
}

/** What was seen of each cause, what was not looked at, and what each round says; each folded. */
export function causeDetails(data: ReportData): Block[] {
  const evidence = causesOf(data).flatMap(({ finding, evidence: items }): Block[] => [
    { kind: 'heading', text: capitalized(finding.title) },
    { kind: 'list', items },
  ]);
  const rounds = data.rounds.map(
    ({ client, workload, verdict }) => `${workload} as ${client}: ${verdict.kind}: ${verdict.why}`,
  );
  return [
    ...folded('What was seen of each cause', evidence),
    ...folded('Not examined', titledList('Not examined', sentencesOf(data, 'notExamined'))),
    ...folded('Verdicts of the rounds', titledList('By client and workload', rounds.toSorted())),
  ];
}

function sentencesOf({ diagnoses }: ReportData, what: 'unexplained' | 'notExamined'): string[] {
  return diagnoses.flatMap(({ path, diagnosis }) => diagnosis[what].map((one) => `${path}: ${one}`));
}

const surest: readonly Confidence[] = ['certain', 'likely', 'open'];

function causesOf(data: ReportData): Cause[] {
  const causes = new Map<string, Cause>();
  for (const { name } of data.paths) {
    for (const finding of findingsOf(data, name)) {
      const known = causes.get(finding.cause);
      const evidence = finding.evidence.map((sentence) => `${name}: ${sentence}`);
      causes.set(finding.cause, {
        finding: known?.finding ?? finding,
        paths: [...(known?.paths ?? []), name],
        evidence: [...(known?.evidence ?? []), ...evidence],
      });
    }
  }
  const place = ({ finding }: Cause): number => surest.indexOf(finding.confidence);
  return [...causes.values()].toSorted((a, b) => place(a) - place(b) || b.paths.length - a.paths.length);
}

function rowOf({ finding, paths }: Cause): Cell[] {
  const { title, hop, confidence, remedy, reference } = finding;
  return [
    { text: `${confidence === 'open' ? 'Perhaps: ' : ''}${capitalized(title)}` },
    { text: `${hop}, on ${paths.join(', ')} (${confidence})` },
    { text: [{ marked: `${remedy} ` }, { url: reference, text: 'Read more' }] },
  ];
}

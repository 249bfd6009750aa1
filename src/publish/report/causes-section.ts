import { findingFor } from '../../probe/diagnose/judge-run.ts';
import type { Finding } from '../../probe/diagnose/finding.ts';
import { type Block, folded, type Inline, titledList } from './document.ts';
import { capitalized } from '../format.ts';
import { type ReportData, runsOver } from './report-data.ts';

/** One cause, and the paths on which it was found. */
interface Cause {
  readonly finding: Finding;
  readonly paths: readonly string[];
  readonly evidence: readonly string[];
}

/** What the diagnosis found on a path; without one, what single runs tell. The first of each cause. */
export function findingsOf(data: ReportData, path: string): readonly Finding[] {
  const diagnosed = data.diagnoses.filter((one) => one.path === path);
  const works = data.rounds.some(({ runs }) => runs.some(({ ok }) => ok));
  const all =
    diagnosed.length > 0
      ? diagnosed.flatMap(({ diagnosis }) => diagnosis.findings)
      : runsOver(data, path).flatMap((run) => findingFor(run, works) ?? []);
  return all.filter(({ cause }, index) => all.findIndex((other) => other.cause === cause) === index);
}

/** Each cause once, with its remedy; what no cause explains, and what was not looked at. */
export function causeBlocks(data: ReportData): Block[] {
  const causes = causesOf(data);
  const of = (what: 'unexplained' | 'notExamined'): string[] =>
    data.diagnoses.flatMap(({ path, diagnosis }) => diagnosis[what].map((one) => `${path}: ${one}`));
  const rounds = data.rounds.map(
    ({ client, workload, verdict }) => `${workload} as ${client}: ${verdict.kind}: ${verdict.why}`,
  );
  return [
    ...(causes.length === 0 ? [{ kind: 'paragraph', text: 'Nothing needs to be changed.' } as const] : []),
    ...causes.flatMap(blocksOf),
    ...titledList('Not explained', of('unexplained')),
    ...folded('Not examined', titledList('Not examined', of('notExamined'))),
    ...folded('Verdicts of the rounds', titledList('By client and workload', rounds.toSorted())),
  ];
}

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
  return [...causes.values()];
}

function blocksOf({ finding, paths, evidence }: Cause): Block[] {
  const { title, hop, confidence, remedy, reference } = finding;
  const items: Inline[] = [
    ['Do: ', { marked: remedy }],
    `Where: ${hop}, on ${paths.join(', ')} (${confidence})`,
    ...evidence.slice(0, 1).map((sentence) => `Seen: ${sentence}`),
    ['See ', { url: reference }],
  ];
  return [
    { kind: 'heading', text: capitalized(title) },
    { kind: 'list', items },
    ...folded('More evidence', evidence.length > 1 ? [{ kind: 'list', items: evidence.slice(1) }] : []),
  ];
}

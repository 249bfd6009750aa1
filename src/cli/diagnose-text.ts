import { jsonText } from '../publish/format.ts';
import { formatBytes } from '../probe/byte-words.ts';
import type { LimitTarget } from '../config/config.ts';
import type { Diagnosis, Finding } from '../probe/diagnose/finding.ts';
import { nameOf } from './limit-text.ts';

/** A target and what the diagnosis says. */
export interface Diagnosed {
  readonly target: LimitTarget;
  readonly sizeBytes: number;
  readonly diagnosis: Diagnosis;
}

/** For people: the conclusion first, then each cause with hop, evidence and remedy, then everything that was tried. */
export function diagnosisText({ target, sizeBytes, diagnosis }: Diagnosed): string {
  const { kind, why, findings, unexplained, notExamined, facts, bytesSpent } = diagnosis;
  return [
    `${nameOf(target)}, ${formatBytes(sizeBytes)}: ${kind}: ${why}`,
    ...findings.flatMap(findingLines),
    ...block('Not explained:', unexplained),
    ...block('Not examined:', notExamined),
    ...block(`Tried, ${formatBytes(bytesSpent)} sent:`, facts),
    '',
  ].join('\n');
}

function findingLines({ title, cause, confidence, hop, evidence, remedy, reference, nextTest }: Finding): string[] {
  return [
    '',
    `  Cause     ${title} (${cause}, ${confidence})`,
    `  Hop       ${hop}`,
    ...evidence.map((sentence, index) => `  ${index === 0 ? 'Evidence' : '        '}  ${sentence}`),
    `  Remedy    ${remedy}`,
    ...(confidence === 'certain' ? [] : [`  Next test ${nextTest}`]),
    `  See       ${reference}`,
  ];
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `  ${title}`, ...lines.map((line) => `    ${line}`)];
}

/** For machines: an array, one object a target. */
export function diagnosisJson(all: readonly Diagnosed[]): string {
  const rows = all.map(({ target, sizeBytes, diagnosis }) => ({
    registry: target.registry.name,
    path: target.path.name,
    client: target.client.name,
    sizeBytes,
    ...diagnosis,
  }));
  return jsonText(rows);
}

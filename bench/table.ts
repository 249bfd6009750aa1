import { isMet, judgedFigure } from './figures.ts';
import type { SuiteResult } from './results.ts';
import type { Goal, Row } from './suite.ts';

const columns = ['subject', 'figure', 'min', 'median', 'p99', 'max', 'ratio', 'goal'] as const;

/** The rows of a suite as lines of text, with the median of an earlier result beside the new one where there is one. */
export function textTable(rows: readonly Row[], earlier?: SuiteResult): string {
  const heading = earlier === undefined ? [] : [`kept (${earlier.commit})`];
  const lines = rows.map((row) => {
    const before = earlier?.rows.find(({ subject, figure }) => subject === row.subject && figure === row.figure);
    return [...cells(row), ...(earlier === undefined ? [] : [change(row, before)]), row.note ?? ''];
  });
  const all = [[...columns, ...heading, ''], ...lines];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  const text = (line: readonly string[]): string => line.map((cell, at) => cell.padEnd(widths[at]!)).join('  ');
  return all.map((line) => text(line).trimEnd()).join('\n');
}

/** The same as a table in Markdown, notes as a last column. */
export function markdownTable(rows: readonly Row[]): string {
  const heading = [...columns, 'note'];
  const lines = rows.map((row) => [...cells(row), row.note ?? '']);
  const all = [heading, heading.map(() => '---'), ...lines];
  return all.map((line) => `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

function cells(row: Row): string[] {
  const { range, ratio } = row;
  const figures = [range?.min, range?.median, range?.p99, range?.max];
  return [
    row.subject,
    `${row.figure} [${row.unit}]`,
    ...figures.map((figure) => (figure === undefined ? '' : shortNumber(figure))),
    ratio === undefined ? '' : `${ratio.value.toFixed(2)} × ${ratio.to}`,
    row.goal === undefined ? '' : `${goalText(row.goal)}: ${outcomeText(row)}`,
  ];
}

function goalText({ of, atMost, atLeast }: Goal): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`≥ ${shortNumber(atLeast)}`]),
    ...(atMost === undefined ? [] : [`≤ ${shortNumber(atMost)}`]),
  ];
  return `${of} ${bounds.join(' and ')}`;
}

/** Reached, or missed and by how much of the bound. */
function outcomeText(row: Row): string {
  const met = isMet(row);
  const figure = judgedFigure(row);
  if (met === undefined || figure === undefined || row.goal === undefined) return 'not measured';
  if (met) return 'reached';
  const { atMost, atLeast } = row.goal;
  const bound = atMost !== undefined && figure > atMost ? atMost : (atLeast ?? 0);
  return `MISSED by ${bound === 0 ? shortNumber(figure) : `${Math.round((Math.abs(figure - bound) / Math.abs(bound)) * 100)} %`}`;
}

function change(row: Row, before: Row | undefined): string {
  if (before?.range === undefined || row.range === undefined)
    return before?.range === undefined ? '' : shortNumber(before.range.median);
  const percent = Math.round((row.range.median / before.range.median - 1) * 100);
  return `${shortNumber(before.range.median)} (${percent >= 0 ? '+' : ''}${percent} %)`;
}

/** Three significant digits, and whole numbers from a hundred on. */
export function shortNumber(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

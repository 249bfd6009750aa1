import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  disagreements,
  type Judged,
  judgedParts,
  type Mutant,
  type MutationReport,
  partOf,
  readPart,
  unchangedLine,
  verdicts,
  writtenMutant,
} from '../support/mutants.ts';

const document = 'docs/mutation.md';
const begin = '<!-- judged: written by `npm run generate` from docs/mutants -->';
const end = '<!-- end of judged -->';

/** The parts that may leave 15 % at most; all others 25 %. */
const strictParts = new Set(['probe-compare', 'probe-judge', 'registry', 'schedule']);

function foundShare(mutants: number, judged: number): number {
  return (mutants - judged) / mutants;
}

describe.each(judgedParts())('docs/mutants/%s.yaml', (part) => {
  const { mutants: count, judged } = readPart(part);
  const files = Object.entries(judged);
  const judgements = files.flatMap(([, mutants]) => Object.values(mutants));

  test('has the files of its part only, each with mutants of code that stands there', () => {
    expect(files.filter(([file]) => partOf(file) !== part)).toEqual([]);
    const gone = files.flatMap(([file, mutants]) => {
      const source = readFileSync(file, 'utf8');
      return Object.keys(mutants).filter((written) => !source.includes(unchangedLine(written)));
    });
    expect(gone).toEqual([]);
  });

  test('says of each mutant a verdict and its reason', () => {
    const known = new RegExp(`^(${Object.keys(verdicts).join('|')}): \\S.{5}`);
    expect(judgements.filter((judgement) => !known.test(judgement))).toEqual([]);
  });

  test('leaves no more than the part may have', () => {
    const least = strictParts.has(part) ? 0.85 : 0.75;
    expect(foundShare(count, judgements.length)).toBeGreaterThanOrEqual(least);
  });
});

test('docs/mutation.md counts the judgements (`npm run generate` writes it)', () => {
  const [before = '', rest = ''] = readFileSync(document, 'utf8').split(begin);
  const wanted = `${before}${begin}\n\n${verdictTable()}\n\n${end}${rest.split(end)[1] ?? ''}`;
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(document, wanted);
  expect(readFileSync(document, 'utf8')).toBe(wanted);
});

function verdictTable(): string {
  const names = Object.keys(verdicts);
  const meanings = Object.entries(verdicts).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  const counts = judgedParts().map((part) => {
    const { mutants, judged } = readPart(part);
    const judgements = Object.values(judged).flatMap((each) => Object.values(each));
    const found = `${(100 * foundShare(mutants, judgements.length)).toFixed(1)} %`;
    const each = names.map((name) => judgements.filter((judgement) => judgement.startsWith(`${name}:`)).length);
    return `| [${part}](mutants/${part}.yaml) | ${[mutants, found, judgements.length, ...each].join(' | ')} |`;
  });
  const head = [
    `| part | mutants | found | judged | ${names.join(' | ')} |`,
    `|---|${'---|'.repeat(names.length + 3)}`,
  ];
  return ['| verdict | what it means |', '|---|---|', ...meanings, '', ...head, ...counts].join('\n');
}

const source = "const a = 1;\n  if (a > 0) {\n    go();\n  }\nconst text = '';\n";
const mutant = (line: number, column: number, endLine: number, endColumn: number, replacement: string): Mutant => ({
  location: { start: { line, column }, end: { line: endLine, column: endColumn } },
  replacement,
  status: 'Survived',
});

test('a mutant is written as its line, and a longer one as its first', () => {
  const written = [mutant(2, 7, 2, 12, 'a >= 0'), mutant(2, 14, 4, 4, '{}'), mutant(5, 14, 5, 16, '"here"')].map(
    (one) => writtenMutant(source, one),
  );
  expect(written).toEqual(['if («a > 0 → a >= 0») {', 'if (a > 0) «{ … → {}»', 'const text = «\'\' → "here"»;']);
  expect(written.map(unchangedLine)).toEqual(['if (a > 0) {', 'if (a > 0) {', "const text = '';"]);
});

test('a survivor that nobody judged is told, and a judged one that a test finds now', () => {
  const mutants = [
    mutant(2, 7, 2, 12, 'true'),
    { ...mutant(2, 7, 2, 12, 'a >= 0'), status: 'Killed' },
    { ...mutant(5, 14, 5, 16, '"here"'), status: 'Ignored' },
  ];
  const report: MutationReport = { files: { 'src/a.ts': { source, mutants } } };
  const judged: Judged[string] = {
    'if («a > 0 → a >= 0») {': 'equivalent: a is 1',
    'const text = «\'\' → "here"»;': 'equivalent: nobody reads it',
  };
  expect(disagreements(report, () => judged)).toEqual([
    'src/a.ts: nobody judged if («a > 0 → true») {',
    'src/a.ts: a test finds if («a > 0 → a >= 0») { now',
  ]);
});

// `npm run mutants` names the report of the run that it has just made.
test.each([process.env['MUTATION_REPORT'] ?? []].flat())('each survivor of %s is judged', (path) => {
  const report = JSON.parse(readFileSync(path, 'utf8')) as MutationReport;
  expect(disagreements(report, (file) => readPart(partOf(file)).judged[file] ?? {})).toEqual([]);
});

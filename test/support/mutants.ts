import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Where each mutant that survived is judged: one file for each part of `src`. */
export const judgedFolder = 'docs/mutants';

/** How a mutant that survived is judged, and what that means. */
export const verdicts = {
  equivalent: 'no caller can see a difference, except in time or memory',
  unreachable: 'it matters only with input that something before it excludes, or on a system that a test cannot have',
  words: 'only a text for people changes, and no test fixes that wording',
  elsewhere: 'a test that did not run with it finds it',
  untested: 'a gap: nothing finds it',
} as const;

/** By source file, the mutants that survived as `writtenMutant` has them, each with `verdict: reason`. */
export type Judged = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What Stryker reports of a run (https://github.com/stryker-mutator/mutation-testing-elements, schema 2), as far as it is read here. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

/** One change of the code. Lines and columns count from 1; the end is behind the last letter. */
export interface Mutant {
  readonly replacement: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** The part of a source file, which names the file that judges its mutants: `src/probe/judge/blame.ts` belongs to `probe-judge`. */
export function partOf(source: string): string {
  const [, top = '', room = ''] = source.split('/');
  return top === 'probe' && !room.endsWith('.ts') ? `${top}-${room}` : top;
}

/** What is known of a part of `src`. */
interface Part {
  /** How many there were when the whole part ran last. */
  readonly mutants: number;
  readonly judged: Judged;
}

/** A part as its file has it. */
export function readPart(part: string): Part {
  const { mutants, ...judged } = parse(readFileSync(`${judgedFolder}/${part}.yaml`, 'utf8')) as { mutants: number };
  return { mutants, judged };
}

/** The parts whose mutants are judged, in order. */
export function judgedParts(): string[] {
  return readdirSync(judgedFolder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.replace(/\.yaml$/, ''))
    .toSorted();
}

/**
 * A mutant in one line that survives a move in its file: the line it stands in, with `«old → new»` in the place of what is changed. Of
 * what stands on several lines the first one is kept, with ` …` behind it.
 */
export function writtenMutant(source: string, { location: { start, end }, replacement }: Mutant): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const behind = lines.length === 1 ? (lines[0]?.slice(end.column - 1) ?? '') : '';
  const before = lines[0]?.slice(0, start.column - 1) ?? '';
  const changed = lines.join('\n').slice(before.length, behind === '' ? undefined : -behind.length);
  return `${before}«${firstLine(changed)} → ${firstLine(replacement)}»${behind}`.trim();
}

/** The code that a written mutant changes: what its file has of its line, as far as it is kept. */
export function unchangedLine(written: string): string {
  const [before = '', rest = ''] = written.split('«');
  const [changed = '', behind = ''] = rest.split('»');
  const old = changed.slice(0, changed.lastIndexOf(' → '));
  return old.endsWith(' …') ? `${before}${old.slice(0, -2)}` : `${before}${old}${behind}`;
}

/** What a report and the judgements do not agree in: each survivor that nobody judged, and each judged mutant that a test finds now. */
export function disagreements({ files }: MutationReport, judged: (source: string) => Judged[string]): string[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const known = judged(file);
    const written = (...statuses: readonly string[]): Set<string> =>
      new Set(mutants.filter(({ status }) => statuses.includes(status)).map((mutant) => writtenMutant(source, mutant)));
    const alive = written('Survived', 'NoCoverage');
    // What is made when a module is loaded is in neither.
    const found = [...written('Killed', 'Timeout')].filter((text) => known[text] !== undefined && !alive.has(text));
    return [
      ...[...alive].filter((text) => known[text] === undefined).map((text) => `${file}: nobody judged ${text}`),
      ...found.map((text) => `${file}: a test finds ${text} now`),
    ];
  });
}

function firstLine(text: string): string {
  const [first = '', ...others] = text.split('\n');
  return others.length === 0 ? first : `${first.trim()} …`;
}

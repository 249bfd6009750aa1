import { readResult, type SuiteResult } from './results.ts';
import type { Machine } from './machine.ts';
import type { Suite } from './suite.ts';
import { markdownTable } from './table.ts';

const begin = '<!-- measured: written by `npm run generate` from bench/results -->';
const end = '<!-- end of measured -->';

/** A document with its measured part written anew from the kept results. Throws when the document has no such part. */
export function withResults(document: string, suites: readonly Suite[], folder: string): string {
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`the document has no part between ${begin} and ${end}`);
  const results = suites.map(({ name }) => readResult(folder, name)).filter((result) => result !== undefined);
  return `${before}${begin}\n\n${results.map(section).join('\n\n')}\n\n${end}${after}`;
}

function section(result: SuiteResult): string {
  const { suite, what, date, commit, runs, machine, rows } = result;
  const how = `Measured ${date.slice(0, 10)} at commit \`${commit}\`, ${runs} ${runs === 1 ? 'run' : 'runs'} of each subject. ${machineLine(machine)}`;
  return `### ${suite}\n\n${capital(what)}.\n\n${markdownTable(rows)}\n\n${how}`;
}

/** A machine in a sentence or two. */
export function machineLine({ cpu, cores, memoryGiB, kernel, node, peers }: Machine): string {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}; ${versions.join(', ')}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

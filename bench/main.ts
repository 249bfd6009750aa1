import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineLine } from './document.ts';
import { currentCommit, describeMachine } from './machine.ts';
import { repositoryFolder } from './repository.ts';
import { keptFolder, readResult, writeResult } from './results.ts';
import { suites } from './suites.ts';
import { textTable } from './table.ts';

const usage = `npm run bench -- [FLAGS]
  --suite NAME    only this one; can be given again
  --runs N        how often each subject is measured (3)
  --size-mib N    size of the blob in the suite push (2048)
  --output DIR    where the results go, one JSON file each (bench/dist/results)
  --compare PATH  a result, or a folder of them, that each median stands beside (bench/results)
  --list          names the suites
`;

function flags() {
  const { values } = parseArgs({
    options: {
      suite: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string', default: '3' },
      'size-mib': { type: 'string', default: '2048' },
      output: { type: 'string', default: join(repositoryFolder, 'bench/dist/results') },
      compare: { type: 'string', default: keptFolder },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

function positive(values: ReturnType<typeof flags>, flag: 'runs' | 'size-mib'): number {
  const number = Number(values[flag]);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${flag}: expected a whole number above 0, got ${JSON.stringify(values[flag])}`);
  return number;
}

async function main(): Promise<void> {
  const values = flags();
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const names = suites.map(({ name }) => name);
  const unknown = values.suite.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`--suite: expected one of ${names.join(', ')}, got ${JSON.stringify(unknown)}`);
  if (values.list) {
    process.stdout.write(suites.map(({ name, what }) => `${name}: ${what}\n`).join(''));
    return;
  }
  const [runs, sizeMiB] = [positive(values, 'runs'), positive(values, 'size-mib')];
  const machine = describeMachine();
  process.stdout.write(`${machineLine(machine)}\n`);
  for (const { name, what, run } of suites.filter(
    (one) => values.suite.length === 0 || values.suite.includes(one.name),
  )) {
    const startedMs = performance.now();
    const progress = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
    const rows = await run({ runs, sizeMiB, progress });
    progress(`took ${Math.round((performance.now() - startedMs) / 1000)} s`);
    const date = new Date().toISOString();
    const earlier = readResult(values.compare, name);
    process.stdout.write(`\n${name}: ${what}\n${textTable(rows, earlier)}\n`);
    writeResult(values.output, { suite: name, what, date, commit: currentCommit(), runs, sizeMiB, machine, rows });
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

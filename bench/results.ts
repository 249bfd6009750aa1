import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Machine } from './machine.ts';
import { repositoryFolder } from './repository.ts';
import type { Row } from './suite.ts';

/** One measured suite, as it is kept. */
export interface SuiteResult {
  readonly suite: string;
  readonly what: string;
  /** When it was measured, ISO 8601. */
  readonly date: string;
  /** What was measured; a `+` says that files differed from the commit. */
  readonly commit: string;
  readonly runs: number;
  readonly sizeMiB: number;
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

/** Where the results that the documentation shows are kept, one file a suite. */
export const keptFolder = join(repositoryFolder, 'bench/results');

/** Writes a result into a folder, over the one of the same suite. */
export function writeResult(folder: string, result: SuiteResult): void {
  const file = join(folder, `${result.suite}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
}

/** The result of a suite in a file, or in the file of its name in a folder; undefined when there is none. */
export function readResult(fileOrFolder: string, suite: string): SuiteResult | undefined {
  const isFolder = existsSync(fileOrFolder) && statSync(fileOrFolder).isDirectory();
  const file = isFolder ? join(fileOrFolder, `${suite}.json`) : fileOrFolder;
  if (!existsSync(file)) return undefined;
  const result = JSON.parse(readFileSync(file, 'utf8')) as SuiteResult;
  return result.suite === suite ? result : undefined;
}

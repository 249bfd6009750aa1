import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the first test that needs the compiled program puts it, for all others of this run. */
    builtFolder: string;
  }
}

/** A folder for the compiled program, for all test files of one run; it is gone after the run. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'blobprobe-built-'));
  project.provide('builtFolder', folder);
  return () => rmSync(folder, { recursive: true });
}

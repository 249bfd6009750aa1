import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAtLast } from '../../support/ending.ts';

export interface TemporaryDirectory {
  readonly path: string;
  readonly remove: () => void;
}

/** A new empty directory; the caller removes it, and at last the end of the test in which it was made. */
export function temporaryDirectory(purpose: string): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `blobprobe-${purpose}-`));
  const remove = (): void => {
    isGone();
    rmSync(path, { recursive: true, force: true });
  };
  const isGone = endAtLast(path, remove);
  return { path, remove };
}

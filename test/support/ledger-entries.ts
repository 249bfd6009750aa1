import type { LedgerEntry } from '../../src/probe/leftovers/ledger-entry.ts';

/** The digest of the blob of that number. */
export const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;

/** A stored blob as the ledger has it, another for each number. */
export function blob(n: number, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: `blob-${n}`,
    kind: 'blob',
    state: 'stored',
    registry: 'lab',
    repository: 'probe/blobs',
    path: 'direct',
    origin: 'http://127.0.0.1:5000',
    createdAt: 1_000,
    tries: 0,
    nextTryAt: 1_000,
    madeAt: { boot: 'one', ms: 1_000 },
    digest: digest(n),
    ...changes,
  };
}

import { groupBy } from '../probe/group-by.ts';
import type { LedgerEntry } from '../probe/leftovers/ledger-entry.ts';
import { sessionLifetimeMs } from '../probe/leftovers/ledger.ts';
import { formatDuration } from '../network/duration-words.ts';

/** Where what is left is, and when it goes by itself; nothing when nothing is left. One line for each kind, state and repository. */
export function leftoverWords(entries: readonly LedgerEntry[]): string {
  const groups = groupBy(entries, ({ origin, repository, kind, state }) =>
    JSON.stringify([origin, repository, kind, state]),
  );
  return [...groups.values()].map((group) => `${lineOf(group)}\n`).join('');
}

function lineOf(group: readonly [LedgerEntry, ...LedgerEntry[]]): string {
  const [first] = group;
  const { origin, repository, kind } = first;
  const what = kind === 'session' ? 'unfinished upload' : kind;
  return `left in ${origin}/${repository}: ${group.length} ${what}${group.length === 1 ? '' : 's'}; ${endOf(first)}`;
}

/** What each state means for who wants it gone. */
function endOf({ kind, state }: LedgerEntry): string {
  const days = formatDuration(sessionLifetimeMs);
  if (kind === 'session') {
    const refused =
      state === 'disowned' ? 'the registry refuses to cancel it and keeps what was sent' : 'it keeps what was sent';
    return `${refused} until it purges uploads (docker-registry: after ${days}, unless \`uploadpurging\` says otherwise; Gitea and Forgejo: with \`cron.cleanup_packages\`, when older than 24h; Harbor: with its garbage collection)`;
  }
  return state === 'undeletable'
    ? 'the registry has deletion switched off: its garbage collection, or somebody with the right to delete, removes it'
    : 'blobprobe cleanup tries again';
}

/**
 * What the registry still holds of blobs and manifests that it has removed; nothing when none was. Seen with Forgejo 8.0.2: after 43 pushes
 * and as many removals 2 GB were on its disk until `cron.cleanup_packages`, whose `OLDER_THAN` is 24 h by default.
 */
export function collectionWords(removed: readonly LedgerEntry['kind'][]): string {
  return removed.some((kind) => kind !== 'session')
    ? 'what was removed takes space until the registry collects it: Gitea and Forgejo with `cron.cleanup_packages`, when older than 24h; docker-registry and Harbor with their garbage collection\n'
    : '';
}

import { groupBy } from '../probe/group-by.ts';
import { jsonText } from '../publish/format.ts';
import { formatBytes } from '../probe/byte-words.ts';
import type { LimitTarget } from '../config/config.ts';
import { formatSize } from '../config/size.ts';
import type { DurationLimit, SizeLimit } from '../probe/limits/limit.ts';
import { boundWords } from '../publish/limit-words.ts';

/** A target and what was found on it. */
export interface FoundLimit {
  readonly target: LimitTarget;
  readonly limit: SizeLimit | DurationLimit;
}

/** `gitea/cloudflare as docker`. */
export function nameOf({ registry, path, client, pushedOver }: LimitTarget): string {
  return `${registry.name}/${path.name} as ${client.name}${pushedOver === undefined ? '' : ', pulled'}`;
}

/** The findings for people: one block for each target, in the order of the search. */
export function limitText(found: readonly FoundLimit[]): string {
  const blocks = [...groupBy(found, ({ target }) => nameOf(target))];
  return blocks
    .map(
      ([name, own]) =>
        `${name}\n${own
          .flatMap(linesOf)
          .map((line) => `  ${line}\n`)
          .join('')}`,
    )
    .join('');
}

function linesOf({ limit }: FoundLimit): string[] {
  const { unit, direction, conclusion, why, runs, bytesSpent, largestAccepted, smallestRejected } = limit;
  const [passes, fails, moved] =
    direction === 'push' ? ['is accepted', 'is not', 'sent'] : ['comes back', 'does not', 'sent and pulled'];
  const shown = (value: number): string => boundWords(value, limit);
  const accepted = largestAccepted === undefined ? 'nothing' : shown(largestAccepted);
  const rejected = smallestRejected === undefined ? '' : `, ${shown(smallestRejected)} ${fails}`;
  const what = unit === 'bytes' ? 'size' : 'duration';
  const verdict = {
    found: `limited: ${accepted} ${passes}${rejected}`,
    'none-up-to': `not limited up to ${accepted}`,
    inconclusive: `inconclusive; known so far: ${accepted} ${passes}${rejected}`,
  }[conclusion];
  return [
    `${what.padEnd(8)}  ${verdict}`,
    `          ${why}`,
    ...closerWords(limit).map((words) => `          ${words}`),
    `          ${runs.length} runs, ${formatBytes(bytesSpent)} ${moved}`,
  ];
}

/** How to search on where the limit is known to a fiftieth only. */
function closerWords({ unit, conclusion, largestAccepted = 0, smallestRejected = 0 }: FoundLimit['limit']): string[] {
  const gap = smallestRejected - largestAccepted;
  if (unit !== 'bytes' || conclusion !== 'found' || largestAccepted === 0 || gap <= Math.max(1, largestAccepted / 50))
    return [];
  // The search came as close as `gap`: only less than that narrows it.
  const closerBytes = gap > 8_192 ? Math.ceil(gap / 8_192) * 1_024 : Math.ceil(gap / 8);
  return [`the limit lies between them; --resolution=${formatSize(closerBytes)} narrows it`];
}

/** The findings for machines: an array, one object a search. */
export function limitJson(found: readonly FoundLimit[]): string {
  const rows = found.map(({ target, limit: { runs, ...limit } }) => ({
    registry: target.registry.name,
    path: target.path.name,
    client: target.client.name,
    pushedOver: target.pushedOver?.name,
    ...limit,
    runs: runs.length,
  }));
  return jsonText(rows);
}

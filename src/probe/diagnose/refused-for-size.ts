import { reasonTable } from '../judge/reason-table.ts';
import type { Trial } from './trial.ts';

/**
 * The push to search a limit with, of those that failed at this size; undefined: none failed as pushes do that are too large. One
 * with a length, if the same hop refused that, too: its refusals cost one chunk.
 */
export function refusedForSize(failed: readonly Trial[], sizeBytes: number): Trial | undefined {
  const refused = failed.filter(
    ({ sizeBytes: size, run }) =>
      size === sizeBytes && reasonTable[run.failure?.reason ?? 'internal'].tells.size !== 'no',
  );
  const hop = refused[0]?.run.failure?.answeredBy;
  const declared = refused.find(
    ({ shape, run: { failure } }) =>
      shape === 'put-length' && failure?.reason === 'body_too_large' && failure.answeredBy === hop,
  );
  return declared ?? refused[0];
}

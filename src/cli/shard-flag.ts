import type { Shard } from '../daemon/shard.ts';
import { UsageError } from './flags.ts';

/** Beyond this, instances are better told apart by configurations of their own. */
const maxCount = 100;

/** Reads `I/N`, such as `0/2`. Throws UsageError. */
export function parseShard(text: string): Shard {
  const [, index = '', count = ''] = /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index === '' || shard.count < 1 || shard.count > maxCount || shard.index >= shard.count) {
    throw new UsageError(
      `flag --shard: expected I/N with I from 0 to N-1 and N from 1 to ${maxCount}, such as 0/2, got ${JSON.stringify(text)}`,
    );
  }
  return shard;
}

import { createHash } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** Part `index` (from 0) of `count` instances that divide the checks of one configuration among them. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The configuration with the checks and searches of one part only. All paths of a client and workload stay together, because a round
 * compares them. Registries, budget and rates stay whole: each instance has them for itself.
 */
export function partOf(config: Config, shard: Shard): Config {
  const isOurs = (...key: readonly string[]): boolean => ownerOf(key.join('/'), shard.count) === shard.index;
  const checks = config.checks.filter(({ registry, client, workload }) =>
    isOurs(registry.name, client.name, workload.name),
  );
  const targets = config.limits?.targets.filter(({ registry, client }) => isOurs(registry.name, client.name));
  return {
    ...config,
    checks,
    limits: config.limits && targets && { ...config.limits, targets },
  };
}

/**
 * Rendezvous hashing: the instance with the highest hash has the key, so that another count moves only the keys that must move.
 * The same in every process, on every machine and in every version: checks would otherwise run twice or never during a rollout.
 */
function ownerOf(key: string, count: number): number {
  let owner = 0;
  let highest = -1;
  for (let index = 0; index < count; index += 1) {
    const weight = createHash('sha256').update(`${index}/${key}`).digest().readUIntBE(0, 6);
    if (weight > highest) {
      highest = weight;
      owner = index;
    }
  }
  return owner;
}

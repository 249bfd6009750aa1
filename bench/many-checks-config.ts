import { parseConfig } from '../src/config/load.ts';
import type { Check } from '../src/probe/check.ts';

/** Twenty registries with as many paths and workloads as it takes, and one check of a huge blob apart. */
export function manyChecks(checkCount: number, url: string): { checks: readonly Check[]; huge: Check } {
  const registryCount = Math.min(20, checkCount);
  const pathCount = Math.min(10, Math.ceil(checkCount / registryCount));
  const paths = Object.fromEntries(Array.from({ length: pathCount }, (_, at) => [`path-${at}`, { url }]));
  const registries = Object.fromEntries(
    Array.from({ length: registryCount }, (_, at) => [`registry-${at}`, { repository: `bench/blob-${at}`, paths }]),
  );
  const workloadCount = Math.ceil(checkCount / registryCount / pathCount);
  const one = { every: '5m', clients: ['docker'], retries: 'none' };
  const workloads = Array.from({ length: workloadCount }, (_, at) => [`work-${at}`, { ...one, size: '64KiB' }]);
  const text = JSON.stringify({
    registries: { ...registries, huge: { repository: 'bench/huge', paths: { direct: { url } } } },
    checks: { ...Object.fromEntries(workloads), huge: { ...one, size: '4GiB', registries: ['huge'] } },
  });
  const { checks } = parseConfig(text, 'config.yaml', { env: {} });
  const huge = checks.find(({ workload, registry }) => workload.name === 'huge' && registry.name === 'huge');
  const others = checks.filter(({ registry, workload }) => registry.name !== 'huge' && workload.name !== 'huge');
  if (huge === undefined || others.length < checkCount)
    throw new Error(`${others.length} checks instead of ${checkCount}`);
  return { checks: others.slice(0, checkCount), huge };
}

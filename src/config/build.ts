import { directPathBeside } from '../network/direct-path.ts';
import { clientProfiles } from '../probe/clients/client-profiles.ts';
import type { Check, Workload } from '../probe/check.ts';
import { histogramsByName } from '../publish/metrics/chosen-histograms.ts';
import { parseBitRate } from './bit-rate.ts';
import { buildRegistry } from './build-registry.ts';
import type { Budget, Config, LimitSearches, LimitTarget, ProbedRegistry } from './config.ts';
import { parseDuration } from './duration.ts';
import type { CheckInput, ConfigInput, LimitsInput } from './schema/root.ts';
import { parseSize } from './size.ts';
import type { ResolvedSources } from './sources.ts';

/** A run that takes longer than this is hung, unless its check says otherwise. */
const longestDefaultTimeoutMs = 15 * 60 * 1000;

/** Makes the domain's configuration of input that has passed schema and rules. */
export function buildConfig(input: ConfigInput, redactedSource: unknown, sources: ResolvedSources): Config {
  const registries = Object.entries(input.registries).map(([name, entry]) => buildRegistry(name, entry, sources));
  const checks = Object.entries(input.checks).flatMap(([name, entry]) =>
    buildChecks(name, entry, registries, input.retryWaitScale),
  );
  const config: Config = {
    registries,
    checks,
    limits: input.limits === undefined ? undefined : buildLimits(input.limits, registries),
    budget: buildBudget(input.budget),
    retryWaitScale: input.retryWaitScale,
    excludeTainted: input.excludeTainted,
    histograms: input.metrics.histograms.flatMap((name) => histogramsByName.get(name) ?? []),
    ledgerFile: input.ledgerFile === undefined ? undefined : sources.resolveFile(input.ledgerFile),
    redactedSource,
  };
  return deepFreeze(config);
}

function buildChecks(
  name: string,
  input: CheckInput,
  registries: readonly ProbedRegistry[],
  retryWaitScale: number,
): Check[] {
  const intervalMs = parseDuration(input.every);
  const layers = input.layers ?? (input.size === undefined ? [] : [input.size]);
  const workload: Workload = {
    name,
    kind: input.layers === undefined ? 'blob' : 'image',
    layerBytes: layers.map(parseSize),
    pull: input.pull,
  };
  const chunkBytes = input.chunkSize === undefined ? undefined : parseSize(input.chunkSize);
  return selectTargets(input, registries).map(({ client, ...target }) => ({
    ...target,
    // Only the plain client is ours to shape: the others push as the real ones do.
    client: client.name === 'chunked' && chunkBytes !== undefined ? { ...client, chunkBytes } : client,
    workload,
    intervalMs,
    timeoutMs:
      input.timeout === undefined ? Math.min(intervalMs, longestDefaultTimeoutMs) : parseDuration(input.timeout),
    retries: input.retries,
    retryWaitScale,
    asksNeighbour: input.neighbour,
    payload: input.payload === 'fresh' ? { kind: 'fresh' } : { kind: 'rotate', count: input.payload.rotate },
  }));
}

function buildLimits(input: LimitsInput, registries: readonly ProbedRegistry[]): LimitSearches {
  return {
    intervalMs: parseDuration(input.every),
    upToBytes: parseSize(input.upTo),
    resolutionBytes: parseSize(input.resolution),
    targets: selectTargets(input, registries).flatMap((target) => inDirections(target, input.direction)),
  };
}

/** What is put there to be pulled goes over the way that most likely takes it. */
function inDirections(
  { registry, path, client }: SelectedTarget,
  direction: LimitsInput['direction'],
): readonly LimitTarget[] {
  const pull = { registry, path, client, pushedOver: directPathBeside(registry.paths, path) ?? path };
  return [...(direction === 'pull' ? [] : [{ registry, path, client }]), ...(direction === 'push' ? [] : [pull])];
}

type SelectedTarget = LimitTarget & { readonly registry: ProbedRegistry };

function selectTargets(
  input: Pick<CheckInput, 'registries' | 'paths' | 'clients'>,
  registries: readonly ProbedRegistry[],
): SelectedTarget[] {
  return registries
    .filter((registry) => input.registries?.includes(registry.name) ?? true)
    .flatMap((registry) =>
      registry.paths
        .filter((path) => input.paths?.includes(path.name) ?? true)
        .flatMap((path) => input.clients.map((client) => ({ registry, path, client: clientProfiles[client] }))),
    );
}

function buildBudget(input: ConfigInput['budget']): Budget {
  return {
    bytesPerDay: input.bytesPerDay === undefined ? undefined : parseSize(input.bytesPerDay),
    bandwidthBitsPerSecond: input.bandwidth === undefined ? undefined : parseBitRate(input.bandwidth),
    transfers: input.transfers,
  };
}

/** Freezes data with all that is in it. A secret still reads its source: it has no field that could be frozen. */
function deepFreeze<T>(value: T): T {
  // What is no object is frozen by nature.
  if (Object.isFrozen(value)) return value;
  for (const inner of Object.values(Object.freeze(value) as object)) deepFreeze(inner);
  return value;
}

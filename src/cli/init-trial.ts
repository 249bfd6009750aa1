import { formatBytes } from '../probe/byte-words.ts';
import type { Engine } from '../daemon/engine.ts';
import type { ClientProfile } from '../probe/clients/client-profile.ts';
import { findingFor } from '../probe/diagnose/judge-run.ts';
import { crossedEdge } from '../probe/judge/answered-by.ts';
import { partOfAnswerer } from '../probe/failure.ts';
import type { Finding } from '../probe/diagnose/finding.ts';
import type { NetworkPath } from '../network/path.ts';
import type { Run } from '../probe/outcome.ts';
import type { RegistryTarget } from '../registry/target.ts';
import { formatDuration } from '../network/duration-words.ts';
import type { Candidate } from './init-paths.ts';
import { blobCheck } from './on-demand-flags.ts';

/** Small enough for any limit on size: what fails with it fails always. */
const trialBytes = 64 * 1024;
const trialTimeoutMs = 30_000;

/** A way that was tried, and what came of it. */
export interface Tried extends Candidate {
  readonly runs: readonly Run[];
}

/** Pushes a small blob over the path as each client, one after the other; a path that cannot be connected to is tried once. */
export async function tryPath(
  candidate: Candidate,
  registry: RegistryTarget,
  clients: readonly ClientProfile[],
  engine: Pick<Engine, 'run'>,
  signal: AbortSignal,
): Promise<Tried> {
  const { path } = candidate;
  const runs: Run[] = [];
  for (const client of clients) {
    if (signal.aborted || runs.some((run) => !isReached(run))) break;
    const target = { registry, path, client };
    const check = blobCheck(target, { sizeBytes: trialBytes, name: 'init', timeoutMs: trialTimeoutMs });
    runs.push(await engine.run({ ...check, retries: 'none' }, { signal }));
  }
  return { ...candidate, path: seen(path, runs), runs };
}

/** Something answered in HTTP. */
export function isReached({ ok, attempts }: Run): boolean {
  return ok || attempts.some(({ requests }) => requests.some(({ status }) => status !== undefined));
}

export function works({ runs }: Pick<Tried, 'runs'>): boolean {
  return runs.some(({ ok }) => ok);
}

/** The host that the registry sends to for tokens, where the path does not allow it. */
export function foreignRealm({ runs }: Pick<Tried, 'runs'>): string | undefined {
  return runs.find(({ ok, pathFacts }) => !ok && pathFacts.foreignRealmHost !== undefined)?.pathFacts.foreignRealmHost;
}

/** What a run says in one line, without the path's name. */
export function outcomeOf(run: Run): string {
  const { client } = run.check;
  if (run.ok) return `${client.name} pushed ${formatBytes(trialBytes)} in ${formatDuration(run.durationMs)}.`;
  const reason = run.failure?.reason.replaceAll('_', ' ') ?? 'unknown';
  return `${client.name} failed: ${findingFor(run)?.title ?? reason}.`;
}

/** Why nothing got through, for the first run that failed; undefined when none is to be explained. */
export function findingOf({ runs }: Pick<Tried, 'runs'>): Finding | undefined {
  return runs.flatMap((run) => findingFor(run) ?? [])[0];
}

/** An edge leaves its mark on what it passes on, and its name on what it refuses. */
function seen(path: NetworkPath, runs: readonly Run[]): NetworkPath {
  const isEdge = runs.some(
    ({ attempts, failure }) =>
      attempts.some(({ requests }) => requests.some(({ responseHeaders }) => crossedEdge(responseHeaders))) ||
      (failure !== undefined && partOfAnswerer[failure.answeredBy] === 'edge'),
  );
  return isEdge ? { ...path, kind: 'edge' } : path;
}

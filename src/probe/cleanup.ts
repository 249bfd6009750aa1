import { createTransport, transportDefaults, type Transport } from '../network/transport.ts';
import { createAuthorizer } from '../registry/authorizer.ts';
import type { Step } from '../registry/errors.ts';
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts';
import { cancelUpload, deleteBlob, deleteManifest } from '../registry/removal.ts';
import { tokenBehaviours } from '../registry/token-behaviour.ts';
import type { UploadSession } from '../registry/upload.ts';
import { RunAborted } from './aborted.ts';
import type { Check } from './check.ts';
import { classify } from './classify.ts';
import type { RunDeps } from './deps.ts';
import { noContext } from './facts.ts';
import type { CleanupReport, LeftoverKind } from './outcome.ts';

/** What a run left on the registry. */
export interface Leftovers {
  readonly sessions: readonly UploadSession[];
  readonly blobDigests: readonly string[];
  readonly manifestDigests: readonly string[];
}

const nothing = { blobDigests: [], manifestDigests: [] };

interface Removal {
  readonly kind: LeftoverKind;
  readonly remove: (client: RegistryClient) => Promise<void>;
}

/**
 * Removes what a run left, as the registry's cleanup policy allows, over the same path and with time of its own: it also runs
 * when the run itself was cancelled. Never throws; what could not be removed is in the report.
 */
export async function cleanUp(check: Check, deps: RunDeps, leftovers: Leftovers): Promise<CleanupReport> {
  const startedMs = deps.clock.nowMs();
  const removals = removalsFor(check, leftovers);
  const failures = removals.length === 0 ? [] : await removeAll(check, deps, removals);
  return { durationMs: deps.clock.nowMs() - startedMs, failures };
}

function removalsFor(check: Check, leftovers: Leftovers): readonly Removal[] {
  const { cleanup } = check.registry;
  const sessions = cleanup === 'keep' ? [] : leftovers.sessions;
  const { blobDigests, manifestDigests } = cleanup === 'delete' ? leftovers : nothing;
  return [
    ...sessions.map(
      ({ location }): Removal => ({ kind: 'session', remove: (client) => cancelUpload(client, location) }),
    ),
    // The manifest first: it holds on to its blobs.
    ...manifestDigests.map(
      (digest): Removal => ({ kind: 'manifest', remove: (client) => deleteManifest(client, digest) }),
    ),
    ...blobDigests.map((digest): Removal => ({ kind: 'blob', remove: (client) => deleteBlob(client, digest) })),
  ];
}

async function removeAll(
  check: Check,
  deps: RunDeps,
  removals: readonly Removal[],
): Promise<CleanupReport['failures']> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(new RunAborted('deadline')), deps.cleanupTimeoutMs);
  const now = (): number => deps.clock.nowMs();
  const transport = createTransport(check.path, { ...transportDefaults, httpVersion: check.client.httpVersion, now });
  const failures: CleanupReport['failures'][number][] = [];
  let step: Step = 'cleanup';
  const client = cleanupClient(check, transport, ended.signal, (entered) => (step = entered));
  for (const { kind, remove } of removals) {
    try {
      await remove(client);
    } catch (error) {
      const { reason, evidence } = classify(error, { ...noContext, step });
      failures.push({ kind, reason, message: evidence.message });
    }
  }
  clearTimeout(timer);
  await transport.close();
  return failures;
}

/** Authorization of its own: deleting wants another scope than pushing, and the run's token may be what failed. */
function cleanupClient(
  check: Check,
  transport: Transport,
  signal: AbortSignal,
  onStep: (step: Step) => void,
): RegistryClient {
  const { path, registry, client: profile } = check;
  return createRegistryClient({
    path,
    repository: registry.repository,
    transport,
    authorizer: createAuthorizer({
      path,
      target: registry,
      transport,
      tokenBehaviour: tokenBehaviours[profile.name],
      now: () => Date.now(),
    }),
    requestHeaders: { 'user-agent': profile.userAgent },
    signal,
    onStep,
  });
}

import type { NetworkPath } from '../network/path.ts';
import { createTransport, transportDefaults } from '../network/transport.ts';
import type { WireMeter } from '../network/wire-meter.ts';
import { createAuthorizer } from '../registry/authorizer.ts';
import type { Step } from '../registry/errors.ts';
import { knownSecrets } from '../registry/known-secrets.ts';
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts';
import type { RegistryTarget } from '../registry/target.ts';
import { type TokenBehaviour, tokenBehaviours } from '../registry/token-behaviour.ts';
import { RunAborted } from './aborted.ts';
import type { Check } from './check.ts';
import { classify } from './classify.ts';
import type { RunDeps } from './deps.ts';
import { noContext } from './facts.ts';
import type { Failure } from './failure.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { removeObject, type RemovalResult } from './ledger-removal.ts';
import type { RunTrail } from './ledger-trail.ts';
import type { CleanupReport } from './outcome.ts';

/** What became of one object; `failure` where the registry, or the way to it, refused. */
export interface RemovalOutcome {
  readonly result: RemovalResult | 'failed' | 'kept';
  readonly failure?: Failure;
}

/** Objects of earlier runs that one cleanup tries again. */
const retriesPerRun = 10;

/**
 * Removes what a run left, as the registry's cleanup policy allows, over the same path and with time of its own: it also runs
 * when the run itself was cancelled. Never throws; what could not be removed is in the report and stays in the ledger. With
 * nothing in the way, what earlier runs could not remove is tried again, over this path; the report does not count that.
 */
export async function cleanUp(check: Check, deps: RunDeps, ledger: Ledger, trail: RunTrail): Promise<CleanupReport> {
  const startedMs = deps.clock.nowMs();
  const failures: CleanupReport['failures'][number][] = [];
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(new RunAborted('deadline')), deps.cleanupTimeoutMs);
  const remover = openRemover(check.path, check.registry, {
    httpVersion: check.client.httpVersion,
    userAgent: check.client.userAgent,
    tokenBehaviour: tokenBehaviours[check.client.name],
    nowMs: () => deps.clock.nowMs(),
    signal: ended.signal,
    wire: deps.wire,
  });
  for (const entry of inOrder(trail.entries())) {
    const { failure } = await remover.remove(entry, ledger);
    if (failure !== undefined) {
      failures.push({ kind: entry.kind, reason: failure.reason, message: failure.evidence.message });
    }
  }
  trail.release();
  if (failures.length === 0) await tryAgain(check.registry.name, ledger, remover);
  clearTimeout(timer);
  await remover.close();
  return { durationMs: deps.clock.nowMs() - startedMs, failures };
}

async function tryAgain(registry: string, ledger: Ledger, remover: Remover): Promise<void> {
  ledger.expire(registry);
  const entries = inOrder(ledger.idle(registry, true)).slice(0, retriesPerRun);
  const ids = entries.map(({ id }) => id);
  ledger.hold(ids);
  for (const entry of entries) {
    const { result } = await remover.remove(entry, ledger);
    if (result === 'failed') break;
  }
  if (ids.length > 0) ledger.release(ids, registry);
}

/** Sessions first; manifests before the blobs they hold on to. */
export function inOrder(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const rank = { session: 0, manifest: 1, blob: 2 } as const;
  return entries.filter(({ state }) => state !== 'opening').sort((a, b) => rank[a.kind] - rank[b.kind]);
}

/** Removes objects of one registry over one path, one after the other. */
export interface Remover {
  /** Removes one object as the policy allows and writes down what became of it. Never throws. */
  remove(entry: LedgerEntry, ledger: Ledger): Promise<RemovalOutcome>;
  close(): Promise<void>;
}

export interface RemoverOptions {
  readonly httpVersion: '1.1' | 'h2-if-offered';
  readonly userAgent: string;
  readonly tokenBehaviour: TokenBehaviour;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly wire?: WireMeter | undefined;
}

export function openRemover(path: NetworkPath, target: RegistryTarget, options: RemoverOptions): Remover {
  const { httpVersion, nowMs: now, wire } = options;
  const transport = createTransport(path, { ...transportDefaults, httpVersion, now, wire });
  const confidences = knownSecrets(path, target);
  let step: Step = 'cleanup';
  const client = removalClient(path, target, transport, options, (entered) => (step = entered));
  return {
    async remove(entry, ledger) {
      if (target.cleanup === 'keep' || (target.cleanup === 'cancel' && entry.kind !== 'session')) {
        ledger.remove(entry.id);
        return { result: 'kept' };
      }
      try {
        const { result, refusal } = await removeObject(client, entry, ledger.now(), options.signal);
        note(ledger, entry, result);
        const failure = refusal && classify(refusal, { ...noContext, step: 'cleanup' }, confidences);
        return failure === undefined ? { result } : { result, failure };
      } catch (error) {
        ledger.postpone(entry);
        return { result: 'failed', failure: classify(error, { ...noContext, step }, confidences) };
      }
    },
    close: () => transport.close(),
  };
}

function note(ledger: Ledger, entry: LedgerEntry, result: RemovalResult): void {
  switch (result) {
    case 'removed':
    case 'absent':
      return ledger.remove(entry.id);
    case 'unsettled':
      return ledger.postpone({ ...entry, state: 'committing' });
    case 'disowned':
    case 'undeletable':
      return ledger.put({ ...entry, state: result, tries: entry.tries + 1 });
    default:
      return result satisfies never;
  }
}

/** Authorization of its own: deleting wants another scope than pushing, and the run's token may be what failed. */
function removalClient(
  path: NetworkPath,
  target: RegistryTarget,
  transport: Parameters<typeof createRegistryClient>[0]['transport'],
  { tokenBehaviour, userAgent, signal }: RemoverOptions,
  onStep: (step: Step) => void,
): RegistryClient {
  return createRegistryClient({
    path,
    repository: target.repository,
    transport,
    authorizer: createAuthorizer({ path, target, transport, tokenBehaviour, now: () => Date.now() }),
    requestHeaders: { 'user-agent': userAgent },
    signal,
    onStep,
  });
}

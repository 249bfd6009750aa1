import type { Redactor } from '../../network/secrets/redactor.ts';
import type { Step } from '../../registry/errors.ts';
import { openRegistryClient, type OpenClientOptions } from '../../registry/open-client.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { clientOf } from '../check-client.ts';
import { classify } from '../judge/classify.ts';
import type { RunDeps } from '../deps.ts';
import { noContext } from '../judge/facts.ts';
import type { Failure } from '../failure.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { removeObject, type RemovalResult } from './ledger-removal.ts';
import type { RunTrail } from './ledger-trail.ts';
import type { CleanupReport } from '../outcome.ts';

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
export async function cleanUp(
  check: Check,
  deps: RunDeps,
  ledger: Ledger,
  trail: RunTrail,
  redactor: Redactor,
): Promise<CleanupReport> {
  const startedMs = deps.clock.nowMs();
  const failures: CleanupReport['failures'][number][] = [];
  const ending = new BoundedSignal(undefined, deps.cleanupTimeoutMs);
  const remover = openRemover({ ...clientOf(check, deps, redactor), signal: ending.signal });
  for (const entry of inOrder(trail.entries())) {
    const { failure } = await remover.remove(entry, ledger);
    if (failure !== undefined)
      failures.push({ kind: entry.kind, reason: failure.reason, message: failure.evidence.message });
  }
  trail.release();
  if (failures.length === 0) await tryAgain(check.registry.name, ledger, remover);
  ending.stop();
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
  ledger.release(ids, registry);
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

/** Authorization of its own: deleting wants another scope than pushing, and the run's token may be what failed. */
export function openRemover(options: Omit<OpenClientOptions, 'onStep' | 'authorizer'>): Remover {
  const { target, signal, redactor } = options;
  let step: Step = 'cleanup';
  const client = openRegistryClient({ ...options, onStep: (entered) => (step = entered) });
  const failureOf = (error: unknown): Failure => classify(error, { ...noContext, step }, redactor);
  return {
    async remove(entry, ledger) {
      if (target.cleanup === 'keep' || (target.cleanup === 'cancel' && entry.kind !== 'session')) {
        ledger.remove(entry.id);
        return { result: 'kept' };
      }
      try {
        const { result, refusal } = await removeObject(client, entry, ledger.now(), signal);
        note(ledger, entry, result);
        return { result, failure: refusal && failureOf(refusal) };
      } catch (error) {
        ledger.postpone(entry);
        return { result: 'failed', failure: failureOf(error) };
      }
    },
    close: () => client.close(),
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

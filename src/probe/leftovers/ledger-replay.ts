import type { NetworkPath } from '../../network/path.ts';
import type { RegistryTarget } from '../../registry/target.ts';
import { knownSecrets } from '../../registry/auth/known-secrets.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import { ownClient } from '../clients/controls.ts';
import { inOrder, openRemover, type Remover, type RemovalOutcome } from './cleanup.ts';
import type { FailureReason } from '../failure.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { LedgerStatus } from './ledger-store.ts';
import type { LeftoverKind } from '../outcome.ts';

/** A registry and the ways to it, as configured now. */
export interface ReplayTarget extends RegistryTarget {
  readonly paths: readonly NetworkPath[];
}

interface ReplayDeps {
  readonly ledger: Ledger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Bound on the whole replay; what is not reached stays for later. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * `removed`; `absent` (gone before); `unsettled` (a commit nobody confirmed: not there, looked at again later); `disowned` (the
 * registry refuses the Location it gave: left to its own purge); `undeletable` (deletion is switched off); `failed`; `kept` (the
 * cleanup policy says so); `unknown` (a session whose Location was never learnt); `expired` (a session older than registries
 * keep them); `not_configured` (registry or repository); `not_reached` (out of time).
 */
type ReplayResult = RemovalOutcome['result'] | 'unknown' | 'expired' | 'not_configured' | 'not_reached';

/** Objects with the same fate. */
export interface ReplayRow {
  readonly registry: string;
  /** The path they were made over. */
  readonly path: string;
  /** The path over which that fate was learnt; absent when nothing was asked. Another than `path`: that one failed or is gone. */
  readonly via?: string;
  readonly kind: LeftoverKind;
  readonly result: ReplayResult;
  /** Why, for `failed`, `disowned` and `undeletable`; with `removed` over another path, why the own path failed. */
  readonly reason?: FailureReason;
  readonly message?: string;
  readonly count: number;
}

export interface ReplayReport {
  readonly rows: readonly ReplayRow[];
  readonly durationMs: number;
  /** The file's state: lines that could not be read, whether another process uses it. */
  readonly ledger: LedgerStatus;
}

/**
 * Removes everything in the ledger that no run is at work on, whether due or not: after a start, and for `blobprobe cleanup`.
 * Each object is tried over the path it was made on, then over the registry's other paths. Registries side by side, the
 * objects of one in turn. Never rejects.
 */
export async function replayLedger(deps: ReplayDeps, registries: readonly ReplayTarget[]): Promise<ReplayReport> {
  const { ledger, signal, nowMs } = deps;
  const startedMs = nowMs();
  const ending = new BoundedSignal(signal, deps.timeoutMs);
  const rows = new RowCounter();
  await Promise.all(registries.map((target) => new RegistryReplay(target, deps, ending.signal, rows).run()));
  ending.stop();
  const configured = new Set(registries.map(({ name }) => name));
  ledger.entries
    .filter(({ registry }) => !configured.has(registry))
    .forEach((entry) => rows.add(entry, 'not_configured'));
  return { rows: rows.all(), durationMs: nowMs() - startedMs, ledger: ledger.status };
}

class RegistryReplay {
  readonly #target: ReplayTarget;
  readonly #deps: ReplayDeps;
  readonly #signal: AbortSignal;
  readonly #rows: RowCounter;
  readonly #removers = new Map<string, Remover>();
  /** Paths on which nobody answered: not worth the wait a second time. */
  readonly #silent = new Set<string>();
  /** Kinds that the registry does not delete: once said, it holds for all. */
  readonly #undeletable = new Set<LeftoverKind>();

  constructor(target: ReplayTarget, deps: ReplayDeps, signal: AbortSignal, rows: RowCounter) {
    this.#target = target;
    this.#deps = deps;
    this.#signal = signal;
    this.#rows = rows;
  }

  async run(): Promise<void> {
    const { ledger } = this.#deps;
    const { name, repository } = this.#target;
    ledger.expire(name).forEach((entry) => this.#rows.add(entry, 'expired'));
    const entries = ledger.idle(name, false);
    const ids = entries.map(({ id }) => id);
    ledger.hold(ids);
    entries.filter(({ state }) => state === 'opening').forEach((entry) => this.#rows.add(entry, 'unknown'));
    for (const entry of inOrder(entries)) {
      if (entry.repository === repository) await this.#removeOne(entry);
      else this.#rows.add(entry, 'not_configured');
    }
    await Promise.all([...this.#removers.values()].map((remover) => remover.close()));
    ledger.release(ids, name);
  }

  async #removeOne(entry: LedgerEntry): Promise<void> {
    if (this.#undeletable.has(entry.kind)) {
      this.#deps.ledger.put({ ...entry, state: 'undeletable' });
      return this.#rows.add(entry, 'undeletable');
    }
    let current = entry;
    let first: RemovalOutcome['failure'];
    let last: { readonly via: string; readonly outcome: RemovalOutcome } | undefined;
    for (const path of this.#pathsFor(entry)) {
      if (this.#signal.aborted) break;
      if (this.#silent.has(path.name)) continue;
      const outcome = await this.#remover(path).remove(current, this.#deps.ledger);
      last = { via: path.name, outcome };
      if (outcome.result !== 'failed') break;
      first ??= outcome.failure;
      if (isSilence(outcome)) this.#silent.add(path.name);
      current = this.#deps.ledger.get(entry.id) ?? current;
    }
    if (last === undefined) return this.#rows.add(entry, this.#signal.aborted ? 'not_reached' : 'failed');
    if (last.outcome.result === 'undeletable') this.#undeletable.add(entry.kind);
    this.#rows.add(entry, last.outcome.result, last.via, last.outcome.failure ?? first);
  }

  /** Its own path first. */
  #pathsFor({ path: name }: LedgerEntry): NetworkPath[] {
    const { paths } = this.#target;
    return [...paths.filter((path) => path.name === name), ...paths.filter((path) => path.name !== name)];
  }

  #remover(path: NetworkPath): Remover {
    const known = this.#removers.get(path.name);
    if (known !== undefined) return known;
    const remover = openRemover({
      path,
      target: this.#target,
      client: ownClient('blobprobe'),
      nowMs: this.#deps.nowMs,
      signal: this.#signal,
      redactor: knownSecrets(path, this.#target),
    });
    this.#removers.set(path.name, remover);
    return remover;
  }
}

/** No answer came, and not because nothing was asked (`internal`: the path may not go where the object is). */
function isSilence({ failure }: RemovalOutcome): boolean {
  return failure?.answeredBy === 'none' && failure.reason !== 'internal';
}

class RowCounter {
  readonly #rows = new Map<string, ReplayRow>();

  add(entry: LedgerEntry, result: ReplayResult, via?: string, failure?: RemovalOutcome['failure']): void {
    const { registry, path, kind } = entry;
    const reason = failure?.reason;
    const key = JSON.stringify([registry, path, kind, result, via, reason]);
    const known = this.#rows.get(key);
    this.#rows.set(key, {
      registry,
      path,
      kind,
      result,
      via,
      reason,
      message: failure?.evidence.message,
      ...known,
      count: (known?.count ?? 0) + 1,
    });
  }

  all(): ReplayRow[] {
    return [...this.#rows.values()];
  }
}

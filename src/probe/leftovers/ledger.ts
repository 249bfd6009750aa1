import type { BootMoment } from './boot-clock.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { LedgerStore, type LedgerStatus } from './ledger-store.ts';
import { type LeftoverKind, leftoverKinds } from '../outcome.ts';

interface LedgerOptions {
  /** File that outlives the process; undefined: in memory only. */
  readonly file?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Reads a clock that is never set. */
  readonly moment?: () => BootMoment;
  /** Told when the file becomes unusable (a sentence without secrets), and with undefined when it is usable again. */
  readonly onProblem?: (problem: string | undefined) => void;
  /** Told when the number of objects known to be left on a registry may have changed: feeds `leftover_objects`. */
  readonly onLeftovers?: (registry: string, counts: Readonly<Record<LeftoverKind, number>>) => void;
}

/** distribution purges upload sessions at this age (`uploadpurging`, 168h); older ones are not worth a request. */
export const sessionLifetimeMs = 7 * 24 * 3_600_000;
const firstRetryMs = 60_000;
const longestRetryMs = 6 * 3_600_000;
/** What a registry was asked to commit and never confirmed may still appear this long after; a large blob's copy takes minutes. */
export const settleMs = 10 * 60_000;

/**
 * What runs have put on registries and not yet removed, on disk before it exists there. Nothing in here throws or waits:
 * a file that cannot be written is reported and counted, and runs go on with what is in memory.
 */
export class Ledger {
  readonly now: () => number;
  readonly #store: LedgerStore;
  #onLeftovers: LedgerOptions['onLeftovers'];
  /** Entries that a run or a removal is at work on. */
  readonly #held = new Set<string>();

  constructor(options: LedgerOptions = {}) {
    this.now = options.now ?? Date.now;
    this.#store = new LedgerStore(this.now, options.moment);
    this.persist(options);
  }

  /** Puts the ledger into a file, once it is known which, and takes over what the file holds. */
  persist({ file, onProblem = () => {}, onLeftovers }: Omit<LedgerOptions, 'now' | 'moment'>): void {
    this.#onLeftovers = onLeftovers;
    if (file !== undefined) this.#store.openFile(file, onProblem);
  }

  get status(): LedgerStatus {
    return this.#store.status;
  }

  get entries(): readonly LedgerEntry[] {
    return [...this.#store.entries.values()];
  }

  get(id: string): LedgerEntry | undefined {
    return this.#store.entries.get(id);
  }

  /** Writes the entry, new or changed. Oldest entries make room beyond the bound. */
  put(entry: LedgerEntry): void {
    this.#store.put(entry);
  }

  remove(id: string): void {
    this.#store.remove(id);
  }

  /** The object with this digest, if it is known: pushed again, it is still one object. */
  findDigest(kind: LeftoverKind, digest: string, registry: string, repository: string): LedgerEntry | undefined {
    for (const entry of this.#store.entries.values()) {
      const same = entry.digest === digest && entry.kind === kind && entry.registry === registry;
      if (same && entry.repository === repository) return entry;
    }
    return undefined;
  }

  hold(ids: Iterable<string>): void {
    for (const id of ids) this.#held.add(id);
  }

  /** `registry`: whose number of leftovers may have changed. */
  release(ids: Iterable<string>, registry: string): void {
    for (const id of ids) this.#held.delete(id);
    this.#store.compactIfWorthIt();
    this.#onLeftovers?.(registry, this.leftovers(registry));
  }

  /** Entries of a registry that nobody is at work on; `dueOnly`: whose next removal is due. */
  idle(registry: string, dueOnly: boolean): LedgerEntry[] {
    const now = this.now();
    return this.entries.filter(
      (entry) => entry.registry === registry && !this.#held.has(entry.id) && (!dueOnly || isDue(entry, now)),
    );
  }

  /** Puts a removal that failed off: a minute, then twice as long each time, six hours at most. */
  postpone(entry: LedgerEntry): void {
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** entry.tries);
    this.put({ ...entry, tries: entry.tries + 1, nextTryAt: this.now() + delayMs });
  }

  /**
   * Drops sessions that registries have purged by themselves. Returns them. A wall clock that jumps (a host without a battery
   * learns the date after its start) makes nothing old that was made since this start of the machine, by
   * this process or one before it.
   */
  expire(registry: string): readonly LedgerEntry[] {
    const oldest = this.now() - sessionLifetimeMs;
    const expired = this.idle(registry, false).filter(
      (entry) =>
        entry.kind === 'session' &&
        entry.createdAt < oldest &&
        (this.#store.ageMs(entry) ?? sessionLifetimeMs) >= sessionLifetimeMs,
    );
    expired.forEach(({ id }) => this.remove(id));
    return expired;
  }

  /** Objects known to be on the registry that no run is at work on; what may or may not be there is not counted. */
  leftovers(registry: string): Readonly<Record<LeftoverKind, number>> {
    const idle = this.idle(registry, false);
    const count = (kind: LeftoverKind): number =>
      idle.filter((entry) => entry.kind === kind && entry.state !== 'opening' && entry.state !== 'committing').length;
    return Object.fromEntries(leftoverKinds.map((kind) => [kind, count(kind)])) as Record<LeftoverKind, number>;
  }

  /** Brings the file to the disk and gives it free for other processes. */
  close(): Promise<void> {
    return this.#store.close();
  }
}

/** `disowned` and `undeletable` are not: asking again soon gives the same answer. A clock that was set back must not stop retries. */
function isDue({ state, nextTryAt }: LedgerEntry, now: number): boolean {
  const hopeful = state === 'open' || state === 'stored' || state === 'committing';
  return hopeful && (nextTryAt <= now || nextTryAt > now + longestRetryMs);
}

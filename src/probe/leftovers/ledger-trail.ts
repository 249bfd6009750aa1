import { randomUUID } from 'node:crypto';
import type { Redactor } from '../../network/secrets/redactor.ts';
import { NetworkError, type Exchange } from '../../network/exchange.ts';
import { ProtocolError } from '../../registry/errors.ts';
import type { UploadSession } from '../../registry/upload.ts';
import type { Check } from '../check.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { LeftoverKind } from '../outcome.ts';

/**
 * What one run puts on the registry, written down before each request that does; it belongs to the run until `release`.
 * `redactor` is not written down.
 */
export class RunTrail {
  readonly #ledger: Ledger;
  readonly #check: Check;
  readonly #redactor: Redactor;
  readonly #sessions = new Map<string, UploadSession>();
  readonly #ids = new Set<string>();

  constructor(ledger: Ledger, check: Check, redactor: Redactor) {
    this.#ledger = ledger;
    this.#check = check;
    this.#redactor = redactor;
  }

  /**
   * Opens an upload session by `post` (a POST answered 202). The Location cannot be known before, so the entry says `opening`
   * until then, and stays so when the answer got lost: a session may be there that nobody can name. `mount`: the digest that the
   * registry was asked to take from elsewhere; without a session, it did.
   */
  async opening(post: () => Promise<UploadSession | undefined>, mount?: string): Promise<UploadSession | undefined> {
    const entry = this.#entry('session', 'opening');
    this.#keep(entry);
    try {
      const session = await post();
      if (session === undefined) {
        this.#ledger.remove(entry.id);
        if (mount !== undefined) this.#keep({ ...this.#object('blob', mount), state: 'stored' });
        return undefined;
      }
      this.#sessions.set(entry.id, session);
      this.#ledger.put(this.#located({ ...entry, state: 'open' }, session));
      return session;
    } catch (error) {
      if (!mayHaveHappened(error)) this.#ledger.remove(entry.id);
      throw error;
    }
  }

  /** A session that came unasked: a registry that does not know the single POST answers it with one. */
  opened(session: UploadSession): void {
    const entry = this.#located(this.#entry('session', 'open'), session);
    this.#keep(entry);
    this.#sessions.set(entry.id, session);
  }

  /**
   * Sends the request that makes a blob or manifest appear. `session`: the one it closes when it succeeds; its Location, as it
   * is by now, is written too. Without an answer that says no, the object may be there.
   */
  async committing<T extends Exchange | void>(
    kind: Exclude<LeftoverKind, 'session'>,
    digest: string,
    commit: () => Promise<T>,
    session?: UploadSession,
  ): Promise<T> {
    const sessionId = this.#noteLocation(session);
    const entry = this.#object(kind, digest);
    const isNew = this.#ledger.get(entry.id) === undefined;
    if (isNew) this.#keep(entry);
    else this.#hold(entry.id);
    try {
      const answer = await commit();
      // 202 is no confirmation: the registry has taken the request, not the object.
      if (answer?.response?.status === 202) return answer;
      this.#ledger.put({ ...this.#latest(entry), state: 'stored', createdAt: this.#ledger.now() });
      if (sessionId !== undefined) this.#ledger.remove(sessionId);
      return answer;
    } catch (error) {
      const firstSending = error instanceof ProtocolError ? error.firstSending : undefined;
      if (mayHaveHappened(error) || mayHaveHappened(firstSending)) this.#doubt(this.#latest(entry));
      // Of an earlier attempt's commit nothing is known by this answer.
      else if (isNew && !(kind === 'blob' && saysGone(error))) this.#ledger.remove(entry.id);
      throw error;
    }
  }

  /** The run's entries as they are now, sessions with their latest Location. */
  entries(): LedgerEntry[] {
    return [...this.#ids].flatMap((id) => {
      const entry = this.#ledger.get(id);
      if (entry === undefined) return [];
      const location = this.#sessions.get(id)?.location.href;
      return [location === undefined ? entry : { ...entry, location }];
    });
  }

  /** The run is over and has cleaned up: what is left is anybody's. */
  release(): void {
    this.#ledger.release(this.#ids, this.#check.registry.name);
  }

  #located(entry: LedgerEntry, { location: { href } }: UploadSession): LedgerEntry {
    return { ...entry, location: href, repeatsSecrets: this.#redactor.holds(href) || undefined };
  }

  #noteLocation(session: UploadSession | undefined): string | undefined {
    for (const [id, one] of this.#sessions) {
      if (one !== session) continue;
      const entry = this.#ledger.get(id);
      const location = one.location.href;
      if (entry !== undefined && entry.location !== location) this.#ledger.put(this.#located(entry, one));
      return id;
    }
    return undefined;
  }

  #doubt(entry: LedgerEntry): void {
    this.#ledger.put({ ...entry, doubts: (entry.doubts ?? 0) + 1, createdAt: this.#ledger.now() });
  }

  #latest(entry: LedgerEntry): LedgerEntry {
    return this.#ledger.get(entry.id) ?? entry;
  }

  /** One object for a digest, however often it is pushed. */
  #object(kind: LeftoverKind, digest: string): LedgerEntry {
    const { registry } = this.#check;
    const known = this.#ledger.findDigest(kind, digest, registry.name, registry.repository);
    return known ?? { ...this.#entry(kind, 'committing'), digest };
  }

  #entry(kind: LeftoverKind, state: LedgerEntry['state']): LedgerEntry {
    const { registry, path } = this.#check;
    const now = this.#ledger.now();
    return {
      id: randomUUID(),
      kind,
      state,
      registry: registry.name,
      repository: registry.repository,
      path: path.name,
      origin: path.origin,
      createdAt: now,
      tries: 0,
      nextTryAt: now,
    };
  }

  #keep(entry: LedgerEntry): void {
    this.#hold(entry.id);
    this.#ledger.put(entry);
  }

  #hold(id: string): void {
    this.#ids.add(id);
    this.#ledger.hold([id]);
  }
}

/**
 * Whether the registry may have done what this error's request asked for. It has not when no connection came about, or when the
 * answer is a refusal; a hop's 408 or 499 is none: the registry may have gone on. Nor has it when its body never left us to the end:
 * by `offeredBytes`, because a cut that comes with the last byte is seen before that byte is counted as sent.
 */
function mayHaveHappened(error: unknown): boolean {
  const exchange = error instanceof NetworkError || error instanceof ProtocolError ? error.exchange : undefined;
  if (exchange !== undefined && exchange.offeredBytes < exchange.plannedBytes) return false;
  if (error instanceof NetworkError)
    return error.stage === 'send' || error.stage === 'wait' || error.stage === 'receive';
  if (error instanceof ProtocolError) {
    const status = error.exchange.response?.status ?? 0;
    return status < 300 || status >= 500 || status === 408 || status === 499;
  }
  // Authorization failed before the request, or the run ended between two.
  return false;
}

/** A client that sends its commit again after a lost answer finds the session gone (404) or moved on (416): the first one did it. */
function saysGone(error: unknown): boolean {
  const status = error instanceof ProtocolError ? error.exchange.response?.status : undefined;
  return status === 404 || status === 416;
}

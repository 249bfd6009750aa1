import type { Exchange } from '../network/exchange.ts';
import { isObject, parseJson } from './json.ts';

/** The part of the protocol during which something was asked of the registry. */
export type Step = 'auth' | 'start' | 'send' | 'commit' | 'verify' | 'pull' | 'cleanup';

/** How an answer departs from what the distribution specification, or the client, wants. Facts, no judgement. */
export type ProtocolProblem =
  /** A status that does not mean success for this request. */
  | 'unexpected_status'
  /** A page for people where the registry's API should be. */
  | 'not_an_api'
  /** 3xx where a client that follows would lose the body or leave the path. */
  | 'redirected'
  | 'location_missing'
  | 'location_unparsable'
  /** https path, http Location. */
  | 'location_downgrade'
  /** A host that the path does not allow. */
  | 'location_foreign'
  /** The client that is imitated would not follow this Location. */
  | 'location_refused_by_client'
  /** The client reads the Range of a PATCH answer and there is none, or none that says bytes arrived. */
  | 'range_missing'
  | 'range_unparsable'
  /** HEAD of a blob without Content-Length, or with another one than pushed. */
  | 'length_missing'
  | 'length_wrong'
  /** The answer to the PUT of a manifest does not name its digest, and the client gives up then. */
  | 'digest_missing'
  /** A list (catalog, tags) that is none, or whose pages lead in a circle. */
  | 'list_unparsable'
  /** A range was asked for, to go on where an answer broke off, and what came is another part of the blob, or all of it. */
  | 'range_ignored'
  /** What was read back, or what a digest header says, is not what was pushed. */
  | 'digest_differs';

/** One entry of a registry's JSON error body. */
interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** An answer came, and it was not the one that lets the push go on. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly step: Step;
  readonly problem: ProtocolProblem;
  readonly exchange: Exchange;
  /** The client had sent the same request before: what that first sending ended in. */
  readonly firstSending: unknown;

  constructor(facts: {
    step: Step;
    problem: ProtocolProblem;
    exchange: Exchange;
    message: string;
    firstSending?: unknown;
  }) {
    super(facts.message);
    this.step = facts.step;
    this.problem = facts.problem;
    this.exchange = facts.exchange;
    this.firstSending = facts.firstSending;
  }
}

/**
 * Entries of a `{"errors":[{"code","message"}]}` body; empty when the body is anything else. At most 10 entries, codes of at
 * most 64 and messages of at most 300 characters: the text comes from a server that is not trusted.
 */
export function registryErrors(exchange: Pick<Exchange, 'response'>): readonly RegistryErrorEntry[] {
  const parsed = parseJson(exchange.response?.body ?? '');
  const entries: unknown = isObject(parsed) ? parsed['errors'] : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.slice(0, 10).flatMap((entry: unknown) => {
    const code = isObject(entry) ? entry['code'] : undefined;
    const message = isObject(entry) ? entry['message'] : undefined;
    return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code)
      ? [{ code, message: typeof message === 'string' ? message.slice(0, 300) : '' }]
      : [];
  });
}

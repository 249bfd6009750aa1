import { randomBytes } from 'node:crypto';
import type { Exchange } from '../../network/exchange.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { nextLocation } from '../../registry/location.ts';
import { digestOf } from '../../registry/manifest.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { RegistryRequest } from '../../registry/registry-request.ts';
import type { UploadSession } from '../../registry/upload.ts';
import { answeredBy } from '../judge/answered-by.ts';
import type { RunTrail } from '../leftovers/ledger-trail.ts';

/** What one behaviour of the specification came to over one path. `not known`: no answer, or one that says nothing of it. */
export interface Seen {
  readonly outcome: 'supported' | 'not supported' | 'not known';
  /** What was answered, in a few words. */
  readonly words: string;
  /** Of the answer that decided; undefined: none did. */
  readonly status?: number | undefined;
  /** A hop that is known by its marks forbade it (403); a registry that does may mean this login. */
  readonly forbiddenByHop?: true;
}

/** A behaviour is one row: what it is, and how it is tried. */
export interface Behaviour {
  /** Ends the sentence `whether …`. */
  readonly title: string;
  /** Throws what the registry layer throws; that is then `not known`. */
  readonly look: (scene: Scene) => Promise<Seen>;
}

/** One round over one path: rows are tried in the order of their table, and later ones go on from earlier ones. */
export interface Scene {
  readonly client: RegistryClient;
  readonly trail: RunTrail;
  /** The answer to the POST that opened the session. */
  readonly opened: Exchange;
  /** The session that the chunks go to. */
  readonly session: UploadSession;
  /** Bytes of a chunk; undefined: the registry wants larger ones than this sends. */
  readonly chunkBytes: number | undefined;
  /** Bytes that the session holds. */
  heldBytes: number;
  /** An out-of-order chunk was refused, and the session stands as before. */
  refusedChunk: boolean;
  /** The small blob that was pushed; undefined: it was not. */
  blob: { readonly digest: string; readonly bytes: Uint8Array } | undefined;
}

/** Answers that say something of a login, of too many requests, or of a server in trouble, and nothing of a behaviour. */
const silentStatuses: ReadonlySet<number> = new Set([401, 403, 407, 408, 425, 429, 499]);

/** What an answer says: `supported` where `isSo`; else `not supported`, unless the status says nothing of that. */
export function seen(exchange: Exchange, isSo: boolean, words?: string): Seen {
  const status = exchange.response?.status ?? 0;
  const answered = `answered ${status}${words === undefined ? '' : ` ${words}`}`;
  if (isSo) return { outcome: 'supported', words: answered, status };
  const saysNothing = silentStatuses.has(status) || (status >= 500 && status !== 501);
  const outcome = saysNothing ? 'not known' : 'not supported';
  const isHop = !['registry', 'other'].includes(answeredBy(exchange));
  return status === 403 && isHop
    ? { outcome, words: answered, status, forbiddenByHop: true }
    : { outcome, words: answered, status };
}

/** Of what could not be tried. */
export function unknown(words: string): Seen {
  return { outcome: 'not known', words };
}

export function statusOf(exchange: Exchange): number {
  return exchange.response?.status ?? 0;
}

/** The answer to a request, whatever its status. Throws what stands in the place of an answer. */
export async function answerTo(client: RegistryClient, request: Omit<RegistryRequest, 'accepted'>): Promise<Exchange> {
  try {
    return await client.send({ ...request, accepted: [] });
  } catch (error) {
    if (error instanceof ProtocolError && error.problem === 'unexpected_status') return error.exchange;
    throw error;
  }
}

/** Digest of nothing that is anywhere. */
export function absentDigest(): string {
  return digestOf(randomBytes(32));
}

/**
 * POST that opens a session, noted so that it is cancelled. `mount`: asks for that blob of the same repository; 201 then opens no
 * session. Throws ProtocolError for any other answer.
 */
export async function openUpload(
  client: RegistryClient,
  trail: RunTrail,
  mount?: string,
): Promise<{ readonly opened: Exchange; readonly session: UploadSession | undefined }> {
  let opened: Exchange | undefined;
  const url = client.url('blobs/uploads/');
  if (mount !== undefined)
    url.search = `?mount=${encodeURIComponent(mount)}&from=${encodeURIComponent(client.repository)}`;
  const session = await trail.opening(async () => {
    opened = await client.send({
      step: 'start',
      method: 'POST',
      url,
      body: { kind: 'bytes', bytes: new Uint8Array() },
      actions: ['pull', 'push'],
      accepted: mount === undefined ? [202] : [202, 201],
    });
    if (statusOf(opened) === 201) return undefined;
    return { location: nextLocation(client, opened, 'start'), acknowledgedBytes: undefined, chunkMinBytes: undefined };
  }, mount);
  // `opening` resolves after the POST was answered.
  return { opened: opened as Exchange, session };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../../network/exchange.ts';
import { isAllowedHost, isOwnOrigin } from '../../network/hosts.ts';
import type { NetworkPath } from '../../network/path.ts';
import { ProtocolError, registryErrors } from '../../registry/errors.ts';
import { anyManifest } from '../../registry/manifest.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { answeredBy, bodyText, isPage } from '../judge/answered-by.ts';
import { settleMs } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { parseUrl, WrittenUrl } from '../../network/parse-url.ts';

/** `absent`: it was gone before. `unsettled`: not there, or not there any more, but it may still appear. The others: see `LedgerState`. */
export type RemovalResult = 'removed' | 'absent' | 'unsettled' | 'disowned' | 'undeletable';

interface Removal {
  readonly result: RemovalResult;
  /** What the registry answered, for `disowned` and `undeletable`. */
  readonly refusal?: ProtocolError;
}

/** The path cannot lead to the session: its Location is on a host that this path does not allow. */
class LocationElsewhere extends Error {
  override readonly name = 'LocationElsewhere';
}

/**
 * Removes one object and looks whether it is gone. Throws ProtocolError, AuthError or NetworkError when that failed, and
 * LocationElsewhere. `now`: milliseconds since the epoch; `signal`: that of the client, which ends waits as well.
 */
export async function removeObject(
  client: RegistryClient,
  entry: LedgerEntry,
  now: number,
  signal: AbortSignal,
): Promise<Removal> {
  return entry.kind === 'session' ? cancelSession(client, entry, signal) : deleteDigest(client, entry, now);
}

/** A session may be in use by the PATCH that was cut: then the server still writes to it when it is asked to drop it. */
const cancelTries = 3;
const cancelAgainMs = 300;

async function cancelSession(client: RegistryClient, entry: LedgerEntry, signal: AbortSignal): Promise<Removal> {
  const url = locationOver(client.path, entry);
  if (url === undefined)
    throw new LocationElsewhere(`the upload's Location is on a host that path ${client.path.name} does not allow`);
  let cancelled = false;
  for (let number = 1; ; number += 1) {
    const answer = await send(client, 'DELETE', url, [204, 202, 200, 404]);
    if (saysAbsent(answer)) {
      // Ours before: a second cancellation that finds nothing is what the first one wanted.
      return cancelled ? { result: 'removed' } : notFound(answer);
    }
    cancelled = true;
    const status = await statusOf(client, url, signal);
    if (status === undefined) return { result: 'removed' };
    if (number === cancelTries) throw unexpected(status, 'the upload session is still there after its cancellation');
    // Ended early, the next request says so.
    await sleep(cancelAgainMs * number, undefined, { signal }).catch(() => {});
  }
}

/**
 * 404 with BLOB_UPLOAD_INVALID is not "unknown": registry 2.8 says so to the Location it gave itself, once a body broke off
 * (the signed state holds the offset before it) or `http.secret` changed, and keeps the bytes until its purge
 * (distribution/distribution#3755). BLOB_UPLOAD_UNKNOWN, or no code: there is no such session.
 */
function notFound(answer: Exchange): Removal {
  const disowned = registryErrors(answer).some(({ code }) => code === 'BLOB_UPLOAD_INVALID');
  return disowned
    ? { result: 'disowned', refusal: unexpected(answer, 'the registry refuses the Location it gave for the upload') }
    : { result: 'absent' };
}

/**
 * The answer that shows a session to be there still; undefined when it is gone, or nothing more is learnt than DELETE said.
 * Throws when we ended the request ourselves: that is no look.
 */
async function statusOf(client: RegistryClient, url: URL, signal: AbortSignal): Promise<Exchange | undefined> {
  try {
    return await send(client, 'GET', url, [204, 200]);
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

/**
 * Whether the answer is a 404 of the registry. Throws when it is a hop's: an ingress that has lost its backend answers so to
 * everything, and what is taken for gone then is never looked at again.
 */
function saysAbsent(answer: Exchange): boolean {
  if (answer.response?.status !== 404) return false;
  const by = answeredBy(answer);
  const isOfRouter = isPage(answer.response) || noRouteWords.test(bodyText(answer.response, 256));
  if (by === 'registry' || (by === 'other' && !isOfRouter)) return true;
  throw unexpected(answer, `${by === 'other' ? 'a hop' : by} answered 404 in the place of the registry`);
}

/** What routers say that know no way: Go's, and the default backends of ingress controllers. */
const noRouteWords = /^404 page not found|default backend/i;

async function deleteDigest(client: RegistryClient, entry: LedgerEntry, now: number): Promise<Removal> {
  const { kind, digest = '', state } = entry;
  const url = client.url(kind === 'manifest' ? `manifests/${digest}` : `blobs/${digest}`);
  if (state === 'committing' && !(await exists(client, url)))
    return { result: settled(entry, now) ? 'absent' : 'unsettled' };
  try {
    saysAbsent(await send(client, 'DELETE', url, [202, 200, 204, 404]));
  } catch (error) {
    // Only the registry's own word: a hop that forbids the method says nothing of other paths.
    const switchedOff = error instanceof ProtocolError && error.exchange.response?.status === 405;
    if (!switchedOff || answeredBy(error.exchange) !== 'registry') throw error;
    return { result: 'undeletable', refusal: error };
  }
  // Gitea answers 202 whatever was there.
  const left = await send(client, 'HEAD', url, [200, 404]).catch(() => undefined);
  if (left?.response?.status === 200) throw unexpected(left, `the ${kind} is still there after its deletion`);
  // What a hop keeps of an earlier attempt's commit reaches the registry whenever that hop lets it go. The commit that made this
  // object appear is one of those in doubt, when none was confirmed.
  const underWay = (entry.doubts ?? 0) - (state === 'stored' ? 0 : 1);
  return { result: underWay > 0 && !settled(entry, now) ? 'unsettled' : 'removed' };
}

/** Whether what was committed without an answer would have appeared by now. */
function settled({ createdAt }: LedgerEntry, now: number): boolean {
  return now - createdAt >= settleMs;
}

async function exists(client: RegistryClient, url: URL): Promise<boolean> {
  return !saysAbsent(await send(client, 'HEAD', url, [200, 404]));
}

function send(client: RegistryClient, method: string, url: URL, accepted: readonly number[]): Promise<Exchange> {
  const actions = method === 'DELETE' ? (['pull', 'push', 'delete'] as const) : (['pull', 'push'] as const);
  const headers = method === 'HEAD' && url.pathname.includes('/manifests/') ? { accept: anyManifest } : undefined;
  return client.send({ step: 'cleanup', method, url, headers, actions, accepted });
}

function unexpected(exchange: Exchange, message: string): ProtocolError {
  return new ProtocolError({ step: 'cleanup', problem: 'unexpected_status', exchange, message });
}

/**
 * The session's Location as this path reaches it: on its own host where it was on the host of the path it was made over, else
 * as it is. Path and query are replayed verbatim. undefined where this path may not go.
 */
export function locationOver(path: NetworkPath, entry: LedgerEntry): URL | undefined {
  const location = entry.location === undefined ? undefined : parseUrl(entry.location);
  if (location === undefined) return undefined;
  const own = isOwnOrigin({ origin: entry.origin }, location);
  const url = own ? new WrittenUrl(path.origin + location.href.slice(location.origin.length)) : location;
  return isAllowedHost(path, url) ? url : undefined;
}

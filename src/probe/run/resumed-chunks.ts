import { type Exchange, header } from '../../network/exchange.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { nextLocation } from '../../registry/location.ts';
import { acknowledgedBytes, readUploadRange } from '../../registry/range.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { retryAfterMs } from '../../registry/resend.ts';
import { askForStatus, type UploadSession } from '../../registry/upload.ts';
import { endedByUs } from '../bounded-signal.ts';
import type { ClientProfile } from '../clients/client-profile.ts';

/** The real one goes on with chunks of a byte when it comes to that; nobody waits for the end of it. */
const smallestChunkShare = 1 / 1000;

/** So many refusals, less those made good by an accepted chunk, are gone on from (regclient's retryLimit). */
const mostRefusals = 10;

interface ChunkPush {
  readonly client: RegistryClient;
  readonly session: UploadSession;
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  /** Which refusals of a chunk the client goes on from; undefined: none. */
  readonly resumesAfter: ClientProfile['resumesAfter'];
  /** Sends the bytes from `from` to before `to`. */
  readonly send: (from: number, to: number) => Promise<Exchange>;
}

/**
 * PATCHes with Content-Range that go on where the registry says it stands, as regclient does (scheme/reg/blob.go, blobPutUploadChunked):
 * after each answer from its Range; after a refusal from the Range in it or, without one, in the answer to GET. Throws the refusal
 * that stands, and a ProtocolError when an answer leads to bytes that the client has no more, or nowhere: there the real one sends
 * the same bytes for ever.
 */
export async function sendResumedChunks(push: ChunkPush): Promise<void> {
  const { sizeBytes } = push;
  // What the client holds of the blob; what it has passed over it has no more.
  const held = { from: 0, to: 0, mostBytes: push.chunkBytes };
  let [refusals, lastRefusal] = [0, undefined as ProtocolError | undefined];
  for (let at = 0; at < sizeBytes; ) {
    while (at >= held.to) Object.assign(held, { from: held.to, to: Math.min(held.to + held.mostBytes, sizeBytes) });
    // Its buffer becomes smaller from the front and does not grow again.
    held.mostBytes -= at - held.from;
    held.from = at;
    const { answer, refusal } = await sentOrRefused(push, held.from, held.to, refusals);
    refusals = refusal === undefined ? Math.max(0, refusals - 1) : refusals + 1;
    lastRefusal = refusal ?? lastRefusal;
    const next = (lastByte(answer) ?? held.to - 1) + 1;
    const crawls = next < held.to && held.mostBytes - (next - at) < push.chunkBytes * smallestChunkShare;
    if (next < at || next > sizeBytes || (next === at && refusal === undefined) || crawls)
      throw lastRefusal ?? nowhere(answer);
    at = next;
  }
}

interface Answered {
  /** Whose Range and Location count. */
  readonly answer: Exchange;
  readonly refusal?: ProtocolError;
}

async function sentOrRefused(push: ChunkPush, from: number, to: number, refusals: number): Promise<Answered> {
  try {
    return { answer: await push.send(from, to) };
  } catch (error) {
    if (!(error instanceof ProtocolError) || !resumes(push, error)) throw error;
    const answer = tellsPlace(error.exchange) ? error.exchange : await placeOf(push, error);
    if (refusals >= mostRefusals) throw error;
    const { client, session } = push;
    session.acknowledgedBytes = acknowledgedBytes(readUploadRange(header(answer, 'range')), to - from);
    if (header(answer, 'location') !== undefined) session.location = nextLocation(client, answer, 'send');
    return { answer, refusal: error };
  }
}

function resumes({ client, resumesAfter }: ChunkPush, { problem, exchange }: ProtocolError): boolean {
  if (problem !== 'unexpected_status' || !client.resends) return false;
  const waitMs = retryAfterMs(header(exchange, 'retry-after'), Date.now()) ?? 0;
  return resumesAfter?.({ status: exchange.response?.status ?? 0, retryAfterMs: waitMs }) === true;
}

function tellsPlace(exchange: Exchange): boolean {
  const status = exchange.response?.status ?? 0;
  const tells = header(exchange, 'range') !== undefined && header(exchange, 'location') !== undefined;
  return status >= 400 && status < 500 && tells;
}

/** Asks the registry where it stands. Throws the refusal when it does not say. */
async function placeOf({ client, session }: ChunkPush, refusal: ProtocolError): Promise<Exchange> {
  try {
    return await askForStatus(client, session, 'send', [204]);
  } catch (error) {
    throw endedByUs(error) ? error : refusal;
  }
}

/** Index of the last byte that an answer's Range names, -1 for none; undefined when there is none to read. */
function lastByte(exchange: Exchange): number | undefined {
  const match = /^[^-]*-(-?\d{1,15})$/.exec(header(exchange, 'range') ?? '');
  return match === null ? undefined : Number(match[1]);
}

function nowhere(exchange: Exchange): ProtocolError {
  const value = header(exchange, 'range')?.slice(0, 40) ?? '';
  const message = `PATCH was accepted with Range ${value}, from which the client cannot go on`;
  return new ProtocolError({ step: 'send', problem: 'range_unparsable', exchange, message });
}

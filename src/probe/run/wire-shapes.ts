import type { Exchange, RequestBody } from '../../network/exchange.ts';
import { growingWrites } from '../../network/body/write-sizes.ts';
import { nextLocation, withDigest } from '../../registry/location.ts';
import type { Payload } from '../../registry/payload.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import {
  commitUpload,
  postWhole,
  putWhole,
  sendPatch,
  startUpload,
  type UploadSession,
} from '../../registry/upload.ts';
import { endedByUs } from '../bounded-signal.ts';
import { type ClientProfile, octets, type WireShape } from '../clients/client-profile.ts';
import type { RunTrail } from '../leftovers/ledger-trail.ts';
import { sendResumedChunks } from './resumed-chunks.ts';

/** What a shape needs, and where it tells of what it opens and commits: whoever cleans up must know it before it exists. */
interface ShapeContext {
  readonly client: RegistryClient;
  readonly profile: ClientProfile;
  readonly payload: Payload;
  readonly trail: RunTrail;
  readonly onSession: (session: UploadSession) => void;
  /** The client gave up one way of sending and took another: what the run shows is no longer the first one. */
  readonly onFallback: (error: unknown) => void;
}

type PushBytes = (context: ShapeContext) => Promise<void>;

/** From the POST to the registry's word that it has the blob, one function a shape. */
export const wireShapes: Readonly<Record<WireShape, PushBytes>> = {
  'patch-streamed': (context) => inSession(context, (session) => patchWhole(context, session, false)),
  'patch-length': (context) => inSession(context, (session) => patchWhole(context, session, true)),
  'put-length': (context) => inSession(context, (session) => putAll(context, session)),
  'put-then-ranged': (context) => inSession(context, (session) => putOrRanged(context, session)),
  'patch-ranged': (context) => inSession(context, (session) => patchRanged(context, session)),
  'post-length': postAll,
};

async function inSession(context: ShapeContext, send: (session: UploadSession) => Promise<void>): Promise<void> {
  const { client, profile, payload, trail, onSession } = context;
  const open = (mount?: string) => trail.opening(() => startUpload(client, profile.postHeaders, mount), mount);
  const session = profile.anonymousMount ? await mountOrOpen(open, payload.digest) : await open();
  if (session !== undefined) {
    onSession(session);
    await send(session);
  }
}

/** A mount from nowhere that fails for whatever reason is forgotten, and a session opened the usual way. */
async function mountOrOpen(
  open: (mount?: string) => Promise<UploadSession | undefined>,
  digest: string,
): Promise<UploadSession | undefined> {
  try {
    return await open(digest);
  } catch (error) {
    if (endedByUs(error)) throw error;
    return open();
  }
}

async function patchWhole(context: ShapeContext, session: UploadSession, declareLength: boolean): Promise<void> {
  const { client, profile } = context;
  const { checksRange: strictRange, resendsBody: resendBody, patchHeaders: headers } = profile;
  await sendPatch(client, session, body(context, declareLength), { strictRange, resendBody, headers });
  await commit(context, session);
}

async function putAll(context: ShapeContext, session: UploadSession): Promise<void> {
  const { client, profile, payload, trail } = context;
  const { resendsBody: resendBody, namesRegistryElsewhere: namesRegistry = false } = profile;
  const options = { resendBody, namesRegistry };
  const put = () => putWhole(client, session, payload.digest, body(context, true), options);
  await trail.committing('blob', payload.digest, put, session);
}

async function postAll(context: ShapeContext): Promise<void> {
  const { client, payload, trail, onSession } = context;
  const post = () => postWhole(client, payload.digest, body(context, true));
  const exchange = await trail.committing('blob', payload.digest, post);
  if (exchange.response?.status === 202) {
    // A registry without this kind of upload opens a session instead (specification, end-4b): the bytes go again, by PUT.
    const location = nextLocation(client, exchange, 'send');
    const session = { location, acknowledgedBytes: undefined, chunkMinBytes: undefined };
    trail.opened(session);
    onSession(session);
    context.onFallback(undefined);
    await putAll(context, session);
  }
}

async function putOrRanged(context: ShapeContext, session: UploadSession): Promise<void> {
  try {
    await putAll(context, session);
  } catch (error) {
    if (endedByUs(error)) throw error;
    context.onFallback(error);
    // The PUT has written the digest into the URL, and there it stays (scheme/reg/blob.go, blobPutUploadFull).
    session.location = withDigest(session.location, context.payload.digest);
    const { client, profile, payload } = context;
    await sendResumedChunks({
      client,
      session,
      sizeBytes: payload.sizeBytes,
      chunkBytes: chunkBytesOf(context, session),
      resumesAfter: profile.resumesAfter,
      send: (from, to) => sendChunk(context, session, from, to),
    });
    await commit(context, session);
  }
}

async function patchRanged(context: ShapeContext, session: UploadSession): Promise<void> {
  const { sizeBytes } = context.payload;
  const chunkBytes = chunkBytesOf(context, session);
  for (let from = 0; from < sizeBytes; from += chunkBytes)
    await sendChunk(context, session, from, Math.min(from + chunkBytes, sizeBytes));
  await commit(context, session);
}

function chunkBytesOf({ profile }: ShapeContext, session: UploadSession): number {
  return Math.max(profile.chunkBytes ?? 1024 * 1024, session.chunkMinBytes ?? 0);
}

function sendChunk(context: ShapeContext, session: UploadSession, from: number, to: number): Promise<Exchange> {
  return sendPatch(context.client, session, body(context, true, from, to), {
    headers: { ...octets, 'content-range': `${from}-${to - 1}` },
    strictRange: false,
    resendBody: true,
    refusalForgives: context.profile.resumesAfter !== undefined,
  });
}

async function commit({ client, profile, payload, trail }: ShapeContext, session: UploadSession): Promise<void> {
  const put = () => commitUpload(client, session, payload.digest, profile.putHeaders);
  await trail.committing('blob', payload.digest, put, session);
}

function body(
  { payload, profile }: ShapeContext,
  declareLength: boolean,
  from = 0,
  to = payload.sizeBytes,
): RequestBody {
  return {
    kind: 'stream',
    sizeBytes: to - from,
    declareLength,
    // A frame is what the client makes it; without frames, and unless a rate is to be kept, only we see how large a write is.
    chunks: (paced) =>
      payload.chunks(declareLength && !paced ? growingWrites(profile.writeBytes) : profile.writeBytes, from, to),
  };
}

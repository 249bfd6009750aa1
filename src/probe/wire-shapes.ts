import type { RequestBody } from '../network/exchange.ts';
import { growingWrites } from '../network/write-sizes.ts';
import { nextLocation } from '../registry/location.ts';
import type { Payload } from '../registry/payload.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { commitUpload, postWhole, putWhole, sendPatch, startUpload, type UploadSession } from '../registry/upload.ts';
import { RunAborted } from './aborted.ts';
import type { ClientProfile, WireShape } from './client-profile.ts';
import type { RunTrail } from './ledger-trail.ts';

/** What a shape needs, and where it tells of what it opens and commits: whoever cleans up must know it before it exists. */
export interface ShapeContext {
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
  const mount = profile.anonymousMount ? payload.digest : undefined;
  const session = await trail.opening(() => startUpload(client, profile.postHeaders, mount), mount);
  if (session !== undefined) {
    onSession(session);
    await send(session);
  }
}

async function patchWhole(context: ShapeContext, session: UploadSession, declareLength: boolean): Promise<void> {
  const { client, profile } = context;
  const { checksRange, resendsBody } = profile;
  await sendPatch(client, session, body(context, declareLength), { strictRange: checksRange, resendBody: resendsBody });
  await commit(context, session);
}

async function putAll(context: ShapeContext, session: UploadSession): Promise<void> {
  const { client, profile, payload, trail } = context;
  const put = () => putWhole(client, session, payload.digest, body(context, true), profile.resendsBody);
  await trail.committing('blob', payload.digest, put, session);
}

async function postAll(context: ShapeContext): Promise<void> {
  const { client, payload, trail, onSession } = context;
  const post = () => postWhole(client, payload.digest, body(context, true));
  const exchange = await trail.committing('blob', payload.digest, post);
  if (exchange.response?.status === 202) {
    // A registry without this kind of upload opens a session instead (specification, end-4b): the bytes go again, by PUT.
    const location = nextLocation(client.path, exchange, 'send');
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
    if (endedByUs(error)) {
      throw error;
    }
    context.onFallback(error);
    await patchRanged(context, session);
  }
}

async function patchRanged(context: ShapeContext, session: UploadSession): Promise<void> {
  const { client, profile, payload } = context;
  const chunkBytes = Math.max(profile.chunkBytes ?? 1024 * 1024, session.chunkMinBytes ?? 0);
  for (let from = 0; from < payload.sizeBytes; from += chunkBytes) {
    const to = Math.min(from + chunkBytes, payload.sizeBytes);
    const headers = { 'content-range': `${from}-${to - 1}` };
    await sendPatch(client, session, body(context, true, from, to), { headers, strictRange: false, resendBody: true });
  }
  await commit(context, session);
}

async function commit({ client, profile, payload, trail }: ShapeContext, session: UploadSession): Promise<void> {
  const put = () => commitUpload(client, session, payload.digest, profile.putHeaders);
  await trail.committing('blob', payload.digest, put, session);
}

function endedByUs(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof RunAborted;
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

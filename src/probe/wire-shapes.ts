import type { RequestBody } from '../network/exchange.ts';
import type { Payload } from '../registry/payload.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { commitUpload, postWhole, putWhole, sendPatch, startUpload, type UploadSession } from '../registry/upload.ts';
import type { ClientProfile, WireShape } from './client-profile.ts';

/** What a shape needs, and where it tells of the session it opened: whoever cleans up must know it before bytes flow. */
export interface ShapeContext {
  readonly client: RegistryClient;
  readonly profile: ClientProfile;
  readonly payload: Payload;
  readonly onSession: (session: UploadSession) => void;
}

type PushBytes = (context: ShapeContext) => Promise<void>;

/** From the POST to the registry's word that it has the blob, one function a shape. */
export const wireShapes: Readonly<Record<WireShape, PushBytes>> = {
  'patch-streamed': (context) => patchWhole(context, false),
  'patch-length': (context) => patchWhole(context, true),
  'put-length': async (context) => {
    const session = await open(context);
    await putWhole(context.client, session, context.payload.digest, body(context, true), true);
  },
  'patch-ranged': pushRanged,
  'post-length': async ({ client, ...context }) => {
    await postWhole(client, context.payload.digest, body({ client, ...context }, true));
  },
};

async function open({ client, profile, onSession }: ShapeContext): Promise<UploadSession> {
  const session = await startUpload(client, profile.postHeaders);
  onSession(session);
  return session;
}

async function patchWhole(context: ShapeContext, declareLength: boolean): Promise<void> {
  const { client, profile, payload } = context;
  const session = await open(context);
  await sendPatch(client, session, body(context, declareLength), { strictRange: profile.checksRange });
  await commitUpload(client, session, payload.digest, profile.putHeaders);
}

async function pushRanged(context: ShapeContext): Promise<void> {
  const { client, profile, payload } = context;
  const session = await open(context);
  const chunkBytes = Math.max(profile.chunkBytes ?? 1024 * 1024, session.chunkMinBytes ?? 0);
  for (let from = 0; from < payload.sizeBytes; from += chunkBytes) {
    const to = Math.min(from + chunkBytes, payload.sizeBytes);
    const headers = { 'content-range': `${from}-${to - 1}` };
    await sendPatch(client, session, body(context, true, from, to), { headers, strictRange: false, resendBody: true });
  }
  await commitUpload(client, session, payload.digest, profile.putHeaders);
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
    chunks: () => payload.chunks(profile.writeBytes, from, to),
  };
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import { type RegistrySettings, sendError } from '../../../src/lab/oci/call.ts';
import type { Upload } from '../../../src/lab/oci/store.ts';
import { statusOf } from '../../../src/lab/oci/uploads.ts';

/** Locations carry an HMAC-signed copy of the session: replaced state is refused as said here. */
export type SignedState = 'none' | 'stale-404-cancels' | 'stale-416';

/** distribution's `_state`, signed by the secret that is in force; another one makes all Locations handed out before unknown. */
export function uploadStateOf(kind: SignedState, secret: () => Buffer): RegistrySettings['uploadState'] {
  if (kind === 'none') return undefined;
  const startedAt = new WeakMap<Upload, Date>();
  return {
    of(upload) {
      const StartedAt = startedAt.get(upload) ?? new Date();
      startedAt.set(upload, StartedAt);
      return signState(secret(), { Name: upload.repository, UUID: upload.id, Offset: upload.sizeBytes, StartedAt });
    },
    refuses(call, id, upload) {
      const reads = call.request.method === 'GET' || call.request.method === 'DELETE';
      if (kind === 'stale-416' && reads) return false;
      const offset = stateOffset(secret(), id, call.url.searchParams.get('_state'));
      // distribution checks the signature before it looks for the session: another replica's Location is "invalid", not "unknown".
      if (offset === undefined) {
        sendError(call, 404, 'BLOB_UPLOAD_INVALID', 'invalid secret');
        return true;
      }
      if (upload === undefined || offset === upload.sizeBytes) return false;
      if (kind === 'stale-416') {
        sendError(call, 416, 'RANGE_INVALID', undefined, statusOf(call, upload));
      } else {
        call.store.closeUpload(upload);
        sendError(call, 404, 'BLOB_UPLOAD_INVALID', 'upload resumed at wrong offset');
      }
      return true;
    },
  };
}

/** base64url of HMAC-SHA256 followed by the JSON it covers. */
function signState(secret: Buffer, facts: object): string {
  const json = Buffer.from(JSON.stringify(facts));
  return Buffer.concat([createHmac('sha256', secret).update(json).digest(), json]).toString('base64url');
}

/** The offset a valid state speaks of; undefined when the state is missing, forged, or of another session. */
function stateOffset(secret: Buffer, id: string, state: string | null): number | undefined {
  const bytes = Buffer.from(state ?? '', 'base64url');
  if (bytes.length <= 32) return undefined;
  const json = bytes.subarray(32);
  if (!timingSafeEqual(createHmac('sha256', secret).update(json).digest(), bytes.subarray(0, 32))) return undefined;
  const facts = JSON.parse(json.toString()) as { UUID: string; Offset: number };
  return facts.UUID === id ? facts.Offset : undefined;
}

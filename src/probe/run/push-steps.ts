import { blobExists, ping, verifyBlob } from '../../registry/blob.ts';
import { type ImageDocument, putManifest, verifyManifest } from '../../registry/manifest.ts';
import type { Payload } from '../../registry/payload.ts';
import { endedByUs } from '../bounded-signal.ts';
import type { AttemptWork } from './attempt.ts';
import type { ClientProfile } from '../clients/client-profile.ts';
import type { RunTrail } from '../leftovers/ledger-trail.ts';
import { wireShapes } from './wire-shapes.ts';

/** GET /v2/, where the client begins with it; then `work`. */
export function afterPing(profile: ClientProfile, onPinged: () => void, work: AttemptWork): AttemptWork {
  return async (client, notes, pull) => {
    if (profile.ping) {
      notes.pinging = true;
      await ping(client);
      notes.pinging = false;
    }
    onPinged();
    await work(client, notes, pull);
  };
}

/** One blob as the client pushes it: ask, send, commit, verify. */
export function blobSteps(profile: ClientProfile, payload: Payload, trail: RunTrail): AttemptWork {
  return async (client, notes) => {
    for (let asked = 0; asked < headsBefore(profile); asked += 1) {
      // A fresh digest is never there. A rotated one may be, and then the client would not push: here it is pushed anyway,
      // and the request still shows how the path treats HEAD.
      await blobExists(client, payload.digest, profile.headHeaders ?? {}, profile.getAfterForbiddenHead).catch(
        (error) => {
          if (profile.ignoresHead !== true || endedByUs(error)) throw error;
        },
      );
    }
    await wireShapes[profile.shape]({
      client,
      profile,
      payload,
      trail,
      onSession: (session) => (notes.session = session),
      onFallback: () => (notes.fellBack = true),
    });
    notes.committedBytes = payload.sizeBytes;
    if (profile.headAfter) await verifyBlob(client, payload.digest, payload.sizeBytes);
  };
}

function headsBefore({ headBefore }: ClientProfile): number {
  return headBefore === 'twice' ? 2 : Number(headBefore);
}

/** The manifest under its tag or digest, then a look whether that leads to it. */
export function manifestSteps(
  { needsManifestDigest = false }: ClientProfile,
  reference: string,
  manifest: ImageDocument,
  trail: RunTrail,
): AttemptWork {
  return async (client, notes) => {
    await trail.committing('manifest', manifest.digest, () =>
      putManifest(client, reference, manifest, needsManifestDigest),
    );
    notes.committedBytes = manifest.bytes.byteLength;
    await verifyManifest(client, reference, manifest);
  };
}

import { createHash } from 'node:crypto';
import type { Payload, PayloadSource } from '../../registry/payload.ts';
import { type Check, checkId } from '../check.ts';

/** One blob of a run: its name in outcomes and its bytes. */
export interface Blob {
  readonly name: string;
  readonly payload: Payload;
}

/**
 * The blobs of one run, hashed and ready. `index` counts the runs of the check: it picks the payload in a rotation. Throws the
 * reason of `signal` once that aborts.
 */
export async function prepareBlobs(
  check: Check,
  payloads: PayloadSource,
  index: number,
  signal: AbortSignal,
): Promise<Blob[]> {
  const { workload } = check;
  const blobs: Blob[] = [];
  for (const [position, sizeBytes] of workload.layerBytes.entries()) {
    const name = workload.kind === 'blob' ? 'blob' : `layer${position + 1}`;
    blobs.push({ name, payload: await payloads.prepare(sizeBytes, nonceOf(check, index, position), signal) });
  }
  return blobs;
}

/** `rotate: k` gives k digests in turn, the same ones after a restart; `fresh` leaves the choice to chance. */
function nonceOf(check: Check, index: number, position: number): Uint8Array | undefined {
  if (check.payload.kind === 'fresh') return undefined;
  const turn = index % check.payload.count;
  return createHash('sha256')
    .update(`${checkId(check)}/${position}/${turn}`)
    .digest();
}

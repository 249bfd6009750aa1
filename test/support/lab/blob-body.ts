import { setTimeout as delay } from 'node:timers/promises';
import type { RegistryCall } from '../../../src/lab/oci/call.ts';

/** What goes wrong with the body of a blob that is read. */
export interface BlobBody {
  /** So many bytes of it, then the connection ends. */
  readonly cutAfterBytes?: number;
  /** By RST, and not by FIN. */
  readonly resets?: boolean;
  /** All of it comes, whatever Range asks. */
  readonly ignoresRange?: boolean;
  /** Its first byte is another one. */
  readonly corrupts?: boolean;
}

/** Makes the answer that follows go wrong like this. */
export function spoilBlob({ request, response }: RegistryCall, body: BlobBody): void {
  const { cutAfterBytes = Number.POSITIVE_INFINITY, resets = false, ignoresRange = false, corrupts = false } = body;
  if (ignoresRange) delete request.headers.range;
  const write = response.write.bind(response) as (chunk: Uint8Array) => boolean;
  const end = response.end.bind(response) as (...rest: readonly unknown[]) => typeof response;
  let written = 0;
  let isCut = false;
  response.write = ((chunk: Uint8Array) => {
    const piece = chunk.subarray(0, Math.max(0, cutAfterBytes - written));
    const isFirst = written === 0;
    written += piece.length;
    isCut ||= piece.length < chunk.length;
    return piece.length === 0 || write(corrupts && isFirst ? otherwise(piece) : piece);
  }) as typeof response.write;
  response.end = ((...rest: readonly unknown[]) => {
    if (!isCut) return end(...rest);
    if (resets) void delay(100).then(() => request.socket.resetAndDestroy());
    else request.socket.end();
    return response;
  }) as typeof response.end;
}

function otherwise(piece: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(piece);
  changed[0] = ((changed[0] ?? 0) + 1) % 256;
  return changed;
}

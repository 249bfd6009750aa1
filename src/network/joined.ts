/**
 * Both in one, for bytes that come in pieces: the cost grows with their number and not with that of the pieces, of which a hostile
 * server makes one for each byte. Writes behind `before` when this function made it and has left room there, so that `before` must
 * be joined with one chunk only.
 */
export function joined(before: Buffer, chunk: Uint8Array): Buffer {
  const { buffer, byteOffset, length } = before;
  const whole = hasRoom(before, chunk.byteLength)
    ? Buffer.from(buffer, byteOffset, length + chunk.byteLength)
    : Buffer.from(new ArrayBuffer(2 * (length + chunk.byteLength)), 0, length + chunk.byteLength);
  if (whole.buffer !== buffer) before.copy(whole);
  whole.set(chunk, length);
  return whole;
}

function hasRoom({ buffer, byteOffset, length }: Buffer, bytes: number): boolean {
  return byteOffset + length + bytes <= buffer.byteLength;
}

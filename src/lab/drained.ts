import type { Writable } from 'node:stream';

/** Resolves when the stream takes more, or is gone. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    function done(): void {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('error', done);
      resolve();
    }
    if (stream.destroyed || !stream.writableNeedDrain) return resolve();
    stream.on('drain', done);
    stream.on('close', done);
    stream.on('error', done);
  });
}

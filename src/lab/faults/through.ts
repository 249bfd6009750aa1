import { type Readable, Transform } from 'node:stream';
import type { BodySource, ProxyCall } from './behaviour.ts';

/** Says what to pass on of a chunk: undefined passes nothing, a promise is waited for, what is handed to `pass` goes on ahead of that. */
type EachChunk = (
  chunk: Buffer,
  offset: number,
  pass: (part: Buffer) => void,
) => Buffer | undefined | Promise<Buffer | undefined>;

/** The body of a request, each chunk through `each`; its length is what was declared. */
export function bodyThrough(call: ProxyCall, body: BodySource, each: EachChunk): BodySource {
  return { ...body, stream: through(call, body.stream, each) };
}

/** Pipes `source` through `each`. The stage ends with the call, so that none outlives its exchange. */
export function through(call: ProxyCall, source: Readable, each: EachChunk): Readable {
  let offset = 0;
  const stage = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const start = offset;
      offset += chunk.length;
      Promise.resolve(each(chunk, start, (part) => stage.push(part))).then(
        (result) => done(null, result),
        (error: unknown) => done(error as Error),
      );
    },
  });
  stage.on('error', () => stage.destroy());
  call.onEnd(() => {
    stage.destroy();
    // What is left of a body that was answered early is read, or the next request on this connection would never be.
    source.unpipe(stage).resume();
  });
  return source.pipe(stage);
}

/** Waits, at most until the call is over. */
export function pause(call: ProxyCall, durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    call.onEnd(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Calls back later, unless the call is over by then or the returned function has been called. */
export function later(call: ProxyCall, durationMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, durationMs);
  const cancel = (): void => clearTimeout(timer);
  call.onEnd(cancel);
  return cancel;
}

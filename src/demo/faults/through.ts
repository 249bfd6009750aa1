import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import type { ProxyCall } from './behaviour.ts';

/**
 * Pipes `source` through `each`, which passes on what it returns; undefined passes nothing, `hold` waits for it first.
 * The stream ends with the call, so that no stage outlives its exchange.
 */
export function through(
  call: ProxyCall,
  source: Readable,
  each: (chunk: Buffer, offset: number) => Buffer | undefined | Promise<Buffer | undefined>,
): Readable {
  let offset = 0;
  const stage = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const start = offset;
      offset += chunk.length;
      Promise.resolve(each(chunk, start)).then(
        (result) => done(null, result),
        (error: unknown) => done(error as Error),
      );
    },
  });
  stage.on('error', () => stage.destroy());
  call.onEnd(() => stage.destroy());
  return source.pipe(stage);
}

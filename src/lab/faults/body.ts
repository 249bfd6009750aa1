import { Readable } from 'node:stream';
import type { FaultBehaviour } from './behaviour.ts';
import type { FaultOf } from './fault.ts';
import { bodyThrough } from './through.ts';

/** Refuses bodies above the limit, as nginx does: a declared length before the first byte, chunks when they pass the limit. */
export function bodyLimit(fault: FaultOf<'body-limit'>): FaultBehaviour {
  const refusal = { status: fault.status ?? 413, ending: fault.ending };
  return (call) => ({
    before() {
      if (Number(call.request.headers['content-length'] ?? 0) > fault.limitBytes) call.answer(refusal);
    },
    requestBody(body) {
      if (body.length !== 'chunked') return body;
      return bodyThrough(call, body, (chunk, offset) => {
        if (offset + chunk.length <= fault.limitBytes) return chunk;
        call.answer(refusal);
        return undefined;
      });
    },
  });
}

/** Drops a body of undeclared length and tells the upstream that there is none; a small one is passed on with its length. */
export function dropUndeclaredBody(fault: FaultOf<'drop-undeclared-body'>): FaultBehaviour {
  const spares = fault.sparesBytes ?? 0;
  return () => ({
    async requestBody(body) {
      if (body.length !== 'chunked') return body;
      const chunks: Buffer[] = [];
      const size = spares === 0 ? undefined : await collectUpTo(spares, body.stream, chunks);
      body.stream.resume();
      return size === undefined
        ? { stream: Readable.from([]), length: 0 }
        : { stream: Readable.from(chunks), length: size };
    },
  });
}

/** Size of the whole stream when it ends within the limit, else undefined. */
function collectUpTo(limitBytes: number, stream: Readable, chunks: Buffer[]): Promise<number | undefined> {
  return new Promise((resolve) => {
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) resolve(undefined);
      else chunks.push(chunk);
    });
    stream.once('end', () => resolve(size));
    stream.once('close', () => resolve(undefined));
  });
}

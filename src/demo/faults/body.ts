import { Readable } from 'node:stream';
import type { FaultBehaviour } from './behaviour.ts';
import type { FaultOf } from './fault.ts';
import { through } from './through.ts';

/** Refuses bodies above the limit, as nginx does: a declared length before the first byte, chunks when they pass the limit. */
export function bodyLimit(fault: FaultOf<'body-limit'>): FaultBehaviour {
  const refusal = { status: fault.status ?? 413, ending: fault.ending };
  return (call) => ({
    before() {
      if (Number(call.request.headers['content-length'] ?? 0) > fault.limitBytes) call.answer(refusal);
    },
    requestBody(body) {
      if (body.length !== 'chunked') return body;
      const stream = through(call, body.stream, (chunk, offset) => {
        if (offset + chunk.length <= fault.limitBytes) return chunk;
        call.answer(refusal);
        return undefined;
      });
      return { ...body, stream };
    },
  });
}

/** Drops a body of undeclared length and tells the upstream that there is none. */
export function dropUndeclaredBody(): FaultBehaviour {
  return () => ({
    requestBody(body) {
      if (body.length !== 'chunked') return body;
      body.stream.resume();
      return { stream: Readable.from([]), length: 0 };
    },
  });
}

/** Passes on the beginning of a body as if it were all of it. */
export function truncateBody(fault: FaultOf<'truncate-body'>): FaultBehaviour {
  return (call) => ({
    requestBody(body) {
      const { afterBytes } = fault;
      const stream = through(call, body.stream, (chunk, offset) => {
        return offset < afterBytes ? chunk.subarray(0, afterBytes - offset) : undefined;
      });
      return { stream, length: typeof body.length === 'number' ? Math.min(body.length, afterBytes) : body.length };
    },
  });
}

export function corruptBody(fault: FaultOf<'corrupt-body'>): FaultBehaviour {
  return (call) => ({
    requestBody(body) {
      const stream = through(call, body.stream, (chunk, offset) => {
        const index = fault.atByte - offset;
        if (index < 0 || index >= chunk.length) return chunk;
        const copy = Buffer.from(chunk);
        copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
        return copy;
      });
      return { ...body, stream };
    },
  });
}

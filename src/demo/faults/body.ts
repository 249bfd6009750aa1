import { Readable } from 'node:stream';
import type { FaultBehaviour } from './behaviour.ts';
import type { Ending } from './fault.ts';
import { through } from './through.ts';

/** Refuses bodies above the limit, as nginx does: a declared length before the first byte, chunks when they pass the limit. */
export function bodyLimit(fault: { limitBytes: number; ending: Ending; status?: number }): FaultBehaviour {
  const refusal = { status: fault.status ?? 413, ending: fault.ending };
  return {
    before(call) {
      if (Number(call.request.headers['content-length'] ?? 0) > fault.limitBytes) call.answer(refusal);
    },
    requestBody(call, body) {
      if (body.length !== 'chunked') return body;
      const stream = through(call, body.stream, (chunk, offset) => {
        if (offset + chunk.length <= fault.limitBytes) return chunk;
        call.answer(refusal);
        return undefined;
      });
      return { ...body, stream };
    },
  };
}

/** Drops a body of undeclared length and tells the upstream that there is none. */
export function dropUndeclaredBody(): FaultBehaviour {
  return {
    requestBody(call, body) {
      if (body.length !== 'chunked') return body;
      call.request.resume();
      return { stream: Readable.from([]), length: 0 };
    },
  };
}

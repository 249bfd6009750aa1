import type { FaultBehaviour } from '../../../../src/lab/faults/behaviour.ts';
import { bodyThrough, through } from '../../../../src/lab/faults/through.ts';
import type { FaultOf } from './fault.ts';

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
    requestBody: (body) =>
      bodyThrough(call, body, (chunk, offset) => {
        const index = fault.atByte - offset;
        if (index < 0 || index >= chunk.length) return chunk;
        const copy = Buffer.from(chunk);
        copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
        return copy;
      }),
  });
}

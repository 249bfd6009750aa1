import type { FaultBehaviour } from '../../../../src/lab/faults/behaviour.ts';
import { bodyThrough, later, pause, through } from '../../../../src/lab/faults/through.ts';
import { requestsOn } from '../request-log.ts';
import type { FaultOf } from './fault.ts';

const flushMs = 5;

/** Resets the connection once so many bytes of the body have passed; 0: as soon as the headers are here. */
export function resetAt(fault: FaultOf<'reset-at'>): FaultBehaviour {
  return (call) => {
    const reset = (): void => {
      if (fault.gently) call.request.socket.end();
      else call.answer({ status: 0, ending: 'reset' });
    };
    async function cut(chunk: Buffer, offset: number, pass: (part: Buffer) => void): Promise<Buffer | undefined> {
      if (offset + chunk.length <= fault.afterBytes) return chunk;
      pass(chunk.subarray(0, fault.afterBytes - offset));
      // The bytes before the cut shall arrive; and the stream must not end meanwhile, or the cut would look like an end.
      later(call, flushMs, reset);
      await pause(call, 60_000);
      return undefined;
    }
    if (fault.direction === 'response') return { responseBody: (stream) => through(call, stream, cut) };
    return {
      before() {
        if (fault.afterBytes === 0) reset();
      },
      requestBody: (body) => bodyThrough(call, body, cut),
    };
  };
}

/** Holds the body once, at the chunk that passes this offset. */
export function pauseAt(fault: FaultOf<'pause-at'>): FaultBehaviour {
  return (call) => ({
    requestBody: (body) =>
      bodyThrough(call, body, async (chunk, offset) => {
        if (offset <= fault.afterBytes && offset + chunk.length > fault.afterBytes) await pause(call, fault.pauseMs);
        return chunk;
      }),
  });
}

/**
 * Takes no more of the body after so many bytes, and answers nothing.
 * The end has to come by the clock: who does not read a socket does not learn that its peer has left.
 */
export function stallAt(fault: FaultOf<'stall-at'>): FaultBehaviour {
  return (call) => ({
    requestBody: (body) =>
      bodyThrough(call, body, async (chunk, offset) => {
        if (offset + chunk.length <= fault.afterBytes) return chunk;
        await pause(call, fault.holdMs ?? 60_000);
        call.answer({ status: 0, ending: 'reset' });
        return undefined;
      }),
  });
}

/** Breaks the promise of a kept-alive connection. */
export function staleKeepAlive(fault: FaultOf<'stale-keep-alive'>): FaultBehaviour {
  return (call) => {
    if (fault.mode === 'after-response') return { after: () => void call.request.socket.end() };
    return {
      before() {
        if (requestsOn(call.request.socket) > 1) call.answer({ status: 0, ending: 'reset' });
      },
    };
  };
}

export function latency(fault: FaultOf<'latency'>): FaultBehaviour {
  return (call) => ({ before: () => pause(call, fault.delayMs) });
}

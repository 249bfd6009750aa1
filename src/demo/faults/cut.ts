import type { FaultBehaviour } from './behaviour.ts';
import type { FaultOf } from './fault.ts';
import { through } from './through.ts';

/** Resets the connection once so many bytes of the body have passed; 0: as soon as the headers are here. */
export function resetAt(fault: FaultOf<'reset-at'>): FaultBehaviour {
  return (call) => {
    const reset = (): void => call.answer({ status: 0, ending: 'reset' });
    function cut(chunk: Buffer, offset: number): Buffer | undefined {
      if (offset + chunk.length <= fault.afterBytes) return chunk;
      if (fault.direction === 'request') reset();
      else setImmediate(reset);
      return chunk.subarray(0, Math.max(0, fault.afterBytes - offset));
    }
    if (fault.direction === 'response') return { responseBody: (stream) => through(call, stream, cut) };
    return {
      before() {
        if (fault.afterBytes === 0) reset();
      },
      requestBody: (body) => ({ ...body, stream: through(call, body.stream, cut) }),
    };
  };
}

/** Takes no more of the body after so many bytes; nothing is answered, and the connection stays. */
export function stallAt(fault: FaultOf<'stall-at'>): FaultBehaviour {
  return (call) => ({
    requestBody(body) {
      const stream = through(call, body.stream, (chunk, offset) => {
        return offset + chunk.length <= fault.afterBytes ? chunk : new Promise<undefined>(() => undefined);
      });
      return { ...body, stream };
    },
  });
}

/** Breaks the promise of a kept-alive connection. */
export function staleKeepAlive(fault: FaultOf<'stale-keep-alive'>): FaultBehaviour {
  return (call) => {
    if (fault.mode === 'after-response') return { after: () => void call.request.socket.end() };
    return {
      before() {
        if (call.requestsOnConnection > 1) call.answer({ status: 0, ending: 'reset' });
      },
    };
  };
}

import type { FaultBehaviour } from './behaviour.ts';
import type { FaultOf } from './fault.ts';
import { bodyThrough, later, pause, through } from './through.ts';

/** Ends requests whose body has not arrived in time, however well it flows. */
export function totalDuration(fault: FaultOf<'total-duration'>): FaultBehaviour {
  const statuses = typeof fault.status === 'number' ? [fault.status] : fault.status;
  let answered = 0;
  return (call) => ({
    before() {
      later(call, fault.limitMs, () => {
        if (call.request.complete) return;
        const status = statuses[answered++ % statuses.length] ?? 504;
        call.answer({ ...fault, status });
      });
    },
  });
}

/** Answers in the upstream's place when it takes too long to answer a complete request. */
export function responseTimeout(fault: FaultOf<'response-timeout'>): FaultBehaviour {
  return (call) => {
    let cancel: (() => void) | undefined;
    return {
      requestSent() {
        cancel = later(call, fault.limitMs, () => call.answer({ status: fault.status, ending: 'keep-alive' }));
      },
      responseHeaders: () => cancel?.(),
    };
  };
}

/** Ends requests whose body pauses for too long, or, when that is asked for, on which nothing at all moves for so long. */
export function idleCut(fault: FaultOf<'idle-cut'>): FaultBehaviour {
  return (call) => {
    let cancel = (): void => undefined;
    const expire = (): void => {
      if (fault.whileWaiting || !call.request.complete) call.answer(fault);
    };
    function moved(): void {
      cancel();
      cancel = later(call, fault.limitMs, expire);
    }
    return {
      requestBody(body) {
        if (body.length === 'none' || body.length === 0) return body;
        moved();
        return bodyThrough(call, body, (chunk) => {
          moved();
          return chunk;
        });
      },
      requestSent() {
        if (fault.whileWaiting) moved();
      },
      responseHeaders: () => cancel(),
    };
  };
}

/** Lets bytes through at a steady rate, measured from the first one. */
export function throttle(fault: FaultOf<'throttle'>): FaultBehaviour {
  return (call) => {
    let startedAtMs: number | undefined;
    async function paced(chunk: Buffer, offset: number): Promise<Buffer> {
      startedAtMs ??= performance.now();
      const dueMs = startedAtMs + ((offset + chunk.length) / fault.bytesPerSecond) * 1000;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await pause(call, waitMs);
      return chunk;
    }
    if (fault.direction === 'response') return { responseBody: (stream) => through(call, stream, paced) };
    return { requestBody: (body) => bodyThrough(call, body, paced) };
  };
}

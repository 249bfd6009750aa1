import type { FaultBehaviour, ProxyAnswer } from '../../../../src/lab/faults/behaviour.ts';
import { bodyThrough } from '../../../../src/lab/faults/through.ts';
import { otherPage } from '../pages.ts';
import type { FaultOf } from './fault.ts';

/** Answers in the upstream's place, at once or after a part of the body. */
export function answer(fault: FaultOf<'answer'>): FaultBehaviour {
  const { status, page, headers = {}, ending = 'keep-alive', afterBytes = 0 } = fault;
  const reply: ProxyAnswer = { status, page: otherPage(page), headers, ending };
  return (call) => ({
    before() {
      if (afterBytes === 0) call.answer(reply);
    },
    requestBody(body) {
      return bodyThrough(call, body, (chunk, offset) => {
        if (offset + chunk.length <= afterBytes) return chunk;
        call.answer(reply);
        return undefined;
      });
    },
  });
}

/** Lets so many requests through in each span of time, counted from the first that was let through. */
export function rateLimit(fault: FaultOf<'rate-limit'>): FaultBehaviour {
  const { retryAfterSeconds } = fault;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let passed = 0;
  return (call) => ({
    before() {
      if (performance.now() - windowStartMs >= fault.windowMs) {
        windowStartMs = performance.now();
        passed = 0;
      }
      passed += 1;
      if (passed > fault.requests) call.answer({ status: 429, headers, ending: 'keep-alive' });
    },
  });
}

export function blockMethod(fault: FaultOf<'block-method'>): FaultBehaviour {
  return (call) => ({
    before() {
      if (fault.methods.includes(call.request.method ?? ''))
        call.answer({ status: fault.status, ending: 'keep-alive' });
    },
  });
}

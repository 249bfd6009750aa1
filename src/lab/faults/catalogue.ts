import type { FaultBehaviour } from './behaviour.ts';
import { bodyLimit, dropUndeclaredBody } from './body.ts';
import { bufferRequest } from './buffer.ts';
import type { Fault, FaultOf } from './fault.ts';
import { idleCut, responseTimeout, throttle, totalDuration } from './time.ts';

const catalogue: { readonly [Kind in Fault['kind']]: (fault: FaultOf<Kind>) => FaultBehaviour } = {
  'body-limit': bodyLimit,
  'total-duration': totalDuration,
  'response-timeout': responseTimeout,
  'idle-cut': idleCut,
  'buffer-request': bufferRequest,
  'drop-undeclared-body': dropUndeclaredBody,
  answer:
    ({ status }) =>
    (call) => ({ before: () => call.answer({ status, ending: 'keep-alive' }) }),
  throttle,
};

/** Puts a fault to work. What it counts (the turns of its answers) lives as long as the returned behaviour. */
export function behaviourOf(fault: Fault): FaultBehaviour {
  // The table's type holds each kind to its own row; TypeScript cannot follow that through the lookup.
  const build = catalogue[fault.kind] as (fault: Fault) => FaultBehaviour;
  return build(fault);
}

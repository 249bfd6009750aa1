import type { FaultBehaviour } from './behaviour.ts';
import { bodyLimit, dropUndeclaredBody } from './body.ts';
import type { Fault } from './fault.ts';

/** The behaviour of a fault. State (counters of a rate limit) lives as long as the behaviour. */
export function behaviourOf(fault: Fault): FaultBehaviour {
  switch (fault.kind) {
    case 'body-limit':
      return bodyLimit(fault);
    case 'drop-undeclared-body':
      return dropUndeclaredBody();
    default:
      throw new Error(`fault ${fault.kind} is not built yet`);
  }
}

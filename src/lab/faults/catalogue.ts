import { answer, blockMethod, rateLimit } from './answers.ts';
import type { FaultBehaviour } from './behaviour.ts';
import { bodyLimit, corruptBody, dropUndeclaredBody, truncateBody } from './body.ts';
import { bufferRequest } from './buffer.ts';
import { pauseAt, resetAt, staleKeepAlive, stallAt } from './cut.ts';
import type { Fault, FaultKind, FaultOf } from './fault.ts';
import { rewriteLocation, stripRequestHeader, stripResponseHeader } from './headers.ts';
import { idleCut, latency, responseTimeout, throttle, totalDuration } from './time.ts';

const catalogue: { readonly [Kind in FaultKind['kind']]: (fault: FaultOf<Kind>) => FaultBehaviour } = {
  'body-limit': bodyLimit,
  'total-duration': totalDuration,
  'response-timeout': responseTimeout,
  'idle-cut': idleCut,
  'buffer-request': bufferRequest,
  'drop-undeclared-body': dropUndeclaredBody,
  'truncate-body': truncateBody,
  'corrupt-body': corruptBody,
  'strip-request-header': stripRequestHeader,
  'strip-response-header': stripResponseHeader,
  'rewrite-location': rewriteLocation,
  answer,
  'rate-limit': rateLimit,
  throttle,
  latency,
  'reset-at': resetAt,
  'pause-at': pauseAt,
  'stall-at': stallAt,
  'block-method': blockMethod,
  'stale-keep-alive': staleKeepAlive,
};

/** Puts a fault to work. What it counts (a rate limit's requests) lives as long as the returned behaviour. */
export function behaviourOf(fault: Fault): FaultBehaviour {
  // The table's type holds each kind to its own row; TypeScript cannot follow that through the lookup.
  const build = catalogue[fault.kind] as (fault: FaultKind) => FaultBehaviour;
  return build(fault);
}

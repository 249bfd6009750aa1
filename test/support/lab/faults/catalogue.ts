import type { FaultBehaviour } from '../../../../src/lab/faults/behaviour.ts';
import { behaviourOf as shipped } from '../../../../src/lab/faults/catalogue.ts';
import { otherPage } from '../pages.ts';
import { answer, blockMethod, rateLimit } from './answers.ts';
import { corruptBody, truncateBody } from './body.ts';
import { latency, pauseAt, resetAt, staleKeepAlive, stallAt } from './cut.ts';
import type { Fault, FaultKind, FaultOf, FaultScope } from './fault.ts';
import { rewriteLocation, stripRequestHeader, stripResponseHeader } from './headers.ts';

const catalogue: { readonly [Kind in FaultKind['kind']]: (fault: FaultOf<Kind>) => FaultBehaviour } = {
  'body-limit': shipped,
  'total-duration': ({ page, ...fault }) =>
    shipped({ ...fault, page: typeof page === 'string' ? otherPage(page) : page }),
  'response-timeout': shipped,
  'idle-cut': shipped,
  'buffer-request': shipped,
  'drop-undeclared-body': shipped,
  throttle: shipped,
  answer,
  'truncate-body': truncateBody,
  'corrupt-body': corruptBody,
  'strip-request-header': stripRequestHeader,
  'strip-response-header': stripResponseHeader,
  'rewrite-location': rewriteLocation,
  'rate-limit': rateLimit,
  latency,
  'reset-at': resetAt,
  'pause-at': pauseAt,
  'stall-at': stallAt,
  'block-method': blockMethod,
  'stale-keep-alive': staleKeepAlive,
};

/** Puts a fault to work. What it counts (a rate limit's requests) lives as long as the returned behaviour. */
export function behaviourOf({ when = {}, ...fault }: Fault): FaultBehaviour {
  // The table's type holds each kind to its own row; TypeScript cannot follow that through the lookup.
  const build = catalogue[fault.kind] as (fault: FaultKind) => FaultBehaviour;
  return within(when, build(fault));
}

/** The behaviour for the requests of this scope; the others pass. */
function within({ methods, pathContains, everyNth = 1 }: FaultScope, behaviour: FaultBehaviour): FaultBehaviour {
  let fitting = 0;
  return (call) => {
    const { method = '', url = '' } = call.request;
    if (methods !== undefined && !methods.includes(method)) return {};
    if (pathContains !== undefined && !url.split('?')[0]?.includes(pathContains)) return {};
    fitting += 1;
    return fitting % everyNth === 0 ? behaviour(call) : {};
  };
}

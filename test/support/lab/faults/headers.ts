import type { FaultBehaviour } from '../../../../src/lab/faults/behaviour.ts';
import { parseUrl } from '../../../../src/network/parse-url.ts';
import type { FaultOf } from './fault.ts';

export function stripRequestHeader(fault: FaultOf<'strip-request-header'>): FaultBehaviour {
  return () => ({
    requestHeaders(headers) {
      for (const name of fault.names) delete headers[name.toLowerCase()];
    },
  });
}

export function stripResponseHeader(fault: FaultOf<'strip-response-header'>): FaultBehaviour {
  return () => ({
    responseHeaders(headers) {
      for (const name of fault.names) delete headers[name.toLowerCase()];
    },
  });
}

/** Gives Locations the scheme (and host) of a registry that does not know how it is reached. */
export function rewriteLocation(fault: FaultOf<'rewrite-location'>): FaultBehaviour {
  return (call) => ({
    responseHeaders(headers) {
      const { location } = headers;
      if (typeof location !== 'string') return;
      const url = parseUrl(location, `${fault.scheme}://${call.request.headers.host ?? 'localhost'}`);
      // What a registry behind answers is not the hop's business: nonsense is passed on.
      if (url === undefined) return;
      const host = fault.host ?? url.host;
      headers['location'] = `${fault.scheme}://${host}${url.pathname}${url.search}`;
    },
  });
}

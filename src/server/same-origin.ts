import type { FastifyRequest } from 'fastify';
import { parseUrl } from '../network/parse-url.ts';

/**
 * Whether another site made the browser send this request. Browsers say so themselves (Fetch Metadata, and `Origin` where
 * they do not send that yet); programs send neither header and are let in.
 */
export function isCrossSite({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    return site !== 'same-origin' && site !== 'none';
  }
  const { origin } = headers;
  return origin !== undefined && parseUrl(origin)?.host !== host;
}

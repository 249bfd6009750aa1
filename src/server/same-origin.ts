import type { FastifyRequest } from 'fastify';
import { parseUrl } from '../network/parse-url.ts';

/**
 * Whether another site may have made the browser send this request. Browsers say so themselves (Fetch Metadata, and `Origin` where
 * they do not send that). To plain http under a name they send neither with an image, a script or a style sheet; what such a
 * request asks for, or where it comes from, gives it away. Programs send none of these headers and are let in.
 */
export function isCrossSite({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';

  const cameFrom = headers.origin ?? headers.referer;
  if (cameFrom !== undefined && parseUrl(cameFrom)?.host !== host) return true;
  return isSubresource(headers.accept ?? '', headers['user-agent'] ?? '');
}

/**
 * A browser asks for a page with `text/html`, and for what a page is made of with types of images, styles, sounds or with any type at all
 * alone. Scrapers and curl send the latter as well, and do not call themselves Mozilla.
 */
function isSubresource(accept: string, userAgent: string): boolean {
  if (/\b(?:image|video|audio|font)\/|text\/css/.test(accept) && !accept.includes('text/html')) return true;
  return userAgent.startsWith('Mozilla/') && !accept.includes('text/html') && !accept.includes('application/json');
}

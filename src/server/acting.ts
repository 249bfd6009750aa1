import type { FastifyRequest } from 'fastify';
import { parseUrl } from '../network/parse-url.ts';
import { type Handler, sendText } from './routes.ts';
import type { WebAction } from './web-actions.ts';

/** What may not be done over HTTP. The demo's own routes are in the demo only, and cannot be switched off. */
export interface Acting {
  readonly action: WebAction | 'demo';
  readonly disabled?: ReadonlySet<string> | undefined;
}

/**
 * The handler of a route that does something. Whatever other sites make a browser send is refused, and what is switched off, too:
 * 403, as Prometheus answers without its --web.enable-lifecycle. `refuse` writes that as the route's other answers are written.
 */
export function acting({ action, disabled }: Acting, handler: Handler, refuse = sendText): Handler {
  return async (request, reply) => {
    if (isCrossSite(request)) return refuse(reply, 403, 'requests made by other sites are refused');
    return disabled?.has(action) === true
      ? refuse(reply, 403, `switched off by --web.disable=${action}`)
      : handler(request, reply);
  };
}

/**
 * Whether another site may have made the browser send this request. Browsers say so themselves (Fetch Metadata, and `Origin` where
 * they do not send that). To plain http under a name they send neither with an image, a script or a style sheet; what such a
 * request asks for, or where it comes from, gives it away. Programs send none of these headers and are let in.
 */
function isCrossSite({ headers, host }: FastifyRequest): boolean {
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

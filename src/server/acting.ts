import { type Handler, sendText } from './routes.ts';
import { isCrossSite } from './same-origin.ts';
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

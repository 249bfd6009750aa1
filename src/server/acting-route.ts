import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendJson } from './api-routes.ts';
import { type Handler, route, sendText } from './routes.ts';
import { isCrossSite } from './same-origin.ts';
import type { WebAction } from './web-actions.ts';

/** What may not be done over HTTP. The demo's own routes are in the demo only, and cannot be switched off. */
export interface Acting {
  readonly action: WebAction | 'demo';
  readonly disabled?: ReadonlySet<string> | undefined;
}

/**
 * Registers a route that does something. Whatever other sites make a browser send is refused, and what is switched off, too:
 * 403, as Prometheus answers without its --web.enable-lifecycle; as JSON where the route's answers are JSON.
 */
export function actingRoute(
  app: FastifyInstance,
  methods: readonly ('GET' | 'POST' | 'PUT')[],
  url: string,
  { action, disabled }: Acting,
  handler: Handler,
  schema: { readonly response?: Readonly<Record<string, object>> } = {},
): void {
  const refuse = (reply: FastifyReply, message: string): FastifyReply =>
    schema.response?.['403'] === undefined ? sendText(reply, 403, message) : sendJson(reply, 403, { error: message });
  const guarded: Handler = async (request, reply) => {
    if (isCrossSite(request)) return refuse(reply, 'requests made by other sites are refused');
    return disabled?.has(action) === true
      ? refuse(reply, `switched off by --web.disable=${action}`)
      : handler(request, reply);
  };
  route(app, methods, url, guarded, schema);
}

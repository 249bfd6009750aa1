import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { acting } from './acting.ts';
import { adviseRoute } from './advise-route.ts';
import { answerWriters } from './answer-writers.ts';
import { apiRoutes } from './api-routes.ts';
import { sendJson } from './api-route.ts';
import type { ServerDeps, WebPaths } from './deps.ts';
import { metricsRoute } from './metrics-route.ts';
import { pageFrame, pageRoutes } from './page-routes.ts';
import { pauseRoutes } from './pause-routes.ts';
import { PasswordCheck } from './password-check.ts';
import { probeRoute } from './probe-route.ts';
import { reportRoutes } from './report-routes.ts';
import { type Handler, route, sendText } from './routes.ts';
import { pageOf } from './error-page.ts';
import { runFormRoute, runRoute } from './run-routes.ts';
import { createGuard, type Guard } from './web-guard.ts';

/** Nothing from elsewhere, nothing inline: text from a registry that slips through escaping still does nothing. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers on every response. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * All routes, bound to nothing yet: give `app.routing` (after `app.ready()`) to `listenOn`, or test with `app.inject`.
 * The process's state comes in through `deps` only. Throws when the web configuration file is wrong.
 */
export function buildServer(deps: ServerDeps): FastifyInstance {
  const passwords = new PasswordCheck();
  const guard: Guard =
    deps.webConfig === undefined ? async () => undefined : createGuard(deps.webConfig, passwords, deps.log);
  const app = fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength: 200 },
    schemaController: {
      compilersFactory: { buildValidator: () => refuseToValidate, buildSerializer: answerWriters() },
    },
    // Before hooks and routes, so that it has to ask for itself who may come in.
    frameworkErrors: (error, request, reply) =>
      void guard(request as FastifyRequest, reply as FastifyReply).then(
        (refused) => refused ?? sendError(deps, error, reply as FastifyReply),
      ),
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(securityHeaders);
  });
  app.addHook('onRequest', guard);
  app.addHook('onClose', () => passwords.close());
  app.setErrorHandler((error, _request, reply) => sendError(deps, error, reply));
  app.setNotFoundHandler((_request, reply) => sendText(reply, 404, 'there is nothing here'));

  const paths = webPaths(deps.paths);
  const frame = pageFrame(deps, paths);
  app.addHook('onSend', async (request, reply, payload) => pageOf(request, reply, payload, frame));
  void app.register(
    async (scope) => {
      healthRoutes(scope, deps);
      metricsRoute(scope, paths.telemetryPath, deps);
      pageRoutes(scope, deps, frame);
      apiRoutes(scope, deps, frame);
      reportRoutes(scope, deps, frame);
      adviseRoute(scope, deps);
      probeRoute(scope, deps);
      runRoute(scope, deps, frame);
      runFormRoute(scope, deps, frame);
      pauseRoutes(scope, deps);
      deps.extraRoutes?.(scope);
    },
    paths.routePrefix === '/' ? {} : { prefix: paths.routePrefix },
  );
  if (paths.routePrefix !== '/')
    route(app, ['GET'], '/', async (_request, reply) => reply.redirect(`${paths.externalPath}/`.replace('//', '/')));
  return app;
}

/** Requests are read by hand. Fastify would load and set up a validator at each start, for schemas that no route has. */
function refuseToValidate(): never {
  throw new Error('routes have no schemas for what they take; give buildServer a validator first');
}

function webPaths(paths: Partial<WebPaths> = {}): WebPaths {
  const routePrefix = paths.routePrefix ?? '/';
  return {
    routePrefix,
    externalPath: paths.externalPath ?? routePrefix,
    telemetryPath: paths.telemetryPath ?? '/metrics',
  };
}

function healthRoutes(app: FastifyInstance, deps: ServerDeps): void {
  route(app, ['GET'], '/-/healthy', async (_request, reply) => sendText(reply, 200, 'healthy'));
  route(app, ['GET'], '/-/ready', async (_request, reply) => {
    const readiness = deps.readiness();
    return readiness.ready ? sendText(reply, 200, 'ready') : sendText(reply, 503, `not ready: ${readiness.reason}`);
  });
  const reload: Handler = async (_request, reply) => {
    const { ok, message } = await deps.reload();
    return sendText(reply, ok ? 200 : 500, message);
  };
  route(app, ['POST', 'PUT'], '/-/reload', acting({ action: 'reload', disabled: deps.disabled }, reload));
}

/** The client learns what it did wrong; what we did wrong goes to the log, under the id that the client gets. */
function sendError(deps: ServerDeps, error: unknown, reply: FastifyReply): FastifyReply {
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  reply.headers(securityHeaders);
  if (status >= 400 && status < 500) {
    const message = error instanceof Error ? error.message : 'bad request';
    const isApi = reply.request.routeOptions.url?.includes('/api/v1/') === true;
    return isApi ? sendJson(reply, status, { error: message }) : sendText(reply, status, message);
  }
  deps.log.error({ err: error, requestId: reply.request.id, url: reply.request.url }, 'request failed');
  return sendText(reply, 500, `internal error; the log has it under request ${reply.request.id}`);
}

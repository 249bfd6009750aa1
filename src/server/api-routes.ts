import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiSchemas } from '../publish/api/schemas.ts';
import { openApiDocument, type Operation, operations } from '../publish/api/openapi.ts';
import { limitView } from '../publish/limit-view.ts';
import { lastRuns } from '../publish/causes-now.ts';
import { findingFor } from '../probe/diagnose/judge-run.ts';
import { liveRunView, runSummary, runView } from '../publish/run-view.ts';
import type { PageFrame } from '../publish/page/layout.ts';
import { mostRecentRuns, statusOf } from '../publish/status.ts';
import { apiRoute, sendError, sendJson } from './api-route.ts';
import type { ServerDeps } from './deps.ts';
import { noticesOf } from './notices.ts';
import { pauseView } from './pause-routes.ts';
import { queryFlag, queryNumber, queryText, route } from './routes.ts';

const runsInAnswer = 200;
/** With more checks, their recent runs come only when asked for: a thousand checks have 6 MB of them. */
const checksWithRuns = 120;

/** The pages' content as JSON, written by the schemas that the OpenAPI document publishes. */
export function apiRoutes(app: FastifyInstance, deps: ServerDeps, { base }: PageFrame): void {
  const now = deps.now ?? (() => new Date());
  for (const [name, schema] of Object.entries(apiSchemas)) app.addSchema({ $id: name, ...schema });
  route(app, ['GET'], '/api/v1/openapi.json', async (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(openApiDocument(deps.build.version, base), undefined, 2)),
  );
  const get = (operation: Operation, answer: () => object): void =>
    apiRoute(app, operation, async (_request, reply) => sendJson(reply, 200, answer()));
  statusRoute(app, deps, now);
  get(operations.limits, () => ({ limits: deps.limits().map(limitView) }));
  get(operations.verdicts, () => ({ verdicts: deps.verdicts() }));
  runRoutes(app, deps);
}

function statusRoute(app: FastifyInstance, deps: ServerDeps, now: () => Date): void {
  const answer = (request: FastifyRequest): object => {
    const registry = queryText(request, 'registry');
    const checks = deps.checks().filter((check) => registry === undefined || check.registry.name === registry);
    const recentRuns =
      queryNumber(request, 'recent', { least: 0, most: mostRecentRuns }) ??
      (checks.length > checksWithRuns ? 0 : mostRecentRuns);
    return {
      now: now(),
      readiness: deps.readiness(),
      pause: pauseView(deps.pause.state()),
      build: deps.build,
      notices: noticesOf(deps),
      recentRuns,
      registries: statusOf(checks, deps.history, now(), recentRuns),
      verdicts: deps.verdicts(),
      limits: deps.limits().map(limitView),
      apis: deps.apis(),
    };
  };
  apiRoute(app, operations.status, async (request, reply) => sendJson(reply, 200, answer(request)));
}

function runRoutes(app: FastifyInstance, { checks, history, liveRuns }: ServerDeps): void {
  apiRoute(app, operations.runs, async (request, reply) => {
    const ended = history.list({
      checkId: queryText(request, 'check'),
      failuresOnly: queryFlag(request, 'failures'),
      limit: queryNumber(request, 'limit', { least: 1, most: runsInAnswer }) ?? runsInAnswer,
    });
    return sendJson(reply, 200, {
      running: liveRuns.list().map(liveRunView),
      runs: ended.map((one) => runSummary(one, history.isOnDemand(one.id))),
    });
  });
  apiRoute(app, operations.run, async (request, reply) => {
    const { id } = request.params as { id: string };
    const ended = history.get(id);
    const live = liveRuns.get(id);
    if (ended !== undefined) {
      const finding = findingFor(ended, lastRuns({ checks, history }));
      return sendJson(reply, 200, runView(ended, history.isOnDemand(id), finding));
    }
    return live === undefined ? sendError(reply, 404, 'no such run') : sendJson(reply, 202, liveRunView(live));
  });
}

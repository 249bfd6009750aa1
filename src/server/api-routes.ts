import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { apiSchemas } from '../publish/api/schemas.ts';
import { openApiDocument, operations } from '../publish/api/openapi.ts';
import { limitView } from '../publish/limit-view.ts';
import { findingOf, lastRuns } from '../publish/causes-now.ts';
import { liveRunView, runSummary, runView } from '../publish/run-view.ts';
import { mostRecentRuns, statusOf } from '../publish/status.ts';
import type { ServerDeps, WebPaths } from './deps.ts';
import { noticesOf } from './notices.ts';
import { pauseView } from './pause-view.ts';
import { queryCount, queryFlag, queryNumber, queryText, route } from './routes.ts';

const runsInAnswer = 200;
/** With more checks, their recent runs come only when asked for: a thousand checks have 6 MB of them. */
const checksWithRuns = 120;

/** The pages' content as JSON, written by the schemas that the OpenAPI document publishes. */
export function apiRoutes(app: FastifyInstance, deps: ServerDeps, paths: WebPaths): void {
  const now = deps.now ?? (() => new Date());
  const base = paths.externalPath === '/' ? '' : paths.externalPath;
  for (const [name, schema] of Object.entries(apiSchemas)) app.addSchema({ $id: name, ...schema });
  route(app, ['GET'], '/api/v1/openapi.json', async (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(openApiDocument(deps.build.version, base), undefined, 2)),
  );
  const get = (operation: Operation, answer: () => object): void =>
    route(
      app,
      ['GET'],
      operation.path,
      async (_request, reply) => sendJson(reply, 200, answer()),
      answersOf(operation),
    );
  statusRoute(app, deps, now);
  get(operations.limits, () => ({ limits: (deps.limits?.() ?? []).map(limitView) }));
  get(operations.verdicts, () => ({ verdicts: deps.verdicts?.() ?? [] }));
  runRoutes(app, deps);
}

function statusRoute(app: FastifyInstance, deps: ServerDeps, now: () => Date): void {
  const answer = (request: FastifyRequest): object => {
    const registry = queryText(request, 'registry');
    const checks = deps.checks().filter((check) => registry === undefined || check.registry.name === registry);
    const recentRuns =
      queryCount(request, 'recent', mostRecentRuns) ?? (checks.length > checksWithRuns ? 0 : mostRecentRuns);
    return {
      now: now(),
      readiness: deps.readiness(),
      pause: pauseView(deps.pause?.state()),
      build: deps.build,
      notices: noticesOf(deps),
      recentRuns,
      registries: statusOf(checks, deps.history, now(), recentRuns),
      verdicts: deps.verdicts?.() ?? [],
      limits: (deps.limits?.() ?? []).map(limitView),
      apis: deps.apis?.() ?? [],
    };
  };
  const { status } = operations;
  route(app, ['GET'], status.path, async (request, reply) => sendJson(reply, 200, answer(request)), answersOf(status));
}

function runRoutes(app: FastifyInstance, { checks, history, liveRuns }: ServerDeps): void {
  const { runs, run } = operations;
  route(
    app,
    ['GET'],
    runs.path,
    async (request, reply) => {
      const check = queryText(request, 'check');
      const ended = history.list({
        checkId: check,
        failuresOnly: queryFlag(request, 'failures'),
        limit: queryNumber(request, 'limit', runsInAnswer),
      });
      return sendJson(reply, 200, {
        running: (liveRuns?.list() ?? []).map(liveRunView),
        runs: ended.map((one) => runSummary(one, history.isOnDemand(one.id))),
      });
    },
    answersOf(runs),
  );
  route(
    app,
    ['GET'],
    run.path.replace('{id}', ':id'),
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const ended = history.get(id);
      if (ended !== undefined) {
        return sendJson(
          reply,
          200,
          runView(ended, history.isOnDemand(id), findingOf(ended, lastRuns({ checks, history }))),
        );
      }
      const live = liveRuns?.get(id);
      return live === undefined
        ? sendJson(reply, 404, { error: 'no such run' })
        : sendJson(reply, 202, liveRunView(live));
    },
    answersOf(run),
  );
}

interface Operation {
  readonly path: string;
  readonly answers: Readonly<Record<number, string>>;
}

/** The schemas of an operation's answers, as fastify takes them. */
export function answersOf({ answers }: Operation): { readonly response: Readonly<Record<string, object>> } {
  return {
    response: Object.fromEntries(Object.entries(answers).map(([status, name]) => [status, { $ref: `${name}#` }])),
  };
}

/** Sends an object; fastify writes it by the route's schema. */
export function sendJson(reply: FastifyReply, status: number, value: object): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').header('cache-control', 'no-store').send(value);
}

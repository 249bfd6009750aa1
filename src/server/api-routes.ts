import type { FastifyInstance, FastifyReply } from 'fastify';
import { runSummary, runView } from '../publish/run-view.ts';
import { statusOf } from '../publish/status.ts';
import type { ServerDeps } from './deps.ts';
import { queryFlag, queryNumber, queryText, route } from './routes.ts';

const runsInAnswer = 200;

/** The pages' content as JSON. Times are RFC 3339, durations milliseconds, sizes bytes. */
export function apiRoutes(app: FastifyInstance, deps: ServerDeps): void {
  const now = deps.now ?? (() => new Date());
  route(app, ['GET'], '/api/v1/status', async (_request, reply) =>
    sendJson(reply, 200, {
      now: now(),
      readiness: deps.readiness(),
      build: deps.build,
      registries: statusOf(deps.checks(), deps.history, now()),
      verdicts: deps.verdicts?.() ?? [],
      limits: deps.limits?.() ?? [],
    }),
  );
  route(app, ['GET'], '/api/v1/runs', async (request, reply) => {
    const check = queryText(request, 'check');
    const runs = deps.history.list({
      ...(check === undefined ? {} : { checkId: check }),
      failuresOnly: queryFlag(request, 'failures'),
      limit: queryNumber(request, 'limit', runsInAnswer),
    });
    return sendJson(reply, 200, { runs: runs.map(runSummary) });
  });
  route(app, ['GET'], '/api/v1/runs/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const run = deps.history.get(id);
    return run === undefined ? sendJson(reply, 404, { error: 'no such run' }) : sendJson(reply, 200, runView(run));
  });
}

function sendJson(reply: FastifyReply, status: number, value: object): FastifyReply {
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(value));
}

import type { FastifyInstance } from 'fastify';
import { operations } from '../publish/api/openapi.ts';
import { actingRoute } from './acting-route.ts';
import { answersOf, sendJson } from './api-routes.ts';
import type { WebPaths } from './deps.ts';
import type { OnDemand, RunRequest } from './on-demand.ts';

/**
 * `POST /api/v1/run`: starts or queues a run and answers at once with its id. A form of another site can send neither
 * JSON nor hide where it comes from, so it cannot start one in the name of somebody who is logged in.
 */
export function runRoute(
  app: FastifyInstance,
  onDemand: OnDemand,
  paths: WebPaths,
  disabled?: ReadonlySet<string>,
): void {
  const base = paths.externalPath === '/' ? '' : paths.externalPath;
  actingRoute(
    app,
    ['POST'],
    operations.start.path,
    { action: 'run', disabled },
    async (request, reply) => {
      const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
      if (mediaType.trim().toLowerCase() !== 'application/json')
        return sendJson(reply, 415, { error: 'send a JSON object with content type application/json' });
      const wanted = runRequest(request.body);
      if (wanted === undefined)
        return sendJson(reply, 400, { error: `expected an object of texts with the keys ${keys.join(', ')}` });
      const answer = onDemand.start(wanted);
      if (answer.kind === 'refused') return sendJson(reply, 400, { error: answer.message });
      if (answer.kind === 'busy')
        return sendJson(reply.header('retry-after', String(answer.retryAfterSeconds)), 503, { error: answer.message });
      const location = `${base}/runs/${encodeURIComponent(answer.id)}`;
      return sendJson(reply.header('location', location), 202, { id: answer.id, location });
    },
    answersOf(operations.start),
  );
}

const keys = ['registry', 'path', 'client', 'workload', 'size', 'retries'] as const satisfies (keyof RunRequest)[];

/** undefined when the body is anything but an object of texts with known keys. */
function runRequest(body: unknown): RunRequest | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const known: readonly string[] = keys;
  const entries = Object.entries(body);
  return entries.every(([key, value]) => known.includes(key) && typeof value === 'string')
    ? Object.fromEntries(entries)
    : undefined;
}

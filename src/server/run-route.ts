import type { FastifyInstance } from 'fastify';
import { operations } from '../publish/api/openapi.ts';
import type { PageFrame } from '../publish/page/layout.ts';
import { acting } from './acting.ts';
import { apiRoute, sendError, sendJson } from './api-route.ts';
import type { ServerDeps } from './deps.ts';
import { type RunRequest, runRequestKeys } from './on-demand.ts';
import type { Handler } from './routes.ts';

/**
 * `POST /api/v1/run`: starts or queues a run and answers at once with its id. A form of another site can send neither
 * JSON nor hide where it comes from, so it cannot start one in the name of somebody who is logged in.
 */
export function runRoute(app: FastifyInstance, { onDemand, disabled }: ServerDeps, { base }: PageFrame): void {
  const handler: Handler = async (request, reply) => {
    const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
    if (mediaType.trim().toLowerCase() !== 'application/json')
      return sendError(reply, 415, 'send a JSON object with content type application/json');
    const wanted = runRequest(request.body);
    if (wanted === undefined)
      return sendError(reply, 400, `expected an object of texts with the keys ${runRequestKeys.join(', ')}`);
    const answer = onDemand.start(wanted);
    if (answer.kind === 'refused') return sendError(reply, 400, answer.message);
    if (answer.kind === 'busy')
      return sendError(reply.header('retry-after', String(answer.retryAfterSeconds)), 503, answer.message);
    const location = `${base}/runs/${encodeURIComponent(answer.id)}`;
    return sendJson(reply.header('location', location), 202, { id: answer.id, location });
  };
  apiRoute(app, operations.start, acting({ action: 'run', disabled }, handler, sendError));
}

/** undefined when the body is anything but an object of texts with known keys. */
function runRequest(body: unknown): RunRequest | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const known: readonly string[] = runRequestKeys;
  const entries = Object.entries(body);
  return entries.every(([key, value]) => known.includes(key) && typeof value === 'string')
    ? Object.fromEntries(entries)
    : undefined;
}

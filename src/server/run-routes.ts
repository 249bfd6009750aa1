import type { FastifyInstance } from 'fastify';
import { operations } from '../publish/api/openapi.ts';
import { checkLabelNames } from '../publish/metrics/metric-spec.ts';
import { layout, type PageFrame } from '../publish/page/layout.ts';
import { messagePage } from '../publish/page/message-page.ts';
import { acting } from './acting.ts';
import { apiRoute, sendError, sendJson } from './api-route.ts';
import type { ServerDeps } from './deps.ts';
import { type RunRequest, runRequestKeys } from './on-demand.ts';
import { type Handler, queryTexts, route, sendHtml } from './routes.ts';

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

/**
 * `POST /run?registry=…`: what the buttons of the pages send; leads to the run's page. Buttons work without JavaScript, so what is wanted
 * stands in the URL and the body is not looked at. Forms of other sites are refused as everywhere.
 */
export function runFormRoute(app: FastifyInstance, { onDemand, disabled }: ServerDeps, frame: PageFrame): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', (_request, payload, done) => {
    payload.resume();
    done(null, undefined);
  });
  const handler: Handler = async (request, reply) => {
    const answer = onDemand.start(queryTexts(request, checkLabelNames));
    if (answer.kind === 'started') return reply.redirect(`${frame.base}/runs/${encodeURIComponent(answer.id)}`, 303);
    const page = messagePage('Nothing was started', answer.message, frame);
    return sendHtml(reply.code(answer.kind === 'refused' ? 400 : 503), layout(frame, page));
  };
  route(app, ['POST'], '/run', acting({ action: 'run', disabled }, handler));
}

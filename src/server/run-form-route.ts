import type { FastifyInstance } from 'fastify';
import { checkLabelNames } from '../publish/metrics/metric-spec.ts';
import { layout, type PageFrame } from '../publish/page/layout.ts';
import { messagePage } from '../publish/page/message-page.ts';
import { acting } from './acting.ts';
import type { ServerDeps } from './deps.ts';
import { type Handler, queryTexts, route, sendHtml } from './routes.ts';

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

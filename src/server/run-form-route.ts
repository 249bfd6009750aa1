import type { FastifyInstance } from 'fastify';
import { layout, type PageFrame } from '../publish/page/layout.ts';
import { messagePage } from '../publish/page/message-page.ts';
import { actingRoute } from './acting-route.ts';
import type { OnDemand } from './on-demand.ts';
import { queryText, sendHtml } from './routes.ts';

/**
 * `POST /run?registry=…`: what the buttons of the pages send; leads to the run's page. Buttons work without JavaScript, so what is wanted
 * stands in the URL and the body is not looked at. Forms of other sites are refused as everywhere.
 */
export function runFormRoute(
  app: FastifyInstance,
  onDemand: OnDemand,
  frame: PageFrame,
  disabled?: ReadonlySet<string>,
): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', (_request, payload, done) => {
    payload.resume();
    done(null, undefined);
  });
  actingRoute(app, ['POST'], '/run', { action: 'run', disabled }, async (request, reply) => {
    const [registry, path, client, workload] = ['registry', 'path', 'client', 'workload'].map((name) =>
      queryText(request, name),
    );
    const answer = onDemand.start({ registry, path, client, workload });
    if (answer.kind === 'started') return reply.redirect(`${frame.base}/runs/${encodeURIComponent(answer.id)}`, 303);
    const page = messagePage('Nothing was started', answer.message, frame);
    return sendHtml(reply.code(answer.kind === 'refused' ? 400 : 503), layout(frame, page));
  });
}

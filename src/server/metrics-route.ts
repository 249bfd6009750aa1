import type { FastifyInstance } from 'fastify';
import { gzipStream, plainStream } from '../publish/metrics/answer-streams.ts';
import { contentTypes } from '../publish/metrics/exposition.ts';
import { acceptsGzip, negotiateFormat } from './accept.ts';
import type { ServerDeps } from './deps.ts';
import { route, sendText } from './routes.ts';

/** `GET /metrics` in the format and encoding that the scraper prefers. A scrape is under way until its answer is read, or its client cut off. */
export function metricsRoute(app: FastifyInstance, url: string, deps: ServerDeps): void {
  const limit = deps.maxRequests ?? 40;
  let underWay = 0;
  route(app, ['GET'], url, async (request, reply) => {
    if (limit > 0 && underWay >= limit)
      return sendText(reply.header('retry-after', '1'), 503, `limit of ${limit} concurrent scrapes reached`);
    underWay += 1;
    const end = (): void => {
      underWay -= 1;
    };
    try {
      const format = negotiateFormat(request.headers.accept);
      const answer = await deps.renderMetrics(format);
      reply.type(contentTypes[format]).header('vary', 'Accept, Accept-Encoding').header('cache-control', 'no-store');
      const isGzip = acceptsGzip(headerText(request.headers['accept-encoding']));
      const body = isGzip ? gzipStream(answer) : plainStream(answer);
      body.once('close', end);
      return reply.headers(isGzip ? { 'content-encoding': 'gzip' } : {}).send(body);
    } catch (error) {
      end();
      throw error;
    }
  });
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { contentTypes } from '../publish/exposition.ts';
import { acceptsGzip, negotiateFormat } from './accept.ts';
import type { ServerDeps } from './deps.ts';
import { route, sendText } from './routes.ts';

const compress = promisify(gzip);
/** Most of the saving for a fraction of the time: the compression shares its processor with running pushes. */
const compressionLevel = 2;

/** `GET /metrics` in the format and encoding that the scraper prefers. */
export function metricsRoute(app: FastifyInstance, url: string, deps: ServerDeps): void {
  const limit = deps.maxRequests ?? 40;
  let underWay = 0;
  route(app, ['GET'], url, async (request, reply) => {
    if (limit > 0 && underWay >= limit) {
      return sendText(reply.header('retry-after', '1'), 503, `limit of ${limit} concurrent scrapes reached`);
    }
    underWay += 1;
    try {
      const format = negotiateFormat(request.headers.accept);
      const text = await deps.renderMetrics(format);
      reply.type(contentTypes[format]).header('vary', 'Accept, Accept-Encoding').header('cache-control', 'no-store');
      if (!acceptsGzip(headerText(request.headers['accept-encoding']))) {
        return reply.send(text);
      }
      return reply.header('content-encoding', 'gzip').send(await compress(text, { level: compressionLevel }));
    } finally {
      underWay -= 1;
    }
  });
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

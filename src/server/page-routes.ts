import type { FastifyInstance } from 'fastify';
import { html } from '../publish/html.ts';
import type { ServerDeps, WebPaths } from './deps.ts';
import { route, sendHtml } from './routes.ts';

/** Pages for people. */
export function pageRoutes(app: FastifyInstance, deps: ServerDeps, paths: WebPaths): void {
  const base = paths.externalPath === '/' ? '' : paths.externalPath;
  route(app, ['GET'], '/', async (_request, reply) =>
    sendHtml(
      reply,
      html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>blobprobe</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>blobprobe</h1>
<p>Pushes synthetic blobs to container registries over every path, and says where and why pushes die.</p>
<ul><li><a href="${base}${paths.telemetryPath}">Metrics</a></li></ul>
<p>Version ${deps.build.version}, revision ${deps.build.revision}, Node ${deps.build.nodeVersion}</p>
</body>
</html>
`,
    ),
  );
}

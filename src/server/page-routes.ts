import type { FastifyInstance } from 'fastify';
import { html, type SafeHtml } from '../publish/html.ts';
import { icon, script, styleSheet } from '../publish/page/assets.ts';
import { layout, type Page, type PageFrame } from '../publish/page/layout.ts';
import { liveRunPage } from '../publish/page/live-pages.ts';
import { runPage, runsPage } from '../publish/page/run-pages.ts';
import { statusPage } from '../publish/page/status-page.ts';
import { statusOf } from '../publish/status.ts';
import type { ServerDeps, WebPaths } from './deps.ts';
import { noticesOf } from './notices.ts';
import { queryFlag, queryNumber, route, sendHtml } from './routes.ts';

const newestFailures = 20;
const runsOnPage = 200;

/** Pages for people. */
export function pageRoutes(app: FastifyInstance, deps: ServerDeps, paths: WebPaths): void {
  const frame = pageFrame(deps, paths);
  const now = deps.now ?? (() => new Date());
  const show = (page: Page): SafeHtml => layout(frame, page);

  route(app, ['GET'], '/', async (_request, reply) => {
    const facts = {
      now: now(),
      registries: statusOf(deps.checks(), deps.history, now()),
      failures: deps.history.list({ failuresOnly: true, limit: newestFailures }),
      verdicts: deps.verdicts?.() ?? [],
      limits: deps.limits?.() ?? [],
      apis: deps.apis?.() ?? [],
      notices: noticesOf(deps),
    };
    return sendHtml(reply, show(statusPage(frame, facts)));
  });
  route(app, ['GET'], '/runs', async (request, reply) => {
    const failuresOnly = queryFlag(request, 'failures');
    const limit = queryNumber(request, 'limit', runsOnPage);
    const runs = deps.history.list({ failuresOnly, limit });
    const live = deps.liveRuns?.list() ?? [];
    const facts = { now: now(), runs, failuresOnly, live, isOnDemand: (id: string) => deps.history.isOnDemand(id) };
    return sendHtml(reply, show(runsPage(frame, facts)));
  });
  route(app, ['GET'], '/runs/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const run = deps.history.get(id);
    if (run !== undefined) {
      return sendHtml(reply, show(runPage(frame, run, deps.history.isOnDemand(id))));
    }
    const live = deps.liveRuns?.get(id);
    if (live !== undefined) {
      return sendHtml(reply.code(202), show(liveRunPage(frame, live, now())));
    }
    const body = html`<h1>No such run</h1>
<p>Runs are kept in memory: the last of each check, failures longer than successes. This one is gone, or never was.</p>`;
    return sendHtml(reply.code(404), show({ title: 'No such run', body }));
  });
  route(app, ['GET'], '/config', async (_request, reply) => {
    const body = html`<h1>Configuration in force</h1>
<pre tabindex="0">${deps.redactedConfig()}</pre>`;
    return sendHtml(reply, show({ title: 'Configuration', body }));
  });
  assetRoutes(app);
}

/** The surroundings of every page. */
export function pageFrame({ build }: ServerDeps, { externalPath, telemetryPath }: WebPaths): PageFrame {
  return { base: externalPath === '/' ? '' : externalPath, telemetryPath, ...build };
}

function assetRoutes(app: FastifyInstance): void {
  const assets = [
    ['/style.css', 'text/css; charset=utf-8', styleSheet],
    ['/app.js', 'text/javascript; charset=utf-8', script],
    ['/icon.svg', 'image/svg+xml', icon],
  ] as const;
  for (const [url, type, content] of assets) {
    route(app, ['GET'], url, async (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(content),
    );
  }
}

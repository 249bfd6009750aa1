import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html, type SafeHtml } from '../publish/html.ts';
import { icon, script, styleSheet } from '../publish/page/assets.ts';
import { layout, type Page, type PageFrame } from '../publish/page/layout.ts';
import { liveRunPage } from '../publish/page/live-pages.ts';
import { runPage, runsPage } from '../publish/page/run-pages.ts';
import { statusPage } from '../publish/page/status-page.ts';
import { statusView } from '../publish/status-view.ts';
import type { ServerDeps, WebPaths } from './deps.ts';
import { noticesOf } from './notices.ts';
import { queryFlag, queryNumber, queryPage, queryText, route, sendHtml } from './routes.ts';

const newestFailures = 20;
const runsOnPage = 200;

/** Pages for people. */
export function pageRoutes(app: FastifyInstance, deps: ServerDeps, paths: WebPaths): void {
  const frame = pageFrame(deps, paths);
  const now = deps.now ?? (() => new Date());
  const show = (page: Page): SafeHtml => layout(frame, page);

  route(app, ['GET'], '/', async (request, reply) => {
    const page = statusOfAll(request, deps, frame, now());
    return page === undefined ? sendHtml(reply.code(404), show(noSuchRegistry(frame))) : sendHtml(reply, show(page));
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

/** undefined: no check is about the registry that was asked for. */
function statusOfAll(request: FastifyRequest, deps: ServerDeps, frame: PageFrame, now: Date): Page | undefined {
  const registry = queryText(request, 'registry');
  const view = statusView(deps.checks(), deps.history, now, { registry, page: queryPage(request) });
  return (
    view &&
    statusPage(frame, {
      now,
      view,
      failures: deps.history.list({
        failuresOnly: true,
        limit: newestFailures,
        ...(registry === undefined ? {} : { registry }),
      }),
      verdicts: deps.verdicts?.() ?? [],
      limits: deps.limits?.() ?? [],
      apis: deps.apis?.() ?? [],
      notices: noticesOf(deps),
    })
  );
}

function noSuchRegistry(frame: PageFrame): Page {
  const body = html`<h1>No such registry</h1>
<p>No check in force is about it. <a href="${frame.base}/">All registries</a></p>`;
  return { title: 'No such registry', body };
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

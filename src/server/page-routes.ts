import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type CheckLabels, checkId } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';
import { html, type SafeHtml } from '../publish/html.ts';
import { icon, script, styleSheet } from '../publish/page/assets.ts';
import { layout, type Page, type PageFrame } from '../publish/page/layout.ts';
import { liveRunPage } from '../publish/page/live-pages.ts';
import { runPage, type RunPageFacts, runsPage } from '../publish/page/run-pages.ts';
import { messagePage } from '../publish/page/message-page.ts';
import { statusPage } from '../publish/page/status-page.ts';
import { checkLabelNames } from '../publish/metrics/metric-spec.ts';
import { findingFor } from '../probe/diagnose/judge-run.ts';
import { causesNow, lastRuns } from '../publish/causes-now.ts';
import { statusView } from '../publish/status-view.ts';
import type { ServerDeps, WebPaths } from './deps.ts';
import { noticesOf } from './notices.ts';
import { queryFlag, queryNumber, queryText, route, sendHtml } from './routes.ts';

const newestFailures = 20;
const runsOnPage = 200;

/** Pages for people. */
export function pageRoutes(app: FastifyInstance, deps: ServerDeps, frame: PageFrame): void {
  const now = deps.now ?? (() => new Date());
  const show = (page: Page): SafeHtml => layout(frame, page);

  route(app, ['GET'], '/', async (request, reply) => {
    const page = statusOfAll(request, deps, frame, now());
    return page === undefined ? sendHtml(reply.code(404), show(noSuchRegistry(frame))) : sendHtml(reply, show(page));
  });
  route(app, ['GET'], '/runs', async (request, reply) => {
    const failuresOnly = queryFlag(request, 'failures');
    const limit = queryNumber(request, 'limit', { least: 1, most: runsOnPage }) ?? runsOnPage;
    const about = aboutOf(request);
    const runs = deps.history.list({ failuresOnly, limit, about });
    const live = deps.liveRuns.list();
    const facts = {
      now: now(),
      runs,
      failuresOnly,
      about,
      live,
      isOnDemand: (id: string) => deps.history.isOnDemand(id),
    };
    return sendHtml(reply, show(runsPage(frame, facts)));
  });
  route(app, ['GET'], '/runs/', async (_request, reply) => reply.redirect(`${frame.base}/runs`, 308));
  route(app, ['GET'], '/runs/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const run = deps.history.get(id);
    if (run !== undefined) return sendHtml(reply, show(runPage(frame, run, factsOf(run, deps))));
    const live = deps.liveRuns.get(id);
    if (live !== undefined) return sendHtml(reply.code(202), show(liveRunPage(frame, live, now())));
    const words =
      'Runs are kept in memory: the last of each check, failures longer than successes. This one is gone, or never was.';
    return sendHtml(reply.code(404), show(messagePage('No such run', words, frame)));
  });
  route(app, ['GET'], '/config', async (_request, reply) => {
    const body = html`<h1>Configuration in force</h1>
<pre class="whole" tabindex="0">${deps.redactedConfig()}</pre>`;
    return sendHtml(reply, show({ title: 'Configuration', body }));
  });
  assetRoutes(app);
}

function factsOf(run: Run, deps: ServerDeps): RunPageFacts {
  const isChecked = deps.checks().some((check) => checkId(check) === checkId(run.check));
  return {
    onDemand: deps.history.isOnDemand(run.id),
    finding: findingFor(run, lastRuns(deps)),
    mayRun: isChecked && mayRun(deps),
  };
}

/** `?registry=…&path=…&client=…&workload=…`: the runs that are asked for, those of boards and alerts. */
function aboutOf(request: FastifyRequest): Partial<CheckLabels> {
  return Object.fromEntries(checkLabelNames.map((name) => [name, queryText(request, name) || undefined]));
}

/** Whether pages may show buttons that start runs. */
function mayRun({ disabled }: ServerDeps): boolean {
  return disabled?.has('run') !== true;
}

/** undefined: no check is about the registry that was asked for. */
function statusOfAll(request: FastifyRequest, deps: ServerDeps, frame: PageFrame, now: Date): Page | undefined {
  const registry = queryText(request, 'registry');
  const checks = deps.checks();
  const view = statusView(checks, deps.history, now, {
    registry,
    page: queryNumber(request, 'page', { least: 1, most: Number.MAX_SAFE_INTEGER }) ?? 1,
  });
  return (
    view &&
    statusPage(frame, {
      now,
      view,
      failures: deps.history.list({
        failuresOnly: true,
        limit: newestFailures,
        about: { registry },
      }),
      verdicts: deps.verdicts(),
      limits: deps.limits(),
      apis: deps.apis(),
      causes: causesNow(
        registry === undefined ? checks : checks.filter((check) => check.registry.name === registry),
        deps.history,
        now,
      ),
      mayRun: mayRun(deps),
      dueInMs: (check) => deps.dueInMs(check),
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

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html } from '../publish/html.ts';
import { operations } from '../publish/api/openapi.ts';
import { layout, type PageFrame } from '../publish/page/layout.ts';
import { daemonReports, reportView } from '../publish/report/daemon-report.ts';
import { htmlReportBody } from '../publish/report/html-document.ts';
import { renderMarkdown } from '../publish/report/markdown.ts';
import { buildReport } from '../publish/report/report.ts';
import type { ReportData } from '../publish/report/report-data.ts';
import { apiRoute, sendError, sendJson } from './api-route.ts';
import type { ServerDeps } from './deps.ts';
import { queryText, route, sendHtml, sendText } from './routes.ts';

/** What to tell others about a registry: for people as a page or as Markdown to paste, for machines as JSON. */
export function reportRoutes(app: FastifyInstance, deps: ServerDeps, frame: PageFrame): void {
  route(app, ['GET'], '/report', async (request, reply) => {
    const format = queryText(request, 'format') ?? 'html';
    if (format !== 'html' && format !== 'markdown')
      return sendText(reply, 400, 'format is html or markdown; JSON is at /api/v1/report');
    const reports = wanted(request, deps);
    if (reports === undefined) return sendText(reply, 404, noSuchRegistry);
    const documents = reports.map(buildReport);
    if (format === 'markdown') {
      const text = documents.map(renderMarkdown).join('\n');
      return reply.type('text/markdown; charset=utf-8').header('cache-control', 'no-store').send(text);
    }
    const registry = queryText(request, 'registry');
    const query = registry === undefined ? '' : `&registry=${encodeURIComponent(registry)}`;
    const jsonQuery = registry === undefined ? '' : `?registry=${encodeURIComponent(registry)}`;
    const body = html`<p class="soft screen">From what is in memory: scheduled runs, the last rounds, searches and API checks. <a href="${frame.base}/report?format=markdown${query}">As Markdown</a>, <a href="${frame.base}${operations.report.path}${jsonQuery}">as JSON</a>.</p>
${documents.length === 0 ? html`<h1>Report</h1><p>No checks are configured.</p>` : documents.map(htmlReportBody)}`;
    return sendHtml(reply, layout(frame, { title: 'Report', body }));
  });
  apiRoute(app, operations.report, async (request, reply) => {
    const reports = wanted(request, deps);
    return reports === undefined
      ? sendError(reply, 404, noSuchRegistry)
      : sendJson(reply, 200, { reports: reports.map((data) => reportView(data)) });
  });
}

const noSuchRegistry = 'no registry of this name has checks';

/** undefined: of a registry that is not there. */
function wanted(request: FastifyRequest, deps: ServerDeps): ReportData[] | undefined {
  const all = daemonReports({
    generatedAt: deps.now?.() ?? new Date(),
    version: deps.build.version,
    checks: deps.checks(),
    history: deps.history,
    rounds: deps.rounds(),
    apis: deps.apis(),
    limits: deps.limits(),
  });
  const name = queryText(request, 'registry');
  const named = all.filter(({ registry }) => registry.name === name);
  return name === undefined ? all : named.length === 0 ? undefined : named;
}

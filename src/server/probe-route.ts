import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Run } from '../probe/outcome.ts';
import { contentTypes, type MetricsFormat } from '../publish/metrics/exposition.ts';
import { type NoRun, renderNoRun, renderRun } from '../publish/probe-answer.ts';
import { transcript } from '../publish/transcript.ts';
import { acting } from './acting.ts';
import { negotiateFormat } from './accept.ts';
import type { ServerDeps } from './deps.ts';
import {
  type NoRunReason,
  type OnDemand,
  type RunAnswer,
  RunNotStarted,
  type RunRequest,
  runRequestKeys,
} from './on-demand.ts';
import { type Handler, queryFlag, queryTexts, route, sendText } from './routes.ts';

const defaultOffsetMs = 500;

/** The scrape timeout that Prometheus announces does not make sense; the message is one line. */
class BadTimeout extends Error {}

/**
 * `GET /probe`: one push, its metrics as the answer. The outcome of a push that failed is an answer as good as any other:
 * 200 says that it was tried.
 */
export function probeRoute(app: FastifyInstance, { onDemand, disabled, timeoutOffsetMs }: ServerDeps): void {
  const offsetMs = timeoutOffsetMs ?? defaultOffsetMs;
  const handler: Handler = async (request, reply) => {
    const startMs = performance.now();
    if (request.method === 'HEAD') return sendText(reply.header('allow', 'GET'), 405, 'HEAD is not allowed here');
    const debug = queryFlag(request, 'debug');
    let withinMs: number | undefined;
    try {
      withinMs = scrapeTimeoutMs(request.headers['x-prometheus-scrape-timeout-seconds'], offsetMs);
    } catch (error) {
      return sendText(reply, 400, error instanceof BadTimeout ? error.message : 'bad scrape timeout');
    }
    const leftMs = (): number | undefined =>
      withinMs === undefined ? undefined : withinMs - (performance.now() - startMs);
    const noRun = (reason: NoRunReason, message: string): FastifyReply =>
      sendNoRun(request, reply, { reason, message, waitedMs: performance.now() - startMs });
    const answer = await startedWithin(onDemand, queryTexts(request, runRequestKeys), withinMs, leftMs);
    if (answer.kind === 'refused') return sendText(reply, 400, answer.message);
    if (answer.kind === 'busy') {
      reply.header('retry-after', String(answer.retryAfterSeconds));
      return withinMs === undefined ? sendText(reply, 503, answer.message) : noRun(answer.reason, answer.message);
    }
    reply.header('x-blobprobe-run-id', answer.id);
    const run = await endedWithin(answer.run, leftMs());
    if (run instanceof RunNotStarted) return noRun('busy', run.message);
    if (run === undefined) {
      const message = `run ${answer.id} has not ended within the scrape timeout; /runs/${answer.id} has what comes of it`;
      return noRun('scrape_timeout', message);
    }
    return sendRun(reply, run, negotiateFormat(request.headers.accept), debug);
  };
  route(app, ['GET'], '/probe', acting({ action: 'run', disabled }, handler));
}

/** How often to look whether the same check still runs on schedule. */
const lookAgainMs = 100;

/** Starts the run, once the schedule's own run of the same check has ended. With a refusal that only time brought, nothing was refused. */
async function startedWithin(
  onDemand: OnDemand,
  request: RunRequest,
  withinMs: number | undefined,
  leftMs: () => number | undefined,
): Promise<RunAnswer> {
  let answer = onDemand.start(request, { withinMs });
  while (answer.kind === 'busy' && answer.reason === 'busy') {
    const left = leftMs();
    if (left === undefined || left <= lookAgainMs) break;
    await sleep(lookAgainMs);
    const next = onDemand.start(request, { withinMs: leftMs() });
    if (next.kind === 'refused') break;
    answer = next;
  }
  return answer;
}

/** Nothing was pushed: Prometheus gets an answer all the same, so that `up` tells of this exporter only. */
function sendNoRun(request: FastifyRequest, reply: FastifyReply, noRun: NoRun): FastifyReply {
  const format = negotiateFormat(request.headers.accept);
  reply.header('cache-control', 'no-store').header('vary', 'Accept').header('x-blobprobe-no-run', noRun.message);
  return reply.type(contentTypes[format]).send(renderNoRun(noRun, format));
}

/** Milliseconds of the header less the offset; undefined without it. */
function scrapeTimeoutMs(header: string | string[] | undefined, offsetMs: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new BadTimeout('X-Prometheus-Scrape-Timeout-Seconds is no number of seconds');
  if (seconds * 1000 <= offsetMs)
    throw new BadTimeout(`a scrape timeout of ${seconds} s leaves nothing after the offset of ${offsetMs / 1000} s`);
  return seconds * 1000 - offsetMs;
}

async function endedWithin(
  started: Promise<Run>,
  leftMs: number | undefined,
): Promise<Run | RunNotStarted | undefined> {
  const run = started.catch((error: unknown) => {
    if (error instanceof RunNotStarted) return error;
    throw error;
  });
  if (leftMs === undefined) return run;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, leftMs));
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function sendRun(reply: FastifyReply, run: Run, format: MetricsFormat, debug: boolean): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store').header('vary', 'Accept');
  if (!debug) return reply.type(contentTypes[format]).send(await renderRun(run, format));
  const metrics = await renderRun(run, 'text');
  return reply.type('text/plain; charset=utf-8').send(`${transcript(run)}\nMetrics of this run:\n${metrics}`);
}

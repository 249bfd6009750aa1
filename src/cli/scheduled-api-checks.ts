import { WireMeter } from '../network/wire-meter.ts';
import { type ApiCheckEndpoint, apiCheckEndpoints, type ApiReport } from '../probe/api-check.ts';
import type { Check } from '../probe/check.ts';
import type { Metrics } from '../publish/metrics.ts';
import type { ByteBudget } from '../schedule/byte-budget.ts';
import type { Task } from '../schedule/task-loop.ts';
import type { Engine } from './engine.ts';
import type { Logger } from './log.ts';
import type { RateLimits } from './rate-limits.ts';

export interface ScheduledApiChecksDeps {
  readonly checkApi: Engine['checkApi'];
  readonly metrics: Pick<Metrics, 'apiUp'>;
  readonly log: Logger;
  /** Who is left alone for a while. Default: nobody. */
  readonly rateLimits?: Pick<RateLimits, 'leftMs'>;
  /** Looks are counted, never refused: they cost some kilobytes, and api_up must not go with the budget. Default: not counted. */
  readonly budget?: Pick<ByteBudget, 'reserve'>;
}

/** One task for each path that has a check. Results go to metrics; changes to the log. */
export interface ScheduledApiChecks {
  update(checks: readonly Check[]): readonly Task[];
  /** The last look at each path in force. */
  reports(): readonly ApiReport[];
}

/** As often as the most frequent check of the path, within these: a look costs a few requests and a token each. */
const shortestIntervalMs = 60_000;
const longestIntervalMs = 5 * 60_000;
const endpointTimeoutMs = 10_000;

export function createScheduledApiChecks({
  checkApi,
  metrics,
  log,
  rateLimits,
  budget,
}: ScheduledApiChecksDeps): ScheduledApiChecks {
  const known = new Map<string, ApiReport>();
  let inForce: ReadonlySet<string> = new Set();

  async function look(id: string, check: Check, signal: AbortSignal): Promise<void> {
    if ((rateLimits?.leftMs(check) ?? 0) > 0) {
      return;
    }
    const wire = new WireMeter();
    const report = await checkApi(check, { timeoutMs: endpointTimeoutMs, signal, wire });
    budget?.reserve(0)?.settle(wire.bytes);
    if (report === undefined || !inForce.has(id)) {
      return;
    }
    for (const endpoint of apiCheckEndpoints) {
      const state = report.endpoints[endpoint];
      metrics.apiUp(report.registry, report.path, endpoint, state.up);
      logChange(log, report, endpoint, known.get(id));
    }
    known.set(id, report);
  }

  return {
    reports: () => [...known].filter(([id]) => inForce.has(id)).map(([, report]) => report),
    update(checks) {
      const paths = new Map<string, { readonly check: Check; readonly intervalMs: number }>();
      for (const check of checks) {
        const id = `API of ${check.registry.name}/${check.path.name}`;
        const intervalMs = Math.min(check.intervalMs, paths.get(id)?.intervalMs ?? longestIntervalMs);
        paths.set(id, { check, intervalMs: Math.max(shortestIntervalMs, intervalMs) });
      }
      inForce = new Set(paths.keys());
      return [...paths].map(([id, { check, intervalMs }]) => ({
        id,
        intervalMs,
        timeoutMs: apiCheckEndpoints.length * endpointTimeoutMs,
        run: (signal) => look(id, check, signal),
      }));
    },
  };
}

function logChange(
  log: Logger,
  { registry, path, endpoints }: ApiReport,
  endpoint: ApiCheckEndpoint,
  before: ApiReport | undefined,
): void {
  const state = endpoints[endpoint];
  if (state.up === (before?.endpoints[endpoint].up ?? true)) {
    return;
  }
  const fields = { registry, path, endpoint };
  if (state.up) {
    log.info('endpoint is up again', fields);
    return;
  }
  const { reason, phase, answeredBy, blame, status, evidence } = state.failure;
  log.warn('endpoint is down', {
    ...fields,
    reason,
    phase,
    answered_by: answeredBy,
    blame,
    status,
    message: evidence.message,
  });
}

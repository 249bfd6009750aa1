import { WireMeter } from '../network/wire-meter.ts';
import { type ApiCheckEndpoint, apiCheckEndpoints, type ApiReport } from '../probe/diagnose/api-check.ts';
import type { Check } from '../probe/check.ts';
import type { Metrics } from '../publish/metrics/metrics.ts';
import type { Task } from '../schedule/task-loop.ts';
import type { Engine } from './engine.ts';
import type { Gate } from './gate.ts';
import type { Logger } from './log.ts';

interface ScheduledApiChecksDeps {
  readonly engine: Pick<Engine, 'checkApi'>;
  readonly metrics: Pick<Metrics, 'apiUp'>;
  readonly log: Logger;
  readonly gate: Gate;
}

/** As often as the most frequent check of the path, within these: a look costs a few requests and a token each. */
const shortestIntervalMs = 60_000;
const longestIntervalMs = 5 * 60_000;
const endpointTimeoutMs = 10_000;

/** One task for each path that has a check. Results go to metrics; changes to the log. */
export class ScheduledApiChecks {
  readonly #deps: ScheduledApiChecksDeps;
  readonly #known = new Map<string, ApiReport>();
  #inForce: ReadonlySet<string> = new Set();

  constructor(deps: ScheduledApiChecksDeps) {
    this.#deps = deps;
  }

  update(checks: readonly Check[]): readonly Task[] {
    const paths = new Map<string, { readonly check: Check; readonly intervalMs: number }>();
    for (const check of checks) {
      const id = `API of ${check.registry.name}/${check.path.name}`;
      const intervalMs = Math.min(check.intervalMs, paths.get(id)?.intervalMs ?? longestIntervalMs);
      paths.set(id, { check, intervalMs: Math.max(shortestIntervalMs, intervalMs) });
    }
    this.#inForce = new Set(paths.keys());
    return [...paths].map(([id, { check, intervalMs }]) => ({
      id,
      intervalMs,
      timeoutMs: apiCheckEndpoints.length * endpointTimeoutMs,
      run: (signal) => this.#look(id, check, signal),
    }));
  }

  /** The last look at each path in force. */
  reports(): readonly ApiReport[] {
    return [...this.#known].filter(([id]) => this.#inForce.has(id)).map(([, report]) => report);
  }

  async #look(id: string, check: Check, signal: AbortSignal): Promise<void> {
    const { engine, metrics, log, gate } = this.#deps;
    // Looks are counted, never refused for their bytes: they cost some kilobytes, and api_up must not go with the budget.
    const pass = gate.enter(check, 0);
    if ('cause' in pass) return;
    const wire = new WireMeter();
    const report = await engine.checkApi(check, { timeoutMs: endpointTimeoutMs, signal, wire });
    pass.settle(wire.bytes);
    if (report === undefined || !this.#inForce.has(id)) return;
    for (const endpoint of apiCheckEndpoints) {
      const state = report.endpoints[endpoint];
      metrics.apiUp(report.registry, report.path, endpoint, state.up);
      logChange(log, report, endpoint, this.#known.get(id));
    }
    this.#known.set(id, report);
  }
}

function logChange(
  log: Logger,
  { registry, path, endpoints }: ApiReport,
  endpoint: ApiCheckEndpoint,
  before: ApiReport | undefined,
): void {
  const state = endpoints[endpoint];
  if (state.up === (before?.endpoints[endpoint].up ?? true)) return;
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

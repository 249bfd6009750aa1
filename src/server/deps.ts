import type { FastifyInstance } from 'fastify';
import type { ApiReport } from '../probe/diagnose/api-check.ts';
import type { Check, CheckLabels } from '../probe/check.ts';
import type { Round } from '../probe/compare/round.ts';
import type { BuildInfo } from '../publish/build-info.ts';
import type { MetricsFormat } from '../publish/metrics/exposition.ts';
import type { History } from '../publish/history.ts';
import type { LiveRuns } from '../publish/live-run.ts';
import type { PathLimit } from '../probe/limits/limit.ts';
import type { VerdictText } from '../publish/page/registry-section.ts';
import type { Answer } from '../publish/metrics/series.ts';
import type { PauseState } from '../schedule/pause.ts';
import type { OnDemand } from './on-demand.ts';
import type { WebAction } from './web-actions.ts';
import type { WebConfigSource } from './web-config.ts';

/** Not ready: `reason` says what is still missing, in one line. */
type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** What came of a reload; `message` is one line for the caller, without secrets. */
interface ReloadResult {
  readonly ok: boolean;
  readonly message: string;
}

/** The kill switch as the server sees it. */
export interface PauseControl {
  /** undefined: not paused. */
  state(): PauseState | undefined;
  /** Stops everything that sends bytes, for this time as Prometheus writes it, or until `resume`. `error`: not such a time. */
  pause(forText: string | undefined): PauseState | { readonly error: string };
  resume(): void;
}

/** A pino logger, as far as the server uses it. */
export interface ServerLog {
  error(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** Where the server's paths begin, as routed here and as seen from outside. Both start with `/` and do not end with it, but for `/` alone. */
export interface WebPaths {
  readonly routePrefix: string;
  /** The path of the external URL: what links on pages begin with. */
  readonly externalPath: string;
  /** Under `routePrefix`; default `/metrics`. */
  readonly telemetryPath: string;
}

/** All that the server knows of the rest of the process. Functions are called anew for each request. */
export interface ServerDeps {
  readonly build: BuildInfo;
  readonly log: ServerLog;
  readonly readiness: () => Readiness;
  readonly renderMetrics: (format: MetricsFormat) => Promise<Answer>;
  readonly history: History;
  /** The checks in force. */
  readonly checks: () => readonly Check[];
  /** The configuration in force as YAML, secrets redacted. */
  readonly redactedConfig: () => string;
  /** Loads the configuration anew. Never rejects. */
  readonly reload: () => Promise<ReloadResult>;
  /** What rounds or a diagnosis concluded, for the status page; at most one for each registry. */
  readonly verdicts: () => readonly VerdictText[];
  readonly limits: () => readonly PathLimit[];
  /** The last round of each registry, client and workload. */
  readonly rounds: () => readonly Round[];
  /** What each path's API did when it was last asked. */
  readonly apis: () => readonly ApiReport[];
  /** What the reader of the status page must know first, for example that the last reload failed; one sentence each. */
  readonly notices: () => readonly string[];
  /** Runs that have not ended yet. */
  readonly liveRuns: LiveRuns;
  /** Runs that somebody asks for. */
  readonly onDemand: OnDemand;
  /** Milliseconds until the schedule next runs such a check; undefined: not known. */
  readonly dueInMs: (check: Pick<CheckLabels, 'registry' | 'client' | 'workload'>) => number | undefined;
  readonly pause: PauseControl;
  /** Taken off the scrape timeout that Prometheus announces, in milliseconds. Default 500. */
  readonly timeoutOffsetMs?: number | undefined;
  readonly now?: () => Date;
  readonly paths?: Partial<WebPaths>;
  /** Actions that HTTP may not do: their routes answer 403. Default: none. */
  readonly disabled?: ReadonlySet<WebAction>;
  /** Adds routes under the route prefix: the demo's, which the daemon proper must not have. */
  readonly extraRoutes?: (app: FastifyInstance) => void;
  /** `--web.config.file`; absent: plain HTTP, open to all. Give the same to `startServer`. */
  readonly webConfig?: WebConfigSource;
  /** Scrapes answered at the same time; beyond it 503. 0: no limit. Default 40, as exporter-toolkit has it. */
  readonly maxRequests?: number;
}

import { z } from 'zod';
import { limitDirections } from '../../probe/limits/limit.ts';
import { verdictKinds } from '../../probe/compare/verdict.ts';
import { type ApiReport, apiCheckEndpoints, type EndpointState } from '../../probe/diagnose/api-check.ts';
import type { BuildInfo } from '../build-info.ts';
import { adviceSchemas } from './advice-schemas.ts';
import { cause, failure } from './failure-schema.ts';
import { labels, runSchemas } from './run-schemas.ts';
import { count, flag, jsonSchemas, list, number, object, oneOf, type ShapeOf, text, time } from './schema.ts';

const runPoint = object({
  id: text,
  endedAt: time,
  ok: flag,
  durationMs: number,
  pushBytesPerSecond: number.optional(),
});

const checkStatus = object({
  id: text,
  ...labels,
  sizeBytes: count,
  intervalMs: number,
  state: oneOf(['ok', 'retried', 'failed', 'stale', 'unknown']),
  last: object({
    runId: text,
    endedAt: time,
    ageMs: number,
    ok: flag,
    durationMs: number,
    attempts: count,
    pushBytesPerSecond: number.optional(),
    failure: object(cause).optional(),
  })
    .optional()
    .describe('Facts of the last run; absent before the first.'),
  recent: list(runPoint).describe('Oldest first, cancelled runs left out.'),
});

const registryStatus = object({
  name: text,
  summary: text.describe('In one sentence, what the last runs say.'),
  realWaits: flag.describe('false: waits between attempts were scaled or left out.'),
  paths: list(text),
  columns: list(object({ client: text, workload: text, sizeBytes: count })),
  checks: list(checkStatus),
});

const endpoint: z.ZodType<EndpointState> = z.union([
  object({ up: z.literal(true), note: text.optional() }),
  object({ up: z.literal(false), failure }),
]);

const api = object({
  registry: text,
  path: text,
  endpoints: object(
    Object.fromEntries(apiCheckEndpoints.map((name) => [name, endpoint])) as ShapeOf<ApiReport['endpoints']>,
  ),
} satisfies ShapeOf<ApiReport>);

const pause = object({
  paused: flag,
  since: time.optional(),
  until: time.optional().describe('Absent: until somebody resumes.'),
});

const verdict = object({
  registry: text,
  sentence: text,
  remedy: text.optional().describe('What to do about it, one thing a line. What is between backticks is to be typed.'),
  kind: oneOf(verdictKinds).optional(),
  since: time.optional(),
});

const limit = object({
  registry: text,
  path: text,
  client: text,
  unit: oneOf(['bytes', 'seconds']),
  direction: oneOf(limitDirections),
  bounds: object({ largest_accepted: number.optional(), smallest_rejected: number.optional() }),
});

const status = object({
  now: time,
  readiness: object({ ready: flag, reason: text.optional() }),
  pause,
  build: object({ version: text, revision: text, nodeVersion: text } satisfies ShapeOf<BuildInfo>),
  notices: list(text),
  recentRuns: count.describe('How many recent runs of each check are here at most.'),
  registries: list(registryStatus),
  verdicts: list(verdict),
  limits: list(limit),
  apis: list(api),
});

/** What the daemon reports on one registry. */
const report = object({
  generatedAt: time,
  version: text,
  registry: text,
  repository: text,
  paths: list(object({ name: text, origin: text, kind: text })),
  routing: list(text).describe('Which sizes get through over which paths, by client.'),
  rounds: list(object({ client: text, workload: text, kind: oneOf(verdictKinds), why: text })),
  apis: list(api),
  limits: list(limit),
  runs: list(runSchemas.RunSummary).describe('All that the report is made of; /api/v1/runs/{id} has their requests.'),
});

const schemas = {
  Error: object({ error: text }),
  Verdict: verdict,
  Limit: limit,
  ...runSchemas,
  CheckStatus: checkStatus,
  RegistryStatus: registryStatus,
  Status: status,
  Runs: object({ running: list(runSchemas.LiveRun), runs: list(runSchemas.RunSummary) }),
  Limits: object({ limits: list(limit) }),
  Verdicts: object({ verdicts: list(verdict) }),
  Api: api,
  Report: report,
  Reports: object({ reports: list(report) }),
  ...adviceSchemas,
  RunRequest: object({
    registry: text,
    path: text,
    client: text,
    workload: text.optional().describe('A workload of the configuration, or else size.'),
    size: text.optional().describe('As the configuration writes it, 10MiB.'),
    retries: oneOf(['none', 'profile']).optional(),
  }),
  Pause: pause,
  RunStarted: object({ id: text, location: text }),
};

/** What one of the API's answers holds. */
export type View<Name extends keyof typeof schemas> = z.output<(typeof schemas)[Name]>;

/** The things in the API's answers, by name. */
export const apiSchemas = jsonSchemas(schemas);

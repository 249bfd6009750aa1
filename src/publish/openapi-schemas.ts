import { apiSchema, reportSchema } from './openapi-report-schema.ts';
import { limitBounds, verdicts } from './metric-names.ts';
import { cause, labels, runSchemas, throughput } from './openapi-run-schemas.ts';
import {
  count,
  described,
  flag,
  type JsonSchema,
  list,
  number,
  object,
  oneOf,
  ref,
  text,
  time,
} from './openapi-schema.ts';

const checkStatus = object(
  {
    id: text,
    ...labels,
    sizeBytes: count,
    intervalMs: number,
    state: oneOf(['ok', 'retried', 'failed', 'stale', 'unknown']),
    recent: described(
      list(object({ id: text, endedAt: time, ok: flag, durationMs: number }, throughput)),
      'Oldest first.',
    ),
  },
  {
    last: object(
      { runId: text, endedAt: time, ageMs: number, ok: flag, durationMs: number, attempts: count },
      { ...throughput, failure: object(cause) },
    ),
  },
);

/** The things in the API's answers, by name. */
export const apiSchemas: Readonly<Record<string, JsonSchema>> = {
  Error: object({ error: text }),
  Verdict: object({ registry: text, sentence: text }, { remedy: text, kind: oneOf(verdicts), since: time }),
  Limit: object({
    registry: text,
    path: text,
    client: text,
    unit: oneOf(['bytes', 'seconds']),
    bounds: object({}, Object.fromEntries(limitBounds.map((bound) => [bound, number]))),
  }),
  ...runSchemas,
  CheckStatus: checkStatus,
  RegistryStatus: object({
    name: text,
    summary: text,
    realWaits: described(flag, 'false: waits between attempts were scaled or left out.'),
    paths: list(text),
    columns: list(object({ client: text, workload: text, sizeBytes: count })),
    checks: list(ref('CheckStatus')),
  }),
  Status: object({
    now: time,
    readiness: object({ ready: flag }, { reason: text }),
    pause: ref('Pause'),
    build: object({ version: text, revision: text, nodeVersion: text }),
    notices: list(text),
    recentRuns: described(count, 'How many recent runs of each check are here at most.'),
    registries: list(ref('RegistryStatus')),
    verdicts: list(ref('Verdict')),
    limits: list(ref('Limit')),
    apis: list(ref('Api')),
  }),
  Runs: object({ running: list(ref('LiveRun')), runs: list(ref('RunSummary')) }),
  Limits: object({ limits: list(ref('Limit')) }),
  Verdicts: object({ verdicts: list(ref('Verdict')) }),
  Api: apiSchema,
  Report: reportSchema,
  Reports: object({ reports: list(ref('Report')) }),
  RunRequest: object(
    { registry: text, path: text, client: text },
    {
      workload: described(text, 'A workload of the configuration, or else size.'),
      size: described(text, 'As the configuration writes it, 10MiB.'),
      retries: oneOf(['none', 'profile']),
    },
  ),
  Pause: object({ paused: flag }, { since: time, until: described(time, 'Absent: until somebody resumes.') }),
  RunStarted: object({ id: text, location: text }),
};

import { checkLabels } from '../probe/check.ts';
import { answerers, blames, failureReasons, phases } from '../probe/failure.ts';
import { leftoverKinds } from '../probe/outcome.ts';
import { limitBounds, verdicts } from './metric-names.ts';

/** A JSON Schema as fastify serialises with and OpenAPI 3.1 publishes; `$ref` names another of `apiSchemas` as `Name#`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;
const count = { type: 'integer' } as const;
const flag = { type: 'boolean' } as const;
const time = { type: 'string', format: 'date-time' } as const;
const texts = { type: 'object', additionalProperties: text } as const;

function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

function ref(name: string): JsonSchema {
  return { $ref: `${name}#` };
}

function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

function oneOf(values: readonly string[]): JsonSchema {
  return { type: 'string', enum: [...values] };
}

/** An object of which all `required` are there, and perhaps some of `optional`. Anything else is not sent. */
function object(required: Readonly<Record<string, JsonSchema>>, optional: Readonly<Record<string, JsonSchema>> = {}) {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

const labels = { registry: text, path: text, client: text, workload: text } satisfies Record<
  keyof ReturnType<typeof checkLabels>,
  JsonSchema
>;
const cause = {
  reason: oneOf(failureReasons),
  phase: oneOf(phases),
  answeredBy: oneOf(answerers),
  blame: oneOf(blames),
};

const evidence = object(
  { message: text },
  {
    method: text,
    url: described(text, 'Query values and user information removed.'),
    code: text,
    timer: text,
    headers: texts,
    body: described(text, 'First characters of the response body.'),
    range: text,
    location: text,
    early: flag,
    socketReused: flag,
    httpVersion: text,
    rayId: text,
    sinceLastByteMs: number,
  },
);

const requestRecord = object(
  {
    phase: oneOf(phases),
    method: text,
    url: text,
    startMs: described(number, "Milliseconds after the run's start."),
    durationMs: number,
    plannedBytes: count,
    sentBytes: count,
    framing: oneOf(['none', 'content-length', 'chunked']),
    responseHeaders: texts,
    responseBytes: count,
    early: flag,
    socketReused: flag,
  },
  {
    dnsMs: number,
    connectMs: number,
    tlsMs: number,
    sendMs: number,
    waitMs: number,
    receiveMs: number,
    status: count,
    httpVersion: text,
    remoteAddress: text,
    errorCode: text,
  },
);

const attempt = object(
  {
    blob: text,
    number: described(count, 'From 1.'),
    startMs: number,
    durationMs: number,
    waitedMs: described(number, 'Wait before this attempt, as it was really waited.'),
    phaseMs: { type: 'object', additionalProperties: number },
    sentBytes: count,
    acknowledgedBytes: count,
    pulledBytes: count,
    resends: count,
    fellBack: flag,
    requests: list(ref('RequestRecord')),
  },
  { failure: ref('Failure') },
);

const summary = {
  id: text,
  check: described(text, 'registry/path/client/workload'),
  ...labels,
  state: oneOf(['ended']),
  onDemand: flag,
  startedAt: time,
  endedAt: time,
  durationMs: described(number, 'Waits between attempts included, cleanup excluded.'),
  attempts: described(count, 'Of all blobs together.'),
  ok: flag,
  sentBytes: count,
};
const throughput = { pushBytesPerSecond: number };

const run = object(
  {
    ...summary,
    attempts: list(ref('Attempt')),
    origin: text,
    repository: text,
    sizeBytes: count,
    acknowledgedBytes: count,
    pulledBytes: count,
    cleanup: object({
      durationMs: number,
      failures: list(object({ kind: oneOf(leftoverKinds), reason: oneOf(failureReasons), message: text })),
    }),
    pathFacts: object(
      {},
      {
        remoteAddress: text,
        family: count,
        httpVersion: text,
        tlsVersion: text,
        tlsIssuer: text,
        certificateExpiresAt: time,
        foreignRealmHost: text,
        foreignLocationHost: text,
      },
    ),
    eventLoopLagMs: number,
    tainted: described(flag, 'This process was too busy for the timings to be trusted.'),
    realWaits: described(flag, 'false: waits between attempts were scaled or left out.'),
  },
  { ...throughput, pullBytesPerSecond: number, failure: ref('Failure') },
);

const liveRun = object(
  { id: text, check: text, ...labels, state: oneOf(['queued', 'running']), onDemand: flag, since: time },
  {
    progress: object(
      {
        phase: oneOf(phases),
        blob: text,
        attempt: count,
        maxAttempts: count,
        sentBytes: count,
        totalBytes: count,
      },
      { waitingMs: number },
    ),
  },
);

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
  RequestRecord: requestRecord,
  Failure: object(
    { ...cause, sentBytes: count, elapsedMs: number, blob: text, evidence },
    { status: count, registryCode: text },
  ),
  Attempt: attempt,
  RunSummary: object(summary, { ...throughput, failure: object(cause, { status: count }) }),
  Run: run,
  LiveRun: liveRun,
  CheckStatus: checkStatus,
  RegistryStatus: object({
    name: text,
    summary: text,
    paths: list(text),
    columns: list(object({ client: text, workload: text, sizeBytes: count })),
    checks: list(ref('CheckStatus')),
  }),
  Status: object({
    now: time,
    readiness: object({ ready: flag }, { reason: text }),
    build: object({ version: text, revision: text, nodeVersion: text }),
    notices: list(text),
    registries: list(ref('RegistryStatus')),
    verdicts: list(ref('Verdict')),
    limits: list(ref('Limit')),
  }),
  Runs: object({ running: list(ref('LiveRun')), runs: list(ref('RunSummary')) }),
  Limits: object({ limits: list(ref('Limit')) }),
  Verdicts: object({ verdicts: list(ref('Verdict')) }),
  RunRequest: object(
    { registry: text, path: text, client: text },
    {
      workload: described(text, 'A workload of the configuration, or else size.'),
      size: described(text, 'As the configuration writes it, 10MiB.'),
      retries: oneOf(['none', 'profile']),
    },
  ),
  RunStarted: object({ id: text, location: text }),
};

import type { CheckLabels } from '../probe/check.ts';
import { answerers, blames, failureReasons, phases } from '../probe/failure.ts';
import { leftoverKinds } from '../probe/outcome.ts';
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
  texts,
  time,
} from './openapi-schema.ts';

/** The labels of a check. */
export const labels = { registry: text, path: text, client: text, workload: text } satisfies Record<
  keyof CheckLabels,
  JsonSchema
>;
/** Why a run failed, in the words of the labels. */
export const cause = {
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
    progress: described(
      list({ type: 'array', items: number, minItems: 2, maxItems: 2 }),
      "Body bytes over time: pairs of milliseconds after the run's start and bytes of this request.",
    ),
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
export const throughput = { pushBytesPerSecond: number };

const run = object(
  {
    ...summary,
    attempts: list(ref('Attempt')),
    origin: text,
    repository: text,
    sizeBytes: count,
    acknowledgedBytes: count,
    pulledBytes: count,
    wireBytes: described(count, 'All that went over the wire, in both directions, below TLS: what the budget counts.'),
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
    tainted: described(flag, 'This process was too busy, or stopped by a CPU limit, for the timings to be trusted.'),
    realWaits: described(flag, 'false: waits between attempts were scaled or left out.'),
  },
  {
    ...throughput,
    pullBytesPerSecond: number,
    failure: ref('Failure'),
    cpuThrottling: described(
      object({ periods: count, ms: number }),
      'How often and how long a CPU limit stopped this process during the run. Absent: the system does not tell.',
    ),
  },
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

/** A run and its parts, by name. */
export const runSchemas: Readonly<Record<string, JsonSchema>> = {
  RequestRecord: requestRecord,
  Failure: object(
    { ...cause, sentBytes: count, elapsedMs: number, blob: text, evidence },
    { status: count, registryCode: text },
  ),
  Attempt: attempt,
  RunSummary: object(summary, { ...throughput, failure: object(cause, { status: count }) }),
  Run: run,
  LiveRun: liveRun,
};

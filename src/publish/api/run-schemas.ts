import { z } from 'zod';
import { sentAgainReasons } from '../../network/exchange.ts';
import type { CheckLabels } from '../../probe/check.ts';
import { failureReasons, phases } from '../../probe/failure.ts';
import {
  type Attempt,
  type CleanupReport,
  type CpuThrottling,
  leftoverKinds,
  type Progress,
  type PullFacts,
  pullRounds,
  type RequestRecord,
  type Run,
} from '../../probe/outcome.ts';
import type { LiveRun } from '../live-run.ts';
import { kernelFacts, neighbourFacts, pathFacts, sendingFacts, sessionAnswers } from './facts-schemas.ts';
import { cause, failure, finding, triedAddresses } from './failure-schema.ts';
import {
  count,
  flag,
  list,
  type MoreThan,
  number,
  object,
  oneOf,
  pairOfNumbers,
  type ShapeOf,
  text,
  texts,
  time,
} from './schema.ts';

/** The labels of a check. */
export const labels = { registry: text, path: text, client: text, workload: text } satisfies ShapeOf<CheckLabels>;
const requestRecord = object({
  phase: oneOf(phases),
  method: text,
  url: text,
  startMs: number.describe("Milliseconds after the run's start."),
  durationMs: number,
  dnsMs: number.optional(),
  connectMs: number.optional(),
  tlsMs: number.optional(),
  sendMs: number.optional(),
  waitMs: number.optional(),
  receiveMs: number.optional(),
  plannedBytes: count,
  sentBytes: count,
  range: text.optional().describe('Which part of a blob it asks for.'),
  framing: oneOf(['none', 'content-length', 'chunked']),
  status: count.optional(),
  responseHeaders: texts,
  responseBytes: count,
  early: flag,
  socketReused: flag,
  sentAgain: oneOf(sentAgainReasons)
    .optional()
    .describe('Why this request, which is the one before it, was sent once more, as Go does unseen by the client.'),
  httpVersion: text.optional(),
  remoteAddress: text.optional(),
  errorCode: text.optional(),
  tried: triedAddresses,
  progress: list(pairOfNumbers)
    .optional()
    .describe("Body bytes over time: pairs of milliseconds after the run's start and bytes of this request."),
  kernel: kernelFacts.optional(),
} satisfies ShapeOf<RequestRecord>);

const attempt = object({
  blob: text,
  pull: oneOf(pullRounds).optional().describe('Of the way back: which time. Absent: a push.'),
  number: count.describe('From 1.'),
  startMs: number,
  durationMs: number,
  waitedMs: number.describe('Wait before this attempt, as it was really waited.'),
  phaseMs: z.partialRecord(z.enum(phases), number),
  sentBytes: count,
  acknowledgedBytes: count,
  pulledBytes: count,
  resends: count,
  fellBack: flag,
  requests: list(requestRecord),
  failure: failure.optional(),
} satisfies ShapeOf<Attempt>);

const pulled = object({
  bytesPerSecond: number.optional(),
  firstAnswerMs: number.optional().describe('From the first byte of the first request for a layer to its head.'),
  cache: list(text).describe('What a CDN or cache said of the layers, in its own words, each once.'),
  resumed: count.describe('Times that the client went on by Range where an answer had been cut.'),
} satisfies ShapeOf<PullFacts>);

const cleanup = object({
  durationMs: number,
  failures: list(object({ kind: oneOf(leftoverKinds), reason: oneOf(failureReasons), message: text })),
} satisfies ShapeOf<CleanupReport>);

const progress = object({
  phase: oneOf(phases),
  blob: text,
  attempt: count,
  maxAttempts: count,
  sentBytes: count,
  totalBytes: count,
  waitingMs: number.optional(),
} satisfies ShapeOf<Progress>);

/** What a run and its line in a list have in common. */
const head = {
  id: text,
  check: text.describe('registry/path/client/workload'),
  ...labels,
  state: z.literal('ended'),
  onDemand: flag,
  startedAt: time,
  endedAt: time,
  durationMs: number.describe('Waits between attempts included, cleanup excluded.'),
  ok: flag,
  sentBytes: count,
  pushBytesPerSecond: number.optional(),
};

const run = object({
  ...head,
  attempts: list(attempt),
  origin: text,
  repository: text,
  sizeBytes: count,
  acknowledgedBytes: count,
  pulledBytes: count,
  wireBytes: count.describe('All that went over the wire, in both directions, below TLS: what the budget counts.'),
  heldBytes: count.optional().describe('What the registry holds of an upload that was cut; absent: not asked.'),
  sessionAnswers: sessionAnswers.optional(),
  cleanup,
  pathFacts,
  sending: sendingFacts.optional(),
  neighbour: neighbourFacts
    .optional()
    .describe('How much slower the path was for others beside this push. Absent: not asked, or over too soon.'),
  eventLoopLagMs: number,
  tainted: flag.describe('This process was too busy, or stopped by a CPU limit, for the timings to be trusted.'),
  realWaits: flag.describe('false: waits between attempts were scaled or left out.'),
  pullBytesPerSecond: number.optional().describe('Of the cold pull.'),
  pulls: object({ cold: pulled.optional(), warm: pulled.optional() })
    .optional()
    .describe('Everything is pulled twice: right after the push, when no cache can have it, and once more.'),
  failure: failure.optional(),
  cause: finding.optional(),
  cpuThrottling: object({ periods: count, ms: number } satisfies ShapeOf<CpuThrottling>)
    .optional()
    .describe(
      'How often and how long a CPU limit stopped this process during the run, all processors together. Absent: the system does not tell.',
    ),
} satisfies MoreThan<Omit<Run, 'check'>>);

/** A run and its parts, by name. */
export const runSchemas = {
  RequestRecord: requestRecord,
  Failure: failure,
  Attempt: attempt,
  RunSummary: object({
    ...head,
    attempts: count.describe('Of all blobs together.'),
    failure: object({ ...cause, status: count.optional() }).optional(),
  }),
  Run: run,
  LiveRun: object({
    id: text,
    check: text,
    ...labels,
    state: oneOf(['queued', 'running']),
    onDemand: flag,
    since: time,
    progress: progress.optional(),
  } satisfies MoreThan<Omit<LiveRun, 'check'>>),
};

import { z } from 'zod';
import type { KernelFacts, KernelPoint, LimitedMs } from '../../network/kernel/kernel-facts.ts';
import type { StuckBody } from '../../probe/failure.ts';
import type { NeighbourFacts, PathFacts, SendingFacts, SessionAnswers } from '../../probe/outcome.ts';
import { count, flag, list, number, object, type ShapeOf, text, time } from './schema.ts';

const limited = object({
  receiver: number.describe('The window of the next host, of TCP or HTTP/2, was full.'),
  network: number.describe('The line was full, or lost segments.'),
  prober: number.describe('This host had nothing to send, or no room for it.'),
} satisfies ShapeOf<LimitedMs>).describe('The time of sending in milliseconds, by what held it up.');

const shared = {
  viaProxy: flag.describe('The next host is a proxy: of the way behind it the kernel knows nothing.'),
  limited: limited.optional(),
  minRttMs: number.optional(),
  rttMs: number.optional().describe('At the end.'),
  pathMtuBytes: count.optional(),
  mssBytes: count.optional(),
  deliveryBytesPerSecond: number.optional(),
  ackedBytes: count.optional().describe("Acknowledged by the next host's kernel; heads, framing and TLS included."),
  sentBytes: count.optional().describe('The same of what was sent, repeated bytes included.'),
  retransmittedBytes: count.optional(),
} satisfies ShapeOf<SendingFacts>;

export const neighbourFacts = object({
  idleMs: number.describe('Before the push, the middle of a few.'),
  loadedMs: number
    .optional()
    .describe('While its bodies were under way, the middle of all. Absent: none was answered.'),
  worstMs: number.optional(),
  asked: count,
  unanswered: count.describe('Without an answer within 10 s, or with their connection lost.'),
} satisfies ShapeOf<NeighbourFacts>);

const point = object({
  atMs: number,
  ackedBytes: count.optional(),
  rttMs: number.optional(),
  limited: limited.optional(),
} satisfies ShapeOf<KernelPoint>);

export const stuckBody = object({
  ackedBytes: count.optional(),
  unackedSegments: count.optional(),
  timeoutsInRow: count.optional(),
  probes: count.optional(),
  windowBytes: count.optional(),
  mssBytes: count.optional(),
  pathMtuBytes: count.optional(),
  viaProxy: flag,
} satisfies ShapeOf<StuckBody>).describe('What the kernel of this host knew of the body when it ended.');

export const sendingFacts = object(shared).describe(
  'What the kernel of this host knows of the way of the bodies to the next host. Absent: it cannot be asked, or no body was streamed.',
);

export const kernelFacts = object({
  ...shared,
  end: object({
    unackedSegments: count.optional(),
    timeoutsInRow: count.optional().describe('Retransmission timeouts without an acknowledgement.'),
    probes: count.optional().describe('Probes of a closed window without an answer.'),
    windowBytes: count.optional().describe('0: the next host takes nothing.'),
    notSentBytes: count.optional(),
  } satisfies ShapeOf<KernelFacts['end']>),
  streamWindowBytes: count.optional().describe('HTTP/2: the window with which each stream begins.'),
  points: list(point).describe("Sums over time; `atMs` is after the run's start."),
} satisfies ShapeOf<KernelFacts>);

/** What the path looked like in a run. */
export const pathFacts = object({
  remoteAddress: text.optional(),
  family: z.literal([4, 6]).optional(),
  httpVersion: z.enum(['1.1', '2']).optional(),
  tlsVersion: text.optional(),
  tlsIssuer: text.optional(),
  certificateExpiresAt: time.optional(),
  foreignRealmHost: text.optional(),
  foreignLocationHost: text.optional(),
} satisfies ShapeOf<PathFacts>);

export const sessionAnswers = object({
  known: count,
  disowned: count,
  elsewhere: count,
} satisfies ShapeOf<SessionAnswers>).describe(
  'How often the session of a refused upload was known when it was asked for again, not known, and answered for by a hop; absent: not asked.',
);

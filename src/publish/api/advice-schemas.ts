import { waysOutKinds, type WayOut } from '../../probe/advise/advise.ts';
import type { Known, KnownLimit } from '../../probe/advise/known.ts';
import { adviceVerdicts, becauseKinds, type Because } from '../../probe/advise/layer-verdict.ts';
import { answerers, failureReasons } from '../../probe/failure.ts';
import type { Tried } from '../../probe/limits/ceiling.ts';
import { count, flag, list, number, object, oneOf, type ShapeOf, text } from './schema.ts';

const reason = oneOf(failureReasons).optional();
const answeredBy = oneOf(answerers).optional();

const known = object({
  registry: text,
  path: text,
  client: text,
  tried: list(object({ sizeBytes: count, ok: flag, reason } satisfies ShapeOf<Tried>)),
  limits: list(
    object({
      path: text,
      client: text,
      unit: oneOf(['bytes', 'seconds']),
      conclusion: oneOf(['found', 'none-up-to', 'inconclusive']),
      largestAccepted: number.optional(),
      smallestRejected: number.optional(),
      reason,
      answeredBy,
    } satisfies ShapeOf<KnownLimit>),
  ),
  bytesPerSecond: number.optional(),
  setting: text.optional().describe('What to set, and where, so that larger or slower bodies get through.'),
} satisfies ShapeOf<Known>);

const because = object({
  kind: oneOf(becauseKinds),
  acceptedBytes: count.optional(),
  rejectedBytes: count.optional(),
  neededSeconds: number.optional().describe("What the layer takes at the path's measured rate."),
  rejectedSeconds: number.optional(),
  reason,
  answeredBy,
} satisfies ShapeOf<Because>);

const wayOut = object({
  kind: oneOf(waysOutKinds),
  what: text.optional(),
  bytes: count.optional(),
} satisfies ShapeOf<WayOut>);

const advice = object({
  image: text,
  registry: text,
  path: text,
  client: text,
  verdict: oneOf(adviceVerdicts),
  layer: count.optional().describe('From 1: the first that dies, else the first that is not known.'),
  layerBytes: count.optional(),
  because,
  waysOut: list(wayOut).describe('The cheapest kind first.'),
  sentence: text,
  waysOutWords: list(text),
});

/** What `/api/v1/advise` answers with, and `blobprobe advise --json` writes. */
export const adviceSchemas = {
  Known: known,
  Advice: advice,
  Advised: object({ known: list(known), advice: list(advice), summary: list(text) }),
};

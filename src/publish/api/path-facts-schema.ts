import { z } from 'zod';
import type { PathFacts } from '../../probe/outcome.ts';
import { object, type ShapeOf, text, time } from './schema.ts';

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

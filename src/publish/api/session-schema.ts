import type { SessionAnswers } from '../../probe/outcome.ts';
import { count, object, type ShapeOf } from './schema.ts';

export const sessionAnswers = object({
  known: count,
  disowned: count,
  elsewhere: count,
} satisfies ShapeOf<SessionAnswers>).describe(
  'How often the session of a refused upload was known when it was asked for again, not known, and answered for by a hop; absent: not asked.',
);

import { type SlowCauseName, slowCauses } from '../../probe/diagnose/causes-slow.ts';
import { causeNames } from '../../probe/diagnose/causes.ts';
import type { Finding } from '../../probe/diagnose/finding.ts';
import { blames } from '../../probe/failure.ts';
import { list, object, oneOf, type ShapeOf, text } from './schema.ts';

/** Why a run failed. */
export const finding = object({
  cause: oneOf<Finding['cause']>([...causeNames, ...(Object.keys(slowCauses) as SlowCauseName[])]),
  title: text,
  hop: oneOf(blames),
  confidence: oneOf(['certain', 'likely', 'open']),
  remedy: text,
  reference: text,
  nextTest: text,
  evidence: list(text),
} satisfies ShapeOf<Finding>).describe(
  'Why it failed, where to look and what to do, as far as this run and those over other paths tell. Absent: no cause is known.',
);

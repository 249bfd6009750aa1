import type { Failure } from '../failure.ts';
import { reasonTable } from './reason-table.ts';

/** The connection ended in the middle of a body, or after it, and nobody said why. */
export function isCut({ reason, answeredBy, sentBytes }: Failure): boolean {
  return reasonTable[reason].tells.cut !== 'no' && answeredBy === 'none' && sentBytes > 0;
}

import type { Failure } from '../failure.ts';
import { reasonTable } from './reason-table.ts';

/** The connection ended in the middle of a body, or after it, and nobody said why. */
export function isCut({ reason, answeredBy, sentBytes }: Failure): boolean {
  return reasonTable[reason].tells.cut !== 'no' && answeredBy === 'none' && sentBytes > 0;
}

/** The connection ended without an answer, by whatever was not us. */
export function isHungUp({ reason, answeredBy, evidence }: Failure): boolean {
  const isEnd = reason === 'connection_reset' || reason === 'stale_connection';
  return isEnd && answeredBy === 'none' && evidence.timer === undefined;
}

/** A connection was not taken, or was closed before a body went out. */
export function isTurnedAway(failure: Failure): boolean {
  const { reason, sentBytes } = failure;
  return reason === 'connect_refused' || reason === 'connect_timeout' || (isHungUp(failure) && sentBytes === 0);
}

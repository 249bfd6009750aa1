import type { AttemptNotes } from '../../src/probe/run/attempt.ts';

/** The notes of an attempt that has not begun. */
export function freshNotes(): AttemptNotes {
  return { session: undefined, pinging: false, committedBytes: 0, pulledBytes: 0, fellBack: false };
}

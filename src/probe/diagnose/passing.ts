import type { Failure, FailureReason } from '../failure.ts';
import { isCut } from '../held-bytes.ts';
import { isDown } from './contrast.ts';
import type { Examined, Symptom, Trial } from './trial.ts';

/** What a restart in the middle looks like to a client; a hop that says why it refuses is not among them. */
const passingReasons: ReadonlySet<FailureReason> = new Set([
  'connect_refused',
  'connect_timeout',
  'connection_reset',
  'http2_error',
  'origin_unreachable',
  'registry_error',
  'session_lost',
]);

/** A registry or a hop that restarts fails in this way while it does: only a second try tells. */
export function mayPass({ reason }: Failure): boolean {
  return passingReasons.has(reason);
}

/** How long nothing moved before a cut; after the last byte it is known, before it the whole request bounds it. */
export function silenceMs({ evidence, elapsedMs }: Failure): number {
  return evidence.sinceLastByteMs ?? elapsedMs;
}

/** The failure came once, and the same push got through later: nothing lasting stands behind it that could be named. */
export function hasPassed({ failure, trial }: Symptom, { trials }: Examined): boolean {
  if (!mayPass(failure)) return false;
  // An endpoint, or a search that met a registry that was away: whatever got through later.
  if (trial === undefined) return isDown(failure) && trials.at(-1)?.run.ok === true;
  if (trial.kind === 'repeat') return false;
  // A restart loses the sessions of one push; replicas that do not share them lose some of many, and let others through.
  const lost = trials.filter(({ run }) => run.failure?.reason === 'session_lost');
  if (failure.reason === 'session_lost' && lost.length > 1) return false;
  const repeats = trials.filter(({ kind }) => kind === 'repeat');
  const own = repeats.filter((one) => isSame(one, trial));
  // One that was not tried again is like those that were.
  return repeats.length > 0 && (own.length > 0 ? own : repeats).every(({ run }) => run.ok);
}

/** A cut at a size at which the same push, made once more, was refused in words: the answer to this one was lost. */
export function isRefusedInWords({ failure, trial }: Symptom, { trials }: Examined): boolean {
  if (trial === undefined || !isCut(failure)) return false;
  const others = trials.filter(({ kind }) => kind === 'repeat' || kind === 'fresh');
  return others.some((one) => isSame(one, trial) && one.run.failure?.reason === 'body_too_large');
}

function isSame(one: Trial, other: Trial): boolean {
  return one.shape === other.shape && one.sizeBytes === other.sizeBytes;
}

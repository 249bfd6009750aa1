import type { Failure } from '../failure.ts';
import type { Trial } from './trial.ts';

/** `whole`: the body is there to its end; `most`: all but what kernels hold on the way; `part`: much less than was sent. */
export type Arrived = 'nothing' | 'part' | 'most' | 'whole';

/**
 * What sockets along the way may hold of a body without any hop collecting it. Kernels allow more (4 MiB to be sent and 32 MiB to be read, as Linux
 * comes), but a window grows with what is read in a round trip, and who falls behind does not read much.
 */
const mostInSockets = 8 * 1024 * 1024;
/** Less may be lost in a single socket's buffer. */
const leastToTell = 64 * 1024;

/** How much of what was sent the registry holds after a cut; undefined: not asked, or it does not say. */
export function arrivedOf({ sentBytes }: Failure, { run, sizeBytes }: Trial): Arrived | undefined {
  const { heldBytes } = run;
  if (heldBytes === undefined || sentBytes <= leastToTell) return undefined;
  if (heldBytes === 0) return 'nothing';
  if (heldBytes >= sizeBytes) return 'whole';
  const underWay = Math.max(0.1 * sentBytes, Math.min(mostInSockets, 0.75 * sentBytes));
  return heldBytes >= sentBytes - underWay ? 'most' : 'part';
}

/** The trial, or, when it opened no session that could be asked about, another of the same size that was cut the same way. */
export function askedLike(trial: Trial, trials: readonly Trial[]): Trial {
  const alike = trials.find(
    ({ sizeBytes, run }) =>
      sizeBytes === trial.sizeBytes && run.heldBytes !== undefined && run.failure?.reason === trial.run.failure?.reason,
  );
  return trial.run.heldBytes === undefined ? (alike ?? trial) : trial;
}

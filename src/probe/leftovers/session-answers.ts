import type { Redactor } from '../../network/secrets/redactor.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { openRegistryClient } from '../../registry/open-client.ts';
import { uploadStatus } from '../../registry/upload.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { clientOf } from '../check-client.ts';
import type { RunDeps } from '../deps.ts';
import type { AnsweredBy, FailureReason } from '../failure.ts';
import { answeredBy } from '../judge/answered-by.ts';
import type { SessionAnswers } from '../outcome.ts';
import { type LedgerEntry, sessionLeftOpen } from './ledger-entry.ts';

/** Bound on all asking after one failure. */
const askForMs = 5_000;
const timesAsked = 6;

/** Refusals of an upload that leave open whether it came to where it was opened. */
export const doubtsSession: ReadonlySet<FailureReason> = new Set([
  'session_lost',
  'range_conflict',
  'method_not_allowed',
]);

/** Whose answers say that a request did not come to the registry; of strangers that is not known. */
const strangers: ReadonlySet<AnsweredBy> = new Set(['registry', 'other', 'none']);

/**
 * What six questions for the session that a refusal left open are answered, each on a connection of its own, so that a load balancer
 * may lead them to different servers. Undefined: no session. Never throws; takes 5 s at most, and then knows of fewer.
 */
export async function askForSession(
  check: Check,
  deps: Pick<RunDeps, 'clock' | 'wire'>,
  redactor: Redactor,
  entries: readonly LedgerEntry[],
  cancelled: AbortSignal,
): Promise<SessionAnswers | undefined> {
  const location = sessionLeftOpen(entries);
  if (location === undefined) return undefined;
  const ending = new BoundedSignal(cancelled, askForMs);
  const answers = { known: 0, disowned: 0, elsewhere: 0 };
  for (let times = 0; times < timesAsked && !ending.signal.aborted; times += 1) {
    const client = openRegistryClient({
      ...clientOf(check, deps, redactor),
      signal: ending.signal,
      onStep: () => {},
    });
    try {
      await uploadStatus(client, { location, acknowledgedBytes: undefined, chunkMinBytes: undefined });
      answers.known += 1;
    } catch (error) {
      const refusal = error instanceof ProtocolError ? error.exchange : undefined;
      const by = answeredBy(refusal);
      if (by === 'registry' && (refusal?.response?.status ?? 0) === 404) answers.disowned += 1;
      else if (!strangers.has(by) && (refusal?.response?.status ?? 500) < 500) answers.elsewhere += 1;
    } finally {
      await client.close();
    }
  }
  ending.stop();
  return answers;
}

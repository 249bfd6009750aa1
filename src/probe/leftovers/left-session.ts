import type { Redactor } from '../../network/secrets/redactor.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { type OpenClient, openRegistryClient } from '../../registry/open-client.ts';
import { type UploadSession, uploadStatus } from '../../registry/upload.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { clientOf } from '../check-client.ts';
import type { RunDeps } from '../deps.ts';
import type { AnsweredBy, FailureReason } from '../failure.ts';
import { answeredBy } from '../judge/answered-by.ts';
import { type SessionAnswers, timesAsked } from '../outcome.ts';
import { type LedgerEntry, sessionLeftOpen } from './ledger-entry.ts';

/** Bound on all asking after one failure. */
const askForMs = 5_000;
/** Between two questions after a cut: what was under way behind it may still be arriving. */
const askAgainMs = 200;
/** Known and unknown so often each, it is known by turns. */
const enough = 2;
/** So many of them at a time, that a long way leaves time for all. */
const atOnce = 4;

/** Refusals of an upload that leave open whether it came to where it was opened. */
export const doubtsSession: ReadonlySet<FailureReason> = new Set([
  'session_lost',
  'range_conflict',
  'method_not_allowed',
]);

/** Whose answers say that a request did not come to the registry; of strangers that is not known. */
const strangers: ReadonlySet<AnsweredBy> = new Set(['registry', 'other', 'none']);

/** What a question for the session that a failure left open needs to know: the check, and what its run wrote down. */
export interface Asked {
  readonly check: Check;
  readonly deps: Pick<RunDeps, 'clock' | 'wire'>;
  readonly redactor: Redactor;
  readonly entries: readonly LedgerEntry[];
  readonly cancelled: AbortSignal;
}

/** The session, and connections of their own over the same path. Undefined: none is left open. Takes 5 s at most. */
async function asking<T>(
  { check, deps, redactor, entries, cancelled }: Asked,
  work: (session: UploadSession, open: () => OpenClient, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const location = sessionLeftOpen(entries);
  if (location === undefined || cancelled.aborted) return undefined;
  const ending = new BoundedSignal(cancelled, askForMs);
  const { signal } = ending;
  const open = (): OpenClient => openRegistryClient({ ...clientOf(check, deps, redactor), signal });
  try {
    return await work({ location, acknowledgedBytes: undefined, chunkMinBytes: undefined }, open, signal);
  } finally {
    ending.stop();
  }
}

/**
 * Bytes that the registry holds of the session that a cut left open: asked until two answers in a row agree. Undefined: no session, or the
 * registry does not say (registry 2.8 disowns it, distribution/distribution#3755). Never throws.
 */
export function askHeldBytes(asked: Asked): Promise<number | undefined> {
  return asking(asked, async (session, open, signal) => {
    const client = open();
    try {
      // The specification wants a Range in this answer; Gitea leaves it out while it holds nothing.
      const ask = async (): Promise<number> => (await uploadStatus(client, session)) ?? 0;
      for (let heldBytes = await ask(); ; ) {
        await asked.deps.clock.sleep(askAgainMs, signal);
        const again = await ask();
        if (again === heldBytes) return heldBytes;
        heldBytes = again;
      }
    } catch {
      // Whatever keeps it from being known is seen, with its reason, in the cleanup that follows.
      return undefined;
    } finally {
      await client.close();
    }
  });
}

/**
 * What a dozen questions for the session that a refusal left open are answered, each on a connection of its own, so that a load balancer
 * may lead them to different servers; fewer when time is out, when it is known by turns, or when somebody answers that they are too many. Undefined:
 * no session. Never throws.
 */
export function askForSession(asked: Asked): Promise<SessionAnswers | undefined> {
  return asking(asked, async (session, open, signal) => {
    const answers = { known: 0, disowned: 0, elsewhere: 0 };
    let isTooMuch = false;
    const ask = async (): Promise<void> => {
      const client = open();
      try {
        await uploadStatus(client, session);
        answers.known += 1;
      } catch (error) {
        const refusal = error instanceof ProtocolError ? error.exchange : undefined;
        const by = answeredBy(refusal);
        const status = refusal?.response?.status ?? 500;
        if (by === 'registry' && status === 404) answers.disowned += 1;
        else if (status === 429) isTooMuch = true;
        else if (!strangers.has(by) && status < 500) answers.elsewhere += 1;
      } finally {
        await client.close();
      }
    };
    const isClear = (): boolean => isTooMuch || Math.min(answers.known, answers.disowned) >= enough;
    for (let times = 0; times < timesAsked && !signal.aborted && !isClear(); times += atOnce)
      await Promise.all(Array.from({ length: atOnce }, ask));
    return answers;
  });
}

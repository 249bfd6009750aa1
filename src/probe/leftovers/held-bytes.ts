import type { Redactor } from '../../network/secrets/redactor.ts';
import { openRegistryClient } from '../../registry/open-client.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { uploadStatus } from '../../registry/upload.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { clientOf } from '../check-client.ts';
import type { RunDeps } from '../deps.ts';
import { type LedgerEntry, sessionLeftOpen } from './ledger-entry.ts';

/** Bound on all asking after one cut. */
const askForMs = 5_000;
/** Between two questions: what was under way behind the cut may still be arriving. */
const askAgainMs = 200;

/**
 * Bytes that the registry holds of the session that a cut left open: asked over the same path, on connections of their own,
 * until two answers in a row agree. Undefined: no session, or the registry does not say (registry 2.8 disowns it,
 * distribution/distribution#3755). Never throws; takes 5 s at most.
 */
export async function askHeldBytes(
  check: Check,
  deps: Pick<RunDeps, 'clock' | 'wire'>,
  redactor: Redactor,
  entries: readonly LedgerEntry[],
  cancelled: AbortSignal,
): Promise<number | undefined> {
  const location = sessionLeftOpen(entries);
  if (location === undefined || cancelled.aborted) return undefined;
  const ending = new BoundedSignal(cancelled, askForMs);
  const { signal } = ending;
  const client = openRegistryClient({ ...clientOf(check, deps, redactor), signal, onStep: () => {} });
  try {
    return await askUntilSettled(client, location, () => deps.clock.sleep(askAgainMs, signal));
  } catch {
    // Whatever keeps it from being known is seen, with its reason, in the cleanup that follows.
    return undefined;
  } finally {
    ending.stop();
    await client.close();
  }
}

async function askUntilSettled(client: RegistryClient, location: URL, wait: () => Promise<void>): Promise<number> {
  const session = { location, acknowledgedBytes: undefined, chunkMinBytes: undefined };
  // The specification wants a Range in this answer; Gitea leaves it out while it holds nothing.
  const ask = async (): Promise<number> => (await uploadStatus(client, session)) ?? 0;
  for (let heldBytes = await ask(); ; ) {
    await wait();
    const again = await ask();
    if (again === heldBytes) return heldBytes;
    heldBytes = again;
  }
}

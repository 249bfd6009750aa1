import { createTransport, transportDefaults } from '../network/transport.ts';
import { createAuthorizer } from '../registry/authorizer.ts';
import { createRegistryClient } from '../registry/registry-client.ts';
import { tokenBehaviours } from '../registry/token-behaviour.ts';
import { uploadStatus } from '../registry/upload.ts';
import { RunAborted } from './aborted.ts';
import type { Check } from './check.ts';
import type { RunDeps } from './deps.ts';
import type { Failure, FailureReason } from './failure.ts';
import type { LedgerEntry } from './ledger-entry.ts';

/** Bound on all asking after one cut. */
const askForMs = 5_000;
/** Between two questions: what was under way behind the cut may still be arriving. */
const askAgainMs = 200;

const cuts: ReadonlySet<FailureReason> = new Set([
  'connection_reset',
  'http2_error',
  'request_timeout',
  'upload_stalled',
  'response_timeout',
]);

/** The connection ended in the middle of a body, or after it, and nobody said why. */
export function isCut({ reason, answeredBy, sentBytes }: Failure): boolean {
  return cuts.has(reason) && answeredBy === 'none' && sentBytes > 0;
}

/**
 * Bytes that the registry holds of the session that a cut left open: asked over the same path, on connections of their own,
 * until two answers in a row agree. Undefined: no session, or the registry does not say (registry 2.8 disowns it,
 * distribution/distribution#3755). Never throws; takes 5 s at most.
 */
export async function askHeldBytes(
  check: Check,
  deps: RunDeps,
  entries: readonly LedgerEntry[],
  cancelled: AbortSignal,
): Promise<number | undefined> {
  const session = entries.findLast(({ kind, state }) => kind === 'session' && state === 'open');
  if (session?.location === undefined || cancelled.aborted) {
    return undefined;
  }
  const ended = new AbortController();
  const end = (): void => ended.abort(new RunAborted('deadline'));
  const timer = setTimeout(end, askForMs);
  cancelled.addEventListener('abort', end, { once: true });
  try {
    return await askUntilSettled(check, deps, new URL(session.location), ended.signal);
  } catch {
    // Whatever keeps it from being known is seen, with its reason, in the cleanup that follows.
    return undefined;
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', end);
  }
}

async function askUntilSettled(check: Check, deps: RunDeps, location: URL, signal: AbortSignal): Promise<number> {
  const { path, registry: target, client } = check;
  const now = (): number => deps.clock.nowMs();
  const { httpVersion } = client;
  const transport = createTransport(path, { ...transportDefaults, httpVersion, now, wire: deps.wire });
  const tokenBehaviour = tokenBehaviours[client.name];
  const asking = createRegistryClient({
    path,
    repository: target.repository,
    transport,
    authorizer: createAuthorizer({ path, target, transport, tokenBehaviour, now: () => Date.now() }),
    requestHeaders: { 'user-agent': client.userAgent },
    signal,
    onStep: () => {},
  });
  const session = { location, acknowledgedBytes: undefined, chunkMinBytes: undefined };
  // The specification wants a Range in this answer; Gitea leaves it out while it holds nothing.
  const ask = async (): Promise<number> => (await uploadStatus(asking, session)) ?? 0;
  try {
    for (let heldBytes = await ask(); ; ) {
      await deps.clock.sleep(askAgainMs, signal);
      const again = await ask();
      if (again === heldBytes) return heldBytes;
      heldBytes = again;
    }
  } finally {
    await transport.close();
  }
}

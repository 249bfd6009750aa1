import { Redactor } from '../../network/secrets/redactor.ts';
import { evidenceOf } from './evidence.ts';
import { type FailureContext, type Facts, factsOf } from './facts.ts';
import type { Failure, Phase } from '../failure.ts';
import { blameFor, reasonFor } from './reason-table.ts';

/**
 * Turns whatever an attempt threw into a Failure. Pure and total: any value gives exactly one reason, `internal` for errors
 * that are none of ours. Rules: `reason-table.ts`; who answered: `answered-by.ts`. `redactor`: what must not
 * be shown though an answer repeats it; what the failing request itself said is always among it.
 */
export function classify(error: unknown, context: FailureContext, redactor = new Redactor()): Failure {
  const facts = factsOf(error, context);
  const [registryCode] = facts.registryCodes;
  if (facts.exchange !== undefined) redactor.learn(facts.exchange);

  const reason = reasonFor(facts);
  return {
    reason,
    phase: lostIn(reason, facts),
    answeredBy: facts.answeredBy,
    blame: blameFor(reason, facts),
    sentBytes: facts.sentBytes,
    elapsedMs: facts.elapsedMs,
    blob: facts.blob,
    evidence: evidenceOf(facts, messageOf(error), redactor),
    status: facts.status,
    registryCode: registryCode === undefined ? undefined : redactor.redact(registryCode),
  };
}

/** Whatever was thrown: even what cannot be turned into text. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'an error without a text';
  }
}

/** Bytes that never arrived were lost while sending, though the registry only says so at the commit. Those read back are another matter. */
function lostIn(reason: Failure['reason'], facts: Facts): Phase {
  const lost = reason === 'body_dropped' || reason === 'body_truncated';
  return lost && facts.step !== 'pull' ? 'send' : facts.phase;
}

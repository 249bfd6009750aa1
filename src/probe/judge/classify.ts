import { Redactor } from '../../network/secrets/redactor.ts';
import { evidenceOf } from './evidence.ts';
import { type FailureContext, type Facts, factsOf } from './facts.ts';
import type { Failure, Phase } from '../failure.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { blameFor, reasonFor } from './reason-table.ts';

/**
 * Turns whatever an attempt threw into a Failure. Pure and total: any value gives exactly one reason, `internal` for errors
 * that are none of ours. Rules: `reason-table.ts`; who answered: `answered-by.ts`. `redactor`: what must not
 * be shown though an answer repeats it; what the failing request itself said is always among it.
 */
export function classify(error: unknown, context: FailureContext, redactor = new Redactor()): Failure {
  const facts = factsOf(error, context);
  const first = error instanceof ProtocolError ? error.firstSending : undefined;
  if (first !== undefined && speaksOfTheFirst(facts, factsOf(first, context)))
    return classify(first, context, redactor);
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

/**
 * Whether a registry's refusal of a request that was sent twice only echoes the first sending: a hop had ended that one, the
 * registry may have taken it all the same, and the session is now another one than the second sending speaks of.
 */
function speaksOfTheFirst(last: Facts, first: Facts): boolean {
  const { method } = last.exchange ?? {};
  const { status = 0 } = last;
  const changes = method === 'PUT' || method === 'PATCH';
  const refused = status >= 500 || [400, 404, 409, 416].includes(status);
  const hopEnded = first.status === undefined || first.status >= 499 || first.status === 408;
  return changes && refused && last.answeredBy === 'registry' && hopEnded && first.answeredBy !== 'registry';
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

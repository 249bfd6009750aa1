import { blameFor } from './blame.ts';
import { evidenceOf } from './evidence.ts';
import { type FailureContext, type Facts, factsOf } from './facts.ts';
import type { Failure, Phase } from './failure.ts';
import { reasonFor } from './reasons.ts';

/**
 * Turns whatever an attempt threw into a Failure. Pure and total: any value gives exactly one reason, `internal` for errors
 * that are none of ours. Rules: `reasons.ts`; who answered: `answered-by.ts`; which hop: `blame.ts`.
 */
export function classify(error: unknown, context: FailureContext): Failure {
  const facts = factsOf(error, context);
  const reason = reasonFor(facts);
  return {
    reason,
    phase: lostIn(reason, facts),
    answeredBy: facts.answeredBy,
    blame: blameFor(reason, facts),
    sentBytes: facts.sentBytes,
    elapsedMs: facts.elapsedMs,
    blob: facts.blob,
    evidence: evidenceOf(facts, messageOf(error)),
    ...(facts.status === undefined ? {} : { status: facts.status }),
    ...(facts.registryCodes[0] === undefined ? {} : { registryCode: facts.registryCodes[0] }),
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

/** Bytes that never arrived were lost while sending, though the registry only says so at the commit. */
function lostIn(reason: Failure['reason'], facts: Facts): Phase {
  return reason === 'body_dropped' || reason === 'body_truncated' ? 'send' : facts.phase;
}

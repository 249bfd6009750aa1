import type { Phase } from '../failure.ts';
import type { Attempt, PullRound, RequestRecord } from '../outcome.ts';

/**
 * Payload bytes per second of the attempts that succeeded, from the first body byte of any of them to the answer to the last:
 * until the answer, because bytes in a socket buffer are not yet delivered. undefined when nothing was sent.
 */
export function pushThroughput(attempts: readonly Attempt[]): number | undefined {
  return rate(attempts, 'send', (request) => request.sentBytes);
}

/** Bytes per second of what was fetched back in one round, from the first request for a body to the last byte. undefined without a pull. */
export function pullThroughput(attempts: readonly Attempt[], round: PullRound = 'cold'): number | undefined {
  const ofRound = attempts.filter(({ pull }) => pull === round);
  return rate(ofRound, 'pull', ({ status, responseBytes }) => (status === 200 || status === 206 ? responseBytes : 0));
}

function rate(
  attempts: readonly Attempt[],
  phase: Phase,
  bytesOf: (request: RequestRecord) => number,
): number | undefined {
  const requests = attempts
    .filter((attempt) => attempt.failure === undefined)
    .flatMap((attempt) => attempt.requests)
    .filter((request) => request.phase === phase && bytesOf(request) > 0);
  const openingMs = (request: RequestRecord): number =>
    (request.dnsMs ?? 0) + (request.connectMs ?? 0) + (request.tlsMs ?? 0);
  const startMs = Math.min(...requests.map((request) => request.startMs + openingMs(request)));
  const endMs = Math.max(...requests.map((request) => request.startMs + request.durationMs));
  const bytes = requests.reduce((sum, request) => sum + bytesOf(request), 0);
  return endMs > startMs ? bytes / ((endMs - startMs) / 1000) : undefined;
}

import type { Attempt } from './outcome.ts';

/**
 * Payload bytes per second of the attempts that succeeded, from the first body byte of any of them to the answer to the last:
 * until the answer, because bytes in a socket buffer are not yet delivered. undefined when nothing was sent.
 */
export function pushThroughput(attempts: readonly Attempt[]): number | undefined {
  const sends = attempts
    .filter((attempt) => attempt.failure === undefined)
    .flatMap((attempt) => attempt.requests)
    .filter((request) => request.phase === 'send' && request.sentBytes > 0);
  const openingMs = (request: (typeof sends)[number]): number =>
    (request.dnsMs ?? 0) + (request.connectMs ?? 0) + (request.tlsMs ?? 0);
  const startMs = Math.min(...sends.map((request) => request.startMs + openingMs(request)));
  const endMs = Math.max(...sends.map((request) => request.startMs + request.durationMs));
  const bytes = sends.reduce((sum, request) => sum + request.sentBytes, 0);
  return bytes > 0 && endMs > startMs ? bytes / ((endMs - startMs) / 1000) : undefined;
}

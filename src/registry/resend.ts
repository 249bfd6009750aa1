/** How one request of a client ended, as far as sending it again depends on it. */
export interface RequestEnd {
  /** 1 for the first sending. */
  readonly sending: number;
  readonly status: number | undefined;
  /** The status of the sending before this one. */
  readonly statusBefore: number | undefined;
  /** Network error code when no answer came. */
  readonly code: string | undefined;
  readonly hasBody: boolean;
  /** Milliseconds the answer asked to wait, from Retry-After in seconds or as a date. */
  readonly retryAfterMs: number | undefined;
  /** Milliseconds from its start to its end. */
  readonly durationMs: number;
  /** A refusal counts as a success, too, when it is the last word (`RegistryRequest.refusalForgives`). */
  readonly forgives?: boolean;
}

/**
 * What a client does inside one attempt: the same request once more, on the same upload session. Milliseconds to wait before
 * that, or undefined to let the end stand. Not to be confused with its retries, which begin a new session.
 */
export type ResendPolicy = (end: RequestEnd) => number | undefined;

/** A client that remembers over all requests of a run how a host has answered. */
export interface HostMemory {
  /** Milliseconds to wait before the next request to the host, whichever it is. */
  readonly waitMs: () => number;
  readonly resend: ResendPolicy;
}

/** Reads Retry-After (RFC 9110 section 10.2.3): seconds or a date. undefined when absent or unusable; at most a day. */
export function retryAfterMs(value: string | undefined, nowEpochMs: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(value.trim()) ? Number(value) : (Date.parse(value) - nowEpochMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds * 1000), 86_400_000) : undefined;
}

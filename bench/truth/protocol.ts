/** How long each step is to take in the next run, in milliseconds. */
export interface Injected {
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly authMs: number;
  readonly startMs: number;
  readonly waitMs: number;
  readonly commitMs: number;
  /** How fast bodies are read; undefined: as fast as they come. */
  readonly bytesPerSecond?: number;
}

/** Every step as fast as it is. */
export const noDelays: Injected = { dnsMs: 0, connectMs: 0, tlsMs: 0, authMs: 0, startMs: 0, waitMs: 0, commitMs: 0 };

/** What happened in a run, by an observer's clock. Durations in milliseconds; absent: did not happen. */
export interface Truth {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  readonly requests: RequestTruth[];
}

/** One request: from the arrival of its head to the first byte of the answer. */
export interface RequestTruth {
  readonly method: string;
  readonly target: string;
  readonly bodyBytes: number;
  /** With its head and framing, below TLS or without. */
  readonly wireBytes: number;
  readonly totalMs: number;
  /** When its answer passed, in milliseconds since 1970; only where packets are seen. */
  readonly answeredAtMs?: number;
}

export interface ServerPorts {
  /** PEM. */
  readonly caCertificate: string;
  readonly dns: number;
  readonly proxy: number;
  /** TLS behind the proxy. */
  readonly tunnelled: number;
  /** TLS, directly. */
  readonly secured: number;
  readonly plain: number;
}

export type TruthOrder = { readonly kind: 'inject'; readonly injected: Injected } | { readonly kind: 'tell' };

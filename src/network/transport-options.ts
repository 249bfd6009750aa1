import type { Pacer } from './body/pump.ts';
import type { Exchange } from './exchange.ts';
import type { ReadTcpInfo } from './kernel/read-tcp-info.ts';
import type { WireMeter } from './wire-meter.ts';

export interface TransportOptions {
  readonly httpVersion: '1.1' | 'h2-if-offered';
  readonly connectTimeoutMs: number;
  readonly tlsTimeoutMs: number;
  /** An idle connection is not used again after this; 30 s in docker and containerd, 90 s in crane and skopeo. */
  readonly idleTimeoutMs: number;
  /** Bytes of a response body that are kept. */
  readonly maxBodyBytes: number;
  /** Longest time for a response body that nobody streams; a slow drip ends here. */
  readonly bodyTimeoutMs: number;
  readonly now: () => number;
  readonly pacer?: Pacer | undefined;
  /** Counts what all connections of this transport carry. */
  readonly wire?: WireMeter | undefined;
  /** Asks the kernel about the connection of a body; undefined: it cannot be asked. */
  readonly readTcpInfo?: ReadTcpInfo | undefined;
  /** Told of each exchange when it ends, with or without a response. */
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
  /** Told of the body bytes sent so far, many times a second. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

/** The figures of a transport that no profile changes. */
export const transportDefaults = {
  connectTimeoutMs: 30_000,
  tlsTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  maxBodyBytes: 256 * 1024,
  bodyTimeoutMs: 30_000,
} as const;

import type { ReadTcpInfo } from '../network/kernel/read-tcp-info.ts';
import type { Pacer } from '../network/body/pump.ts';
import type { WireMeter } from '../network/wire-meter.ts';
import type { PayloadSource } from '../registry/payload.ts';
import type { Ledger } from './leftovers/ledger.ts';
import type { CpuThrottling } from './outcome.ts';

/** Time as a run sees it; replaced by tests. */
export interface RunClock {
  /** Monotonic, milliseconds. */
  nowMs(): number;
  /** Resolves after `delayMs`, rejects with the signal's reason when it aborts. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** What runs share and are given: no singletons. */
export interface RunDeps {
  readonly clock: RunClock;
  readonly payloads: PayloadSource;
  /** In [0, 1): jitter of retry waits. */
  readonly random: () => number;
  /** A new run's id. */
  readonly newId: () => string;
  readonly pacer?: Pacer | undefined;
  /** What is pulled waits for this instead; undefined: for the same. */
  readonly pullPacer?: Pacer | undefined;
  /** Counts what goes over the wire; each run has one of its own. */
  readonly wire?: WireMeter | undefined;
  /** Asks the kernel about the connections that carry bodies; undefined: it cannot be asked. */
  readonly readTcpInfo: ReadTcpInfo | undefined;
  /** What is to be removed, beyond this process; undefined: one in memory. */
  readonly ledger?: Ledger | undefined;
  /** `start` begins to watch the event loop; what it returns ends that and gives the longest delay seen, in milliseconds. */
  readonly eventLoopLag: { start(): () => number };
  /** Likewise for what a CPU limit keeps from the process; undefined: not known. */
  readonly cpuThrottling?: { start(): () => CpuThrottling | undefined };
  /** Above this lag the timings of a run count as tainted. */
  readonly taintedAboveMs: number;
  /** Bound on cleaning up after a run. */
  readonly cleanupTimeoutMs: number;
  /** Longest time without a byte accepted while sending, before the run ends the attempt; undefined: none. */
  readonly stallTimeoutMs: number | undefined;
}

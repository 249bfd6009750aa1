import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBandwidthPacer, inSequence } from '../network/body/pacer.ts';
import type { Pacer } from '../network/body/pump.ts';
import { type ApiCheckOptions, type ApiReport, checkApi } from '../probe/diagnose/api-check.ts';
import { type ConformanceOptions, type ConformanceRound, tryConformance } from '../probe/diagnose/conformance.ts';
import { holdConnection } from '../probe/diagnose/held-connection.ts';
import type { HeldConnection } from '../probe/diagnose/trial.ts';
import { createTcpInfoReader } from '../network/kernel/read-tcp-info.ts';
import type { Check } from '../probe/check.ts';
import type { RunDeps } from '../probe/deps.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import type { RunCheck } from '../probe/outcome.ts';
import { createRunner } from '../probe/run/run.ts';
import { createPayloadSource } from '../registry/payload.ts';
import { ThrottlingWatch } from './cpu-throttling.ts';
import { LagWatch } from './lag-watch.ts';

/** A run that saw the event loop later than this has timings that are off by about as much; likewise for throttling. */
const taintedAboveMs = 250;

/** Below the bound on shutting down, so that sessions of aborted pushes are cancelled before the process ends. */
export const cleanupTimeoutMs = 8_000;

/** Longer than any buffer on the way takes to drain, shorter than a run: a body of which nobody takes a byte for so long is lost. */
const stallTimeoutMs = 120_000;

/** Whatever runs checks, with what all runs share. */
export interface Engine {
  readonly run: RunCheck;
  /** The same engine, whose bodies wait for `pacer` as well: for searches, which send slowly or hesitate. `pull`: only what is pulled does. */
  paced(pacer: Pacer, direction?: 'pull'): RunCheck;
  /** One rate for the bodies of all runs together, pushed and pulled; undefined: none. */
  limitBandwidth(bitsPerSecond: number | undefined): void;
  /** Asks the endpoints that cost no transfer; undefined when `signal` aborted. */
  checkApi(
    target: Parameters<typeof checkApi>[0],
    options: Pick<ApiCheckOptions, 'timeoutMs' | 'signal' | 'wire'>,
  ): Promise<ApiReport | undefined>;
  /** Compares new connections over the check's path with one that stays open. */
  holdConnection(check: Check, options: Pick<ApiCheckOptions, 'timeoutMs' | 'signal'>): Promise<HeldConnection>;
  /** Tries behaviours of the specification, once over the check's path. */
  tryConformance(check: Check, options: ConformanceOptions): Promise<ConformanceRound>;
}

/** What tests of the whole set otherwise than a daemon does: shorter bounds, and randomness that can be repeated. */
export type EngineBounds = Partial<Pick<RunDeps, 'cleanupTimeoutMs' | 'stallTimeoutMs' | 'random'>>;

/** The engine with the real clock, randomness and payloads. `ledger`: remembers what is to be cleaned up. */
export function createEngine(ledger?: Ledger, bounds: EngineBounds = {}): Engine {
  const bandwidth = createBandwidthPacer();
  let limited = false;
  const deps: RunDeps = {
    clock: { nowMs: () => performance.now(), sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }) },
    payloads: createPayloadSource('blobprobe'),
    random: Math.random,
    newId: randomUUID,
    // Read anew for each attempt: without a limit the push loop has nothing to wait for.
    get pacer() {
      return limited ? bandwidth : undefined;
    },
    eventLoopLag: new LagWatch(),
    cpuThrottling: new ThrottlingWatch(),
    readTcpInfo: createTcpInfoReader(),
    taintedAboveMs,
    cleanupTimeoutMs,
    stallTimeoutMs,
    ledger,
    ...bounds,
  };
  return {
    run: createRunner(deps),
    paced(pacer, direction) {
      const both = inSequence(bandwidth, pacer);
      return createRunner({ ...deps, pacer: direction === 'pull' ? bandwidth : both, pullPacer: both });
    },
    limitBandwidth(bitsPerSecond) {
      limited = bitsPerSecond !== undefined;
      bandwidth.limitTo(bitsPerSecond === undefined ? undefined : bitsPerSecond / 8);
    },
    checkApi: (target, options) => checkApi(target, { ...options, now: () => deps.clock.nowMs() }),
    holdConnection: (check, options) => holdConnection(check, deps.clock, options),
    tryConformance: (check, options) => tryConformance(check, deps, options),
  };
}

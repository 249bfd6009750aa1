import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../probe/ledger.ts';
import type { RunCheck } from '../probe/outcome.ts';
import { createRunner } from '../probe/run.ts';
import { createPayloadSource } from '../registry/payload.ts';
import { startLagWatch } from './lag-watch.ts';

/** A run that saw the event loop later than this has timings that are off by about as much. */
const taintedAboveMs = 250;

/** Below the bound on shutting down, so that sessions of aborted pushes are cancelled before the process ends. */
const cleanupTimeoutMs = 8_000;

/** Longer than any buffer on the way takes to drain, shorter than a run: a body of which nobody takes a byte for so long is lost. */
const stallTimeoutMs = 120_000;

/** The engine with the real clock, randomness and payloads. `ledger`: remembers what is to be cleaned up. */
export function createEngine(ledger?: Ledger): RunCheck {
  return createRunner({
    clock: { nowMs: () => performance.now(), sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }) },
    payloads: createPayloadSource('blobprobe'),
    random: Math.random,
    newId: randomUUID,
    eventLoopLag: { start: startLagWatch },
    taintedAboveMs,
    cleanupTimeoutMs,
    stallTimeoutMs,
    ledger,
  });
}

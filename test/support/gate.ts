import { Gate, type GateDeps } from '../../src/daemon/gate.ts';
import { ByteBudget } from '../../src/schedule/byte-budget.ts';
import { RateLimits } from '../../src/schedule/rate-limits.ts';
import { recordingLog } from './recording-log.ts';

/** A gate whose budget stands still in time; without `bytesPerDay` it is not limited. */
export function gateOf(options: Partial<GateDeps> & { readonly bytesPerDay?: number | undefined } = {}): {
  readonly gate: Gate;
  readonly budget: ByteBudget;
} {
  const budget = new ByteBudget({ nowMs: () => 0, bytesPerDay: options.bytesPerDay });
  const { rateLimits = new RateLimits(() => Date.now()), log = recordingLog().log } = options;
  return { budget, gate: new Gate({ budget, rateLimits, log }) };
}

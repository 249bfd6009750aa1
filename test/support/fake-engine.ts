import type { Engine } from '../../src/daemon/engine.ts';
import type { RunCheck } from '../../src/probe/outcome.ts';

/** An engine whose runs are these; it asks no endpoint. */
export function engineOf(run: RunCheck): Engine {
  return {
    run,
    paced: () => run,
    limitBandwidth: () => {},
    checkApi: async () => undefined,
    holdConnection: async () => ({ refused: 0, answered: 0 }),
    tryConformance: () => Promise.reject(new Error('not in this test')),
  };
}

import { defineConfig } from 'vitest/config';

/** The tests that a mutant must survive: what runs in this process and needs neither a clock nor another program (`npm run mutants`). */
export default defineConfig({
  test: {
    include: [
      'test/{network,registry,probe,schedule,config}/**/*.test.ts',
      'test/behaviour/{clients,config,limits,network,registry}/**/*.test.ts',
    ],
    exclude: [
      'test/behaviour/limits/duration.test.ts',
      'test/behaviour/network/timing.test.ts',
      'test/probe/leftovers/left-session.test.ts',
      // Thousands of random inputs for each mutant would take minutes.
      'test/probe/judge/classify-anything.test.ts',
    ],
    isolate: false,
    testTimeout: 20_000,
    expect: { poll: { timeout: 5_000 } },
  },
});

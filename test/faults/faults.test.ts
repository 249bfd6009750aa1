import { describe, expect, test } from 'vitest';
import { createCertificates } from '../support/certificates.ts';
import { replayHint, runSeed } from './run-seed.ts';
import { worldCertificates } from './world.ts';

/**
 * A few in each run of the suite, each of which once found a defect (an end while waiting to send again, a clock that jumps, the
 * lab's own end, a short pause); `npm run faults` runs as many as one likes.
 */
const usual = process.env['BLOBPROBE_REPEATED_RUN'] === '1' ? [177] : [18, 149, 177, 204];
const asked = process.env['BLOBPROBE_FAULT_SEED'];
const seeds = asked === undefined ? usual : asked.split(',').map(Number);
const certificates = worldCertificates(createCertificates());

describe('whatever the faults', () => {
  test.each(seeds)(
    'seed %i breaks no invariant',
    async (seed) => {
      const { violations } = await runSeed(seed, { certificates });
      const lines = violations.map(({ invariant, what }) => `${invariant}: ${what}`);
      expect(lines, `again with: ${replayHint(seed)}`).toEqual([]);
    },
    60_000,
  );
});

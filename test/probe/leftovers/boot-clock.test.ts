import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bootMoment } from '../../../src/probe/leftovers/boot-clock.ts';

const uptimeMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

describe('now, on a clock that nobody sets', () => {
  test('in whole milliseconds', () => {
    const before = uptimeMs();
    const { ms } = bootMoment();
    expect([Number.isSafeInteger(ms), ms >= before, ms <= uptimeMs()]).toEqual([true, true, true]);
  });

  test.runIf(process.platform === 'linux')('since the start of the machine that Linux names', () => {
    expect(bootMoment().boot).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  });

  test('of one start, however often it is asked', () => {
    expect(bootMoment().boot).toBe(bootMoment().boot);
  });
});

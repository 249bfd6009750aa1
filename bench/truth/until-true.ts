import { setTimeout as sleep } from 'node:timers/promises';

/** Looks every ten milliseconds, a second long; false when it did not become true. For what another process still has to hand over. */
export async function untilTrue(isTrue: () => boolean): Promise<boolean> {
  for (let looks = 0; looks < 100; looks += 1) {
    if (isTrue()) return true;
    await sleep(10);
  }
  return isTrue();
}

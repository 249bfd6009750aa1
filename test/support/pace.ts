import { LagWatch } from '../../src/daemon/lag-watch.ts';

const watch = new LagWatch();
/** How much slower than written the clocks of a test may get. */
const slowest = 32;
/** What this process could keep to lately: the next piece of work need not find out again. */
let lately = 1;

/**
 * What comes of `work`, whose clocks go `pace` times slower than written. While this process is later than `bearableMs * pace`, nothing that
 * came of it is looked at, good or bad, and the work is done again with clocks twice as slow. Throws what the work throws.
 */
export async function atBearablePace<T>(bearableMs: number, work: (pace: number) => Promise<T>): Promise<T> {
  for (;;) {
    const pace = lately;
    const endWatch = watch.start();
    const [settled] = await Promise.allSettled([work(pace)]);
    const lateMs = endWatch();
    if (lateMs > bearableMs * pace && pace < slowest) {
      lately = Math.max(lately, pace * 2);
      continue;
    }
    if (lateMs < (bearableMs * pace) / 4) lately = Math.max(1, pace / 2);
    if (settled.status === 'rejected') throw settled.reason as unknown;
    return settled.value;
  }
}

/** The same data with every time (`…Ms`) so many times longer, and every rate (`…PerSecond`) as many times lower. */
export function stretched<T>(value: T, pace: number): T {
  if (Array.isArray(value)) return value.map((item: unknown) => stretched(item, pace)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => {
      if (typeof item !== 'number') return [key, stretched(item, pace)];
      return [key, key.endsWith('Ms') ? item * pace : key.endsWith('PerSecond') ? item / pace : item];
    }),
  ) as T;
}

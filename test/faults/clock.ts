/** The clock on the wall, as this process sees it. The monotonic one cannot step. */
export interface WallClock {
  /** Sets it forward, or back when negative. */
  step(byMs: number): void;
  /** What it has been set forward in all. */
  readonly offsetMs: number;
  restore(): void;
}

/** From now on `Date` follows a clock that can be set, as `date -s` or NTP would. */
export function steppedClock(): WallClock {
  const RealDate = Date;
  let offsetMs = 0;
  const now = (): number => RealDate.now() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: []) => Reflect.construct(target, args.length === 0 ? [now()] : args) as Date,
    get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
  });
  return {
    step: (byMs) => void (offsetMs += byMs),
    get offsetMs() {
      return offsetMs;
    },
    restore: () => void (globalThis.Date = RealDate),
  };
}

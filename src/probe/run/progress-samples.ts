/** How far a body was at a time: milliseconds and bytes. */
export type ProgressPoint = readonly [atMs: number, sentBytes: number];

/** Of one request; a history holds many requests. */
const mostPoints = 40;
/** Thinned until no more than these are left, so that it is not done for each further point. */
const leftPoints = 30;
/** The transport reports ten times a second, and only when bytes have moved: a longer silence was a standstill. */
const tickMs = 100;
const silenceMs = 2.5 * tickMs;

/** A request's bytes over time in a bounded number of points, coarser the longer it takes. Standstills keep both their ends. */
export class ProgressSamples {
  #points: ProgressPoint[] = [];
  #spacingMs = tickMs;

  /** `sentBytes`: of the request so far. */
  add(atMs: number, sentBytes: number): void {
    const last = this.#points.at(-1);
    if (last !== undefined && atMs - last[0] > silenceMs && sentBytes !== last[1]) this.#put([atMs - tickMs, last[1]]);
    this.#put([atMs, sentBytes]);
  }

  /** The points from the begin of sending to its end, both in it, and forgets them. */
  take(startMs: number, endMs: number, sentBytes: number): readonly ProgressPoint[] {
    const seen = this.#points.filter(([atMs]) => atMs > startMs);
    this.#points = [];
    const whole = new ProgressSamples();
    whole.#spacingMs = this.#spacingMs;
    this.#spacingMs = tickMs;
    const [firstMs = startMs] = seen[0] ?? [];
    const quiet: readonly ProgressPoint[] = firstMs - startMs > silenceMs ? [[firstMs - tickMs, 0]] : [];
    for (const point of [[startMs, 0] as const, ...quiet, ...seen]) whole.#put(point);
    whole.add(Math.max(endMs, seen.at(-1)?.[0] ?? endMs), sentBytes);
    return whole.#points;
  }

  #put(point: ProgressPoint): void {
    this.#points.push(point);
    if (this.#points.length <= mostPoints) return;
    this.#points = thinned(this.#points, this.#spacingMs);
    while (this.#points.length > leftPoints) {
      this.#spacingMs *= 2;
      this.#points = thinned(this.#points, this.#spacingMs);
    }
  }
}

/** Drops what is nearer than `spacingMs` to the point before it, but for the last one and those where a standstill begins. */
function thinned(points: readonly ProgressPoint[], spacingMs: number): ProgressPoint[] {
  const kept: ProgressPoint[] = [];
  points.forEach((point, index) => {
    const before = kept.at(-1);
    const next = points[index + 1];
    const stands = next !== undefined && next[1] === point[1] && next[0] - point[0] > spacingMs;
    if (before === undefined || next === undefined || stands || point[0] - before[0] >= spacingMs) kept.push(point);
  });
  return kept;
}

const resolutionMs = 10;

interface Span {
  readonly sinceMs: number;
  longestMs: number;
}

/**
 * Watches the event loop during runs, by one timer for all of them: Node's own monitor takes 370 KiB each time, which runs by the dozen
 * turn into heap that is never given back.
 */
export class LagWatch {
  readonly #spans = new Set<Span>();
  #timer: NodeJS.Timeout | undefined;
  #tickedAtMs = 0;

  /** Begins to watch. The returned function ends it: longest delay since, in milliseconds, what is still under way included. */
  start(): () => number {
    const span = { sinceMs: performance.now(), longestMs: 0 };
    if (this.#spans.size === 0) this.#tickedAtMs = span.sinceMs;
    this.#spans.add(span);
    this.#timer ??= setInterval(() => this.#tick(), resolutionMs).unref();
    return () => {
      this.#note(performance.now());
      this.#spans.delete(span);
      if (this.#spans.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
      return span.longestMs;
    };
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#note(nowMs);
    this.#tickedAtMs = nowMs;
  }

  /** A run is not charged with what was late before it began. */
  #note(nowMs: number): void {
    const lateMs = nowMs - this.#tickedAtMs - resolutionMs;
    for (const span of this.#spans) span.longestMs = Math.max(span.longestMs, Math.min(lateMs, nowMs - span.sinceMs));
  }
}

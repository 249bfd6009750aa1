/** The time in which at least one thing went on. */
export class BusyTime {
  /** Apart from each other. */
  #spans: readonly (readonly [startMs: number, endMs: number])[] = [];

  /** One more thing, which ended at `endMs` and took so long. Returns by how many milliseconds the whole grew. */
  add(endMs: number, durationMs: number): number {
    const startMs = endMs - durationMs;
    const met = this.#spans.filter(([start, end]) => start < endMs && end > startMs);
    const from = Math.min(startMs, ...met.map(([start]) => start));
    const to = Math.max(endMs, ...met.map(([, end]) => end));
    this.#spans = [...this.#spans.filter((span) => !met.includes(span)), [from, to]];
    if (met.length === 0) return durationMs;
    return Math.max(0, to - from - met.reduce((sum, [start, end]) => sum + end - start, 0));
  }
}

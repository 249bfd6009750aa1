/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other: optimal string alignment. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/** The candidate a writer most likely meant, or undefined when none is close. Case does not count. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // Names are short; anything longer than this is no typing error and would only cost time.
  if (word.length > 64) return undefined;
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const close = edits <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (close && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** How early Node's timers may fire: they count whole milliseconds from a time that the loop took before. */
const earlyMs = 20;

/**
 * Calls back once `delayMs` milliseconds of `now` are over, and not before; what is left after an early wake is waited for again.
 * The returned function takes it back.
 */
export function notBefore(delayMs: number, now: () => number, action: () => void): () => void {
  const dueMs = now() + delayMs;
  let timer = setTimeout(look, Math.ceil(delayMs));
  function look(): void {
    const leftMs = dueMs - now();
    if (leftMs > 0 && leftMs <= earlyMs) timer = setTimeout(action, Math.ceil(leftMs) + 1);
    else action();
  }
  return () => clearTimeout(timer);
}

/** Why signals end that nobody listens to any more: an error of its own for each, with its stack, costs a small push a tenth of its time. */
export const isOver = 'over';

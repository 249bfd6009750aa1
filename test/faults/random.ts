/** Randomness that one seed decides: equal seeds give equal sequences, on every platform. */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number;
  /** Like `int`, but small numbers are as likely as large ones: each order of magnitude gets its share. */
  size(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  chance(share: number): boolean;
  /** A sequence of its own: what is drawn from it, and when, does not change what comes here. */
  fork(name: string): Random;
}

/** mulberry32, with the seed mixed so that neighbouring seeds have nothing in common. */
export function createRandom(seed: string): Random {
  let state = hashOf(seed);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    size: (from, to) => Math.round(Math.exp(Math.log(from) + next() * (Math.log(to) - Math.log(from)))),
    pick(items) {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    chance: (share) => next() < share,
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

/** FNV-1a with MurmurHash3's final mix. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

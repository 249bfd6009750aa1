/**
 * Whether a client refuses by itself to go on at `url`, which an answer of `asked` named: the reason in words, or undefined when it
 * follows. What the path allows is another question, and ours (`isAllowedHost`).
 */
export type Refusal = (url: URL, asked: URL) => string | undefined;

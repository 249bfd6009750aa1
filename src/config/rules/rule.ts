import type { ConfigPath } from '../problem.ts';

/** Takes note of a problem; `message` is `expected …, got …`. */
export type Report = (path: ConfigPath, message: string) => void;

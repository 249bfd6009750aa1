import type { Failure } from '../failure.ts';
import type { Contrast } from './contrast.ts';

/** A question about a failure and what stands around it. */
export type Match = (failure: Failure, contrast: Contrast) => boolean;

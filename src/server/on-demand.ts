import type { Run } from '../probe/outcome.ts';

/** What somebody asks for, as it was written. All names are of the configuration. */
export interface RunRequest {
  readonly registry?: string | undefined;
  readonly path?: string | undefined;
  readonly client?: string | undefined;
  /** A workload of the configuration, or else `size`. */
  readonly workload?: string | undefined;
  /** As the configuration writes sizes: `10MiB`. */
  readonly size?: string | undefined;
  /** `none`: one attempt; `profile`: as the client does. Default: what the check says. */
  readonly retries?: string | undefined;
}

export const runRequestKeys = [
  'registry',
  'path',
  'client',
  'workload',
  'size',
  'retries',
] as const satisfies readonly (keyof RunRequest)[];

export interface RunTerms {
  /** Time for the run, the wait for a transfer and the cleanup included; undefined: what the check allows. */
  readonly withinMs?: number | undefined;
}

/**
 * Why nothing can be started now. `busy`: something else is pushed, which will end; `scrape_timeout`: there was no time left for the push, or
 * it did not end within it.
 */
export type NoRunReason = 'busy' | 'paused' | 'rate_limited' | 'budget' | 'not_running' | 'scrape_timeout';

/** The run had to wait for a transfer until too little of its time was left. The message is one line. */
export class RunNotStarted extends Error {
  override readonly name = 'RunNotStarted';
}

/** `refused`: asked for something that is not there or cannot work; `busy`: could work later. `message` is one line. */
export type RunAnswer =
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'busy';
      readonly reason: NoRunReason;
      readonly message: string;
      readonly retryAfterSeconds: number;
    }
  /** `run` rejects with RunNotStarted when it waited in vain. */
  | { readonly kind: 'started'; readonly id: string; readonly run: Promise<Run> };

/** Starts runs that somebody asked for. */
export interface OnDemand {
  /** When the same is running or queued already on demand, the answer is that run. */
  start(request: RunRequest, terms?: RunTerms): RunAnswer;
}

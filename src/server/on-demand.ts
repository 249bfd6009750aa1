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

export interface RunTerms {
  /** Time for the run, cleanup included; undefined: what the check allows. */
  readonly withinMs?: number;
  /** Wait for a transfer to end when there is no room. */
  readonly queue: boolean;
}

/** `refused`: asked for something that is not there or cannot work; `busy`: could work later. `message` is one line. */
export type RunAnswer =
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'busy'; readonly message: string; readonly retryAfterSeconds: number }
  | { readonly kind: 'started'; readonly id: string; readonly run: Promise<Run> };

/** Starts runs that somebody asked for. */
export interface OnDemand {
  /** When the same is running or queued already on demand, the answer is that run. */
  start(request: RunRequest, terms: RunTerms): RunAnswer;
}

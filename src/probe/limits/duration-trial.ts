import type { Check } from '../check.ts';
import type { Failure, FailureReason } from '../failure.ts';
import type { Run } from '../outcome.ts';
import { describeFailure, seconds } from '../verdict-words.ts';

/** What one slow run says about the limit. */
export type DurationTrial =
  | { readonly kind: 'accepted' }
  /** Somebody said that it took too long, or (`said: false`) ended it in the middle: then it must happen again at the same time. */
  | { readonly kind: 'ended'; readonly failure: Failure; readonly afterMs: number; readonly said: boolean }
  | { readonly kind: 'unclear'; readonly why: string };

/** Ways in which proxies end a request that takes too long while its body is still coming. */
const endings: ReadonlySet<FailureReason> = new Set([
  'request_timeout',
  'connection_reset',
  'http2_error',
  'response_timeout',
  'origin_unreachable',
]);

export function durationTrialOf(run: Run, durationMs: number): DurationTrial {
  const { failure } = run;
  if (failure === undefined) {
    return { kind: 'accepted' };
  }
  if (endings.has(failure.reason) && failure.phase === 'send') {
    const said = failure.reason === 'request_timeout' && failure.status !== undefined;
    return { kind: 'ended', failure, afterMs: Math.min(Math.ceil(failure.elapsedMs), durationMs), said };
  }
  const how = durationMs === 0 ? 'even sent at once' : `sent over ${seconds(durationMs)}`;
  return { kind: 'unclear', why: `a small body, ${how}, failed for another reason: ${describeFailure(failure)}` };
}

/** So many writes a body: the pauses stay far below any limit on silence, which is another limit than the one looked for. */
const writesPerBody = 256;

/** The check of one slow try: a small blob in small writes, one attempt, with time to finish. */
export function durationCheck(check: Check, sizeBytes: number, durationMs: number): Check {
  return {
    ...check,
    client: { ...check.client, writeBytes: Math.max(1, Math.floor(sizeBytes / writesPerBody)) },
    workload: { name: 'limit-search', kind: 'blob', layerBytes: [sizeBytes], pull: false },
    timeoutMs: durationMs + Math.min(check.timeoutMs, 60_000),
    retries: 'none',
    payload: { kind: 'fresh' },
  };
}

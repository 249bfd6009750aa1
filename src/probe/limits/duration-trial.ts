import { formatDuration } from '../../network/duration-words.ts';
import type { Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import { isPullCut } from '../judge/pull-cuts.ts';
import { reasonTable } from '../judge/reason-table.ts';
import type { Run } from '../outcome.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import { notPutThere, searchedBlob } from './size-trial.ts';

/** Somebody said that it took too long, or (`said: false`) ended it in the middle: then it must happen again. */
export interface Ended {
  readonly kind: 'ended';
  readonly failure: Failure;
  readonly afterMs: number;
  readonly said: boolean;
}

/** What one slow run says about the limit. */
export type DurationTrial = { readonly kind: 'accepted' } | Ended | { readonly kind: 'unclear'; readonly why: string };

export function durationTrialOf(run: Run, durationMs: number): DurationTrial {
  const { failure } = run;
  if (failure === undefined) return { kind: 'accepted' };
  const why = notPutThere(run);
  if (why !== undefined) return { kind: 'unclear', why };
  const tookMs = Math.ceil(failure.elapsedMs);
  // How long it takes at full speed is not known before.
  const wantedMs = durationMs === 0 ? tookMs : durationMs;
  // When a hop hung up is not known: what it had sent before is read at the pace of the try.
  if (isPullCut(failure)) return { kind: 'ended', failure, afterMs: wantedMs, said: false };

  if (reasonTable[failure.reason].tells.time !== 'no' && failure.phase === 'send') {
    const said = reasonTable[failure.reason].tells.time === 'yes' && failure.status !== undefined;
    return { kind: 'ended', failure, afterMs: Math.min(tookMs, wantedMs), said };
  }
  const [what, moved] = run.check.pushedOver === undefined ? ['a small body', 'sent'] : ['a blob', 'pulled'];
  const how = durationMs === 0 ? `even ${moved} at once` : `${moved} over ${formatDuration(durationMs)}`;
  return { kind: 'unclear', why: `${what}, ${how}, failed for another reason: ${describeFailure(failure)}` };
}

/** So many writes a body: the pauses stay far below any limit on silence, which is another limit than the one looked for. */
const writesPerBody = 256;

/** The check of one slow try: a small blob in small writes, one attempt, with time to finish. */
export function durationCheck(check: Check, sizeBytes: number, durationMs: number): Check {
  return {
    ...searchedBlob(check, sizeBytes),
    client: { ...check.client, writeBytes: Math.max(1, Math.floor(sizeBytes / writesPerBody)) },
    timeoutMs: durationMs + Math.min(check.timeoutMs, 60_000),
    retries: 'none',
  };
}

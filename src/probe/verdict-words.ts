import { checkLabels } from './check.ts';
import type { Failure } from './failure.ts';
import type { Run } from './outcome.ts';

/** `413 from cloudflare (body_too_large) in send, after 104.9 MB and 3.2 s`. */
export function describeFailure(failure: Failure): string {
  const { reason, phase, answeredBy, status, registryCode, sentBytes, elapsedMs } = failure;
  const code = registryCode === undefined ? '' : ` ${registryCode}`;
  const answer =
    answeredBy === 'none' ? `${reason}, no answer` : `${status ?? 'answer'}${code} from ${answeredBy} (${reason})`;
  const after =
    sentBytes > 0 ? `, after ${megabytes(sentBytes)} and ${seconds(elapsedMs)}` : `, after ${seconds(elapsedMs)}`;
  return `${answer} in ${phase}${after}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'none') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** In MB, because most limits in the field are: `104.9 MB`; `65.5 kB` and `512 B` below. */
export function megabytes(bytes: number): string {
  if (bytes < 100_000) {
    return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1e3).toFixed(1)} kB`;
  }
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`;
}

/** `12.3 s`, `0.25 s`; what would read as no time at all in milliseconds: `3 ms`. */
export function seconds(ms: number): string {
  if (ms < 100) {
    return `${Math.ceil(ms)} ms`;
  }
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** What a healthy round is told by. */
export function healthyWords(good: readonly Run[]): string {
  const retried = good.filter((run) => run.attempts.some(({ number }) => number > 1));
  const names = listed(good.map((run) => checkLabels(run.check).path));
  const note =
    retried.length === 0
      ? ''
      : `, over ${listed(retried.map((run) => checkLabels(run.check).path))} only after retries`;
  return `the push got through over ${names}${note}`;
}

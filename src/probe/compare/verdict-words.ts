import { formatDuration } from '../../network/duration-words.ts';
import { formatBytes } from '../byte-words.ts';
import { checkLabels } from '../check.ts';
import type { Failure } from '../failure.ts';
import type { Run } from '../outcome.ts';

/**
 * `413 from cloudflare (body_too_large) in send, after 100 MiB and 3.2 s`; with nobody's answer the network's code and our own
 * timer: `tls_failure, no answer (ETIMEDOUT, timer tls) in tls, after 10 s`. A stranger is named by its own header.
 */
export function describeFailure(failure: Failure): string {
  const { reason, phase, answeredBy, status, registryCode, sentBytes, elapsedMs, evidence } = failure;
  const server = evidence.headers?.['server'];
  const who = answeredBy === 'other' && server !== undefined ? `other, ${server.slice(0, 40)}` : answeredBy;
  const code = registryCode === undefined ? '' : ` ${registryCode}`;
  const answer =
    answeredBy === 'none'
      ? `${reason}, no answer${network(evidence)}`
      : `${status ?? 'answer'}${code} from ${who} (${reason})`;
  const movedBytes = evidence.pulledBytes ?? sentBytes;
  const after =
    movedBytes > 0
      ? `, after ${formatBytes(movedBytes)} and ${formatDuration(elapsedMs)}`
      : `, after ${formatDuration(elapsedMs)}`;
  return `${answer} in ${phase}${after}${silence(evidence)}`;
}

/** Nothing had come for so long. */
function silence({ silentMs = 0, pulledBytes }: Failure['evidence']): string {
  return pulledBytes !== undefined && silentMs >= 1_000 ? `, the last ${formatDuration(silentMs)} without a byte` : '';
}

function network({ code, timer }: Failure['evidence']): string {
  const known = [code, timer === undefined ? undefined : `timer ${timer}`].filter((one) => one !== undefined);
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'none') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
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

import { speaksTls } from '../../network/speaks-tls.ts';
import type { WireMeter } from '../../network/wire-meter.ts';
import type { Check } from '../check.ts';
import type { RunClock } from '../deps.ts';
import type { Failure } from '../failure.ts';
import { reasonTable } from '../judge/reason-table.ts';
import { plainToTlsWords, wordsOf } from '../judge/words.ts';
import { type Attempt, requestsOf } from '../outcome.ts';

interface Asking {
  readonly check: Check;
  readonly clock: RunClock;
  readonly wire: WireMeter;
  readonly attempts: readonly Attempt[];
  readonly signal: AbortSignal;
}

/**
 * The failure of a run over plain HTTP in which connections were taken and nothing was ever answered, or which was answered that this is a port of
 * TLS: with `plain_http` where a handshake shows that TLS is spoken there, with `plain_http_behind` where it is not, and the answer comes from a
 * port behind; any other failure as it is. HAProxy, Envoy and many more hang up on plain HTTP without a word.
 */
export async function askedForTls(
  failure: Failure,
  { check: { path }, clock, wire, attempts, signal }: Asking,
): Promise<Failure> {
  const requests = requestsOf({ attempts });
  const isMute =
    requests.length > 0 && requests.every(({ status }) => status === undefined) && failure.answeredBy === 'none';
  const isOpening = failure.phase === 'dns' || failure.phase === 'connect';
  const isToldSo = plainToTlsWords.test(wordsOf(failure));
  const mayBeTls =
    path.origin.startsWith('http:') && path.proxy === undefined && failure.evidence.redirectedFrom === undefined;
  const isWorthAsking = isToldSo || (isMute && !isOpening);
  if (!isWorthAsking || !mayBeTls || reasonTable[failure.reason].tells.own) return failure;
  const isTls = await speaksTls(path, { now: () => clock.nowMs(), signal, wire });
  const tlsProblem = isTls === true ? 'plain_http' : isToldSo && isTls === false ? 'plain_http_behind' : undefined;
  return tlsProblem === undefined ? failure : { ...failure, evidence: { ...failure.evidence, tlsProblem } };
}

import { type Attempt, type PullFacts, type PullRound, pullRounds, type RequestRecord } from '../outcome.ts';
import { pullThroughput } from './throughput.ts';

/** What the pulls of each round say together; undefined: nothing was pulled. `inRanges`: the client asks by Range from the beginning. */
export function pullFacts(
  attempts: readonly Attempt[],
  inRanges = false,
): Partial<Record<PullRound, PullFacts>> | undefined {
  const found = pullRounds.flatMap((round) => {
    const ofRound = attempts.filter(({ pull }) => pull === round);
    return ofRound.length === 0 ? [] : [[round, factsOf(ofRound, round, inRanges)] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function factsOf(attempts: readonly Attempt[], round: PullRound, inRanges: boolean): PullFacts {
  const layers = attempts.filter(({ blob }) => blob !== 'manifest' && blob !== 'config');
  const requests = layers.flatMap((attempt) => attempt.requests).filter(isBlobGet);
  const [first] = requests;
  const through = new Set(attempts.flatMap(({ blob, failure }) => (failure === undefined ? [blob] : [])));
  return {
    bytesPerSecond: attempts.every(({ blob }) => through.has(blob)) ? pullThroughput(attempts, round) : undefined,
    firstAnswerMs: first?.waitMs === undefined ? undefined : (first.sendMs ?? 0) + first.waitMs,
    cache: [...new Set(requests.flatMap(cacheWords))],
    resumed: inRanges
      ? layers.reduce((sum, attempt) => sum + resumptionsOf(attempt.requests.filter(isBlobGet)), 0)
      : requests.filter(isRest).length,
  };
}

function isBlobGet({ phase, method, url }: RequestRecord): boolean {
  return phase === 'pull' && method === 'GET' && !url.includes('/manifests/');
}

/** Where each request has a Range: cuts after which another request went out. Ranges that were cut together are resumed once. */
function resumptionsOf(requests: readonly RequestRecord[]): number {
  const next = requests.filter(isCut).flatMap(({ startMs, durationMs }) => {
    const after = requests.filter((later) => later.sendMs !== undefined && later.startMs >= startMs + durationMs);
    return after.length === 0 ? [] : [Math.min(...after.map((later) => later.startMs))];
  });
  return new Set(next).size;
}

/** An answer that broke off, and not by us. */
function isCut({ status, errorCode }: RequestRecord): boolean {
  return (status ?? 300) < 300 && errorCode !== undefined && errorCode !== 'ABORTED';
}

/** The rest came after a cut. */
function isRest({ status, range }: RequestRecord): boolean {
  return range !== undefined && status === 206;
}

/** The words of caches, as they are; `age` alone is what caches without a name of their own say. */
function cacheWords({ responseHeaders }: RequestRecord): readonly string[] {
  const said = ['cf-cache-status', 'x-cache'].flatMap((name) => responseHeaders[name] ?? []);
  const { age } = responseHeaders;
  return said.length > 0 || age === undefined ? said : [Number(age) > 0 ? `HIT (age ${age})` : `age ${age}`];
}

import { formatDuration } from '../network/duration-words.ts';
import { formatRate } from './format.ts';
import { type PullFacts, type PullRound, pullRounds, type Run } from '../probe/outcome.ts';

/** What the pulls of a run were like, a few words a round: `cold 80 MB/s, first answer after 20 ms, cache MISS`. Empty without a pull. */
export function pullWords({ pulls }: Pick<Run, 'pulls'>): readonly string[] {
  return pullRounds.flatMap((round) => (pulls?.[round] === undefined ? [] : [roundWords(round, pulls[round])]));
}

function roundWords(round: PullRound, { bytesPerSecond, firstAnswerMs, cache, resumed }: PullFacts): string {
  return [
    `${round} ${bytesPerSecond === undefined ? 'not to its end' : formatRate(bytesPerSecond)}`,
    ...(firstAnswerMs === undefined ? [] : [`first answer after ${formatDuration(firstAnswerMs)}`]),
    ...(cache.length === 0 ? [] : [`cache ${cache.join(', ')}`]),
    ...(resumed === 0 ? [] : [`went on after a cut ${resumed === 1 ? 'once' : `${resumed} times`}`]),
  ].join(', ');
}

import { text } from 'node:stream/consumers';
import { plainStream } from '../../src/publish/metrics/answer-streams.ts';
import type { MetricsFormat } from '../../src/publish/metrics/exposition.ts';
import { type Fragment, joinPieces } from '../../src/publish/metrics/gzip-pieces.ts';
import type { Answer } from '../../src/publish/metrics/series.ts';

/** The whole text of a scrape. */
export async function rendered(
  from: { render(format: MetricsFormat): Promise<Answer> },
  format: MetricsFormat = 'text',
): Promise<string> {
  return text(plainStream(await from.render(format)));
}

/** A scrape with this text. */
export async function* answerOf(whole: string): AsyncGenerator<Fragment> {
  yield joinPieces([whole]);
}

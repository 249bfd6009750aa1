import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../../../../test/real/support/browser.ts';
import type { AnsweredBoard, Board } from '../board.ts';
import { answered, type Ask } from './ask.ts';
import { drawn } from './pictures.ts';
import { record } from './recording.ts';
import { type Situation, situations } from './situations.ts';

// npm run boards [-- SITUATION…]: pictures of the boards into out/pictures, those to keep into docs/images/boards, and the answers that
// the tests are made of into test/answers. BOARDS_MINUTES: how long the demonstration runs before (15). BOARDS_PROMETHEUS: URL of a
// Prometheus that has it recorded already, with BOARDS_AT, the Unix time to look at.
const minutes = Number(process.env['BOARDS_MINUTES'] ?? 15);
const known = process.env['BOARDS_PROMETHEUS'];
const wanted = situations.filter(({ name }) => process.argv.length < 3 || process.argv.includes(name));

function asking(url: string): Ask {
  return async (path, parameters) => {
    const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
    const response = await fetch(`${url}/api/v1/${path}?${query.toString()}`);
    const body = (await response.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${body.error}: ${query.get('query')}`);
    return body.data;
  };
}

async function show(browser: Browser, ask: Ask, situation: Situation, atSeconds: number): Promise<void> {
  const { name, board: boardName, chosen, rangeSeconds = minutes * 60, beforeAll, keep = [] } = situation;
  const board = JSON.parse(readFileSync(`../dashboards/blobprobe-${boardName}.json`, 'utf8')) as Board;
  const at = beforeAll === true ? atSeconds - 7 * 86_400 : atSeconds;
  const all = await answered(ask, { board, chosen, atSeconds: at, rangeSeconds });
  if (situation.tested) writeFileSync(`test/answers/${name}.json`, `${JSON.stringify(forTests(all))}\n`);
  for (const mode of ['light', 'dark'] as const) {
    const picture = await drawn(browser, all, mode);
    writeFileSync(`out/pictures/${name}-${mode}.png`, picture);
    if (keep.includes(mode)) writeFileSync(`../../docs/images/boards/${name}-${mode}.png`, picture);
    process.stdout.write(`${name}, ${mode}: ${Math.round(picture.length / 1024)} KiB\n`);
  }
}

/** Without the answers over time and the marks, of which the tests ask nothing, and without the board, which they read as it is now. */
function forTests({ board: _board, marks: _marks, answers, ...rest }: AnsweredBoard): object {
  const now = Object.entries(answers).map(([id, all]) => [id, all.filter(({ instant }) => instant)] as const);
  return { ...rest, answers: Object.fromEntries(now.filter(([, all]) => all.length > 0)) };
}

async function main(): Promise<void> {
  for (const folder of ['out/pictures', 'test/answers', '../../docs/images/boards'])
    mkdirSync(folder, { recursive: true });
  const recording = known === undefined ? await record(minutes * 60) : undefined;
  const prometheus = recording?.prometheus;
  const ask: Ask =
    prometheus === undefined
      ? asking(known ?? '')
      : (path, parameters) =>
          prometheus.get(
            `/api/v1/${path}?${new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)])).toString()}`,
          );
  const browser = await startBrowser();
  try {
    const atSeconds = Number(process.env['BOARDS_AT'] ?? Math.floor(Date.now() / 1000));
    for (const situation of wanted) await show(browser, ask, situation, atSeconds);
  } finally {
    await browser.close();
    await recording?.stop();
  }
}

await main();

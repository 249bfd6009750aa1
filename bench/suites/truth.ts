import { fileURLToPath } from 'node:url';
import { answerOf } from '../apart.ts';
import type { Suite } from '../suite.ts';
import { forkWithQuickLooks } from '../truth/namespace.ts';
import type { TruthProcessOrder, TruthReport } from '../truth/truth-process.ts';

/** What the product is for: that its timings are what happened. */
export const truthSuite: Suite = {
  name: 'truth',
  what: 'timings of the daemon against delays that a server put in and an observer timed: error of each phase, idle and while another push saturates the daemon',
  async run({ runs, progress }) {
    const order: TruthProcessOrder = { runs };
    const file = fileURLToPath(new URL('../truth/truth-process.js', import.meta.url));
    const { rows } = await answerOf<TruthReport>(forkWithQuickLooks(file, [JSON.stringify(order)]), progress);
    return rows;
  },
};

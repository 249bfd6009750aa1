import { rowOf } from '../figures.ts';
import { type Answer, startManyChecks } from '../many-checks-process.ts';
import type { Suite } from '../suite.ts';

const sizes = [10, 100, 1000] as const;
const requests = 60;

const pages = [
  { figure: 'status page', path: '/' },
  { figure: 'page of one registry', path: '/?registry=registry-0' },
  { figure: 'status as JSON', path: '/api/v1/status' },
] as const;

/** What the status page costs with many checks that all have a full history, beside a saturating push. */
export const pageSuite: Suite = {
  name: 'page',
  what: 'the status page of many checks with a full history, beside a saturating push: first byte and size',
  async run({ progress }) {
    const rows = [];
    for (const size of sizes) {
      progress(`${size} checks`);
      const process = await startManyChecks(size);
      try {
        await process.order({ kind: 'push', on: true });
        for (const { figure, path } of pages) {
          const answers: Answer[] = [];
          while (answers.length < requests) answers.push(await process.get(path));
          const subject = `${size} checks`;
          const firstBytes = answers.map(({ firstByteMs }) => firstByteMs);
          const bytes = answers.map((answer) => answer.bytes / 1024);
          rows.push(
            rowOf({ subject, figure: `${figure}, first byte`, unit: 'ms' }, firstBytes, {
              goal: { of: 'p99', atMost: 100 },
            }),
            rowOf({ subject, figure: `${figure}, size`, unit: 'KiB' }, bytes),
          );
        }
      } finally {
        await process.stop();
      }
    }
    return rows;
  },
};

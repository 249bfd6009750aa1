import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findComponent } from '../../test/support/component.ts';
import { answerOf } from '../apart.ts';
import { rowOf } from '../figures.ts';
import type { LongOrder, LongReport } from '../long-process.ts';
import type { Suite } from '../suite.ts';

/** Round trips as between continents, with real packets: in a network of its own, which takes root. */
export const longSuite: Suite = {
  name: 'long',
  what: 'one blob of 256 MiB to the sink over round trips of 10, 40 and 100 ms: throughput beside curl',
  async run({ runs, progress }) {
    const can = process.getuid?.() === 0 && existsSync('/dev/net/tun') && findComponent('unshare') !== undefined;
    if (!can) {
      const note = 'needs root, /dev/net/tun and unshare';
      return [rowOf({ subject: 'docker', figure: 'throughput', unit: 'MiB/s', note }, [])];
    }
    const order: LongOrder = { runs };
    const file = fileURLToPath(new URL('../long-process.js', import.meta.url));
    const execArgv = ['--net', '--', process.execPath];
    const child = fork(file, [JSON.stringify(order)], { execPath: 'unshare', execArgv });
    const { rows } = await answerOf<LongReport>(child, progress);
    return rows;
  },
};

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEdge } from '../../test/support/lab/edge.ts';
import { startRegistry } from '../../test/support/lab/registry.ts';
import { answerOf } from '../apart.ts';
import { rangeOf, rowOf } from '../figures.ts';
import type { SoakReport, SoakSample } from '../soak-process.ts';
import type { Row, Suite } from '../suite.ts';

const MiB = 1024 * 1024;

/** 30 checks of which the last 50 runs and the last 50 failures are kept, and as many on demand. */
const mostHistoryRuns = 31 * 100;

/** A month of one check a minute. */
const monthRuns = 30 * 24 * 60;
/** However slow the machine: then it is less than a month, and the rows say how many runs it was. */
const longestMs = 220_000;

/** What an instance holds after a month of runs, compared with what it held when its history had filled. */
export const soakSuite: Suite = {
  name: 'soak',
  what: 'the runs of weeks in minutes, good and bad, with scrapes, reloads and runs on demand: memory, handles, files',
  async run({ progress }) {
    const folder = mkdtempSync(join(tmpdir(), 'blobprobe-soak-'));
    const registry = await startRegistry({ bytes: 'discard' });
    const limited = await startEdge({
      upstream: registry.url,
      faults: [{ kind: 'body-limit', limitBytes: 10_000, ending: 'linger' }],
      lingerMs: 100,
    });
    const flaky = await startEdge({
      upstream: registry.url,
      faults: [{ kind: 'reset-at', afterBytes: 5_000, direction: 'request', when: { everyNth: 9 } }],
    });
    try {
      const urls = { direct: registry.url, limited: limited.url, flaky: flaky.url };
      return rowsOf(await soak({ folder, urls, runs: monthRuns, longestMs }, progress));
    } finally {
      for (const one of [limited, flaky, registry]) await one.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function soak(order: object, progress: (line: string) => void): Promise<SoakReport> {
  const file = fileURLToPath(new URL('../soak-process.js', import.meta.url));
  const execArgv = ['--expose-gc', '--max-semi-space-size=4', '--v8-pool-size=1'];
  return answerOf<SoakReport>(fork(file, [JSON.stringify(order)], { execArgv }), progress);
}

function rowsOf({ samples, runs, failedRuns, seconds, ledgerBytes, historyRuns }: SoakReport): Row[] {
  const third = Math.max(1, Math.floor(samples.length / 3));
  // What fills up in the first third (history, compiled code) is no growth: the end of the first third is the base.
  const [base, end] = [samples.slice(third, 2 * third), samples.slice(-third)];
  const subject = 'blobprobe';
  const rows = (
    figure: string,
    unit: string,
    of: (sample: SoakSample) => number,
    atMost: number,
    one = least,
  ): Row[] => [
    rowOf({ subject, figure: `${figure}, second third`, unit }, base.map(of)),
    rowOf({ subject, figure: `${figure}, last third`, unit }, end.map(of)),
    rowOf({ subject, figure: `growth of ${figure}`, unit }, [one(end.map(of)) - one(base.map(of))], {
      goal: { of: 'max', atMost },
    }),
  ];
  return [
    rowOf({ subject, figure: 'runs', unit: 'runs', note: `${failedRuns} of them failed, as planned` }, [runs]),
    rowOf({ subject, figure: 'time', unit: 's' }, [seconds]),
    rowOf({ subject, figure: 'that of one check a minute', unit: 'days' }, [runs / (24 * 60)]),
    ...rows('heap and buffers after collection', 'MiB', ({ heapBytes }) => heapBytes / MiB, 1),
    // The least of it depends on when V8 last gave pages back, the most on what a collection under way needs.
    ...rows('resident memory', 'MiB', ({ residentBytes }) => residentBytes / MiB, 10, middle),
    ...rows('handles', 'handles', ({ handles }) => handles, 0),
    ...rows('descriptors', 'descriptors', ({ descriptors }) => descriptors, 0),
    rowOf({ subject, figure: 'runs in the history', unit: 'runs' }, [historyRuns], {
      goal: { of: 'max', atMost: mostHistoryRuns },
    }),
    rowOf(
      { subject, figure: 'file of the ledger', unit: 'KiB' },
      ledgerBytes.map((bytes) => bytes / 1024),
      {
        goal: { of: 'max', atMost: 1_024 },
      },
    ),
  ];
}

function least(figures: readonly number[]): number {
  return Math.min(...figures);
}

function middle(figures: readonly number[]): number {
  return rangeOf(figures)?.median ?? Number.NaN;
}

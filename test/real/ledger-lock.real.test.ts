import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { builtProgram } from '../support/program.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const rounds = 300;

/** Four threads that try to take the same lock in the same instant, round after round; prints how many had it at once in each. */
const script = (folder: string): string => `
  const { Worker, isMainThread, workerData } = require('node:worker_threads');
  const { writeFileSync } = require('node:fs');
  const threads = 4;
  async function race(shared) {
    const { takeLock } = await import(${JSON.stringify(new URL('probe/leftovers/ledger-lock.js', pathToFileURL(builtProgram())).href)});
    const [arrived, holders, done] = [0, 1, 2].map((part) => new Int32Array(shared, part * 4 * ${rounds}, ${rounds}));
    const meet = (where, round) => {
      if (Atomics.add(where, round, 1) === threads - 1) Atomics.notify(where, round);
      else while (Atomics.load(where, round) < threads) Atomics.wait(where, round, Atomics.load(where, round), 5);
    };
    for (let round = 0; round < ${rounds}; round += 1) {
      let lock;
      meet(arrived, round);
      try {
        lock = takeLock(${JSON.stringify(folder)} + '/' + round);
        Atomics.add(holders, round, 1);
      } catch (error) {
        if (error.name !== 'LedgerInUse') throw error;
      }
      meet(done, round);
      lock?.release();
    }
  }
  if (isMainThread) {
    // In every other round a lock lies there whose process is gone.
    for (let round = 0; round < ${rounds}; round += 2)
      writeFileSync(${JSON.stringify(folder)} + '/' + round, JSON.stringify({ host: require('node:os').hostname(), pid: ${2 ** 22 + 1}, started: '1' }));
    const shared = new SharedArrayBuffer(3 * 4 * ${rounds});
    const ends = Array.from({ length: threads }, () => new Promise((resolve, reject) =>
      new Worker(__filename, { workerData: shared }).on('exit', resolve).on('error', reject)));
    Promise.all(ends).then(() => console.log(JSON.stringify([...new Int32Array(shared, 4 * ${rounds}, ${rounds})])));
  } else race(workerData).catch((error) => setImmediate(() => { throw error; }));
`;

test('of several that want the ledger in the same instant one has it, also where a dead process left its lock', async () => {
  const folder = temporaryDirectory('lock');
  try {
    const file = `${folder.path}/race.cjs`;
    writeFileSync(file, script(folder.path));
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    const holders = JSON.parse(stdout) as number[];
    expect(holders).toHaveLength(rounds);
    expect(holders.filter((count) => count !== 1)).toEqual([]);
  } finally {
    folder.remove();
  }
});

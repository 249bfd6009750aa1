import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ledgerNotices, openLedger } from '../../src/daemon/ledger-at-start.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { encodeRecord } from '../../src/probe/leftovers/ledger-entry.ts';
import { rendered } from '../support/rendered.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import { parseConfig } from '../../src/config/load.ts';
import { recordingLog } from '../support/recording-log.ts';
import { blob } from '../support/ledger-entries.ts';

let directory = '';
const opened: Ledger[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-ledger-start-'));
});
afterEach(async () => {
  for (const ledger of opened.splice(0)) await ledger.close();
  rmSync(directory, { recursive: true, force: true });
});
const file = (): string => join(directory, 'ledger.jsonl');

const lines = (...numbers: number[]): string => numbers.map((n) => encodeRecord({ entry: blob(n) })).join('');

/** Opens the ledger as a start of the daemon does; what is known then, by whatever way it is told. */
async function start({ inMemory = false } = {}) {
  const metrics = new Metrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  const { log, lines: logged } = recordingLog();
  const ledger = new Ledger();
  opened.push(ledger);
  const config = parseConfig(
    JSON.stringify({
      registries: { lab: { repository: 'probe/blobs', paths: { direct: { url: 'http://127.0.0.1:5000' } } } },
      checks: { blob: { size: '1KiB', every: '1m', clients: ['docker'] } },
      ...(inMemory ? {} : { ledgerFile: file() }),
    }),
    'config.yaml',
    { env: {} },
  );
  openLedger(ledger, config, metrics, log);
  const text = await rendered(metrics);
  const gauge = (name: string): number | undefined => {
    const value = new RegExp(`^blobprobe_${name} (\\S+)$`, 'm').exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  return {
    ledger,
    ids: ledger.entries.map(({ id }) => id),
    levels: logged.map(({ level }) => level),
    notices: ledgerNotices(ledger.status),
    writable: gauge('ledger_writable'),
    unreadable: gauge('ledger_unreadable_lines'),
  };
}

describe('a ledger that is well', () => {
  test('says so, and nothing else', async () => {
    writeFileSync(file(), lines(1, 2));
    expect(await start()).toMatchObject({
      ids: ['blob-1', 'blob-2'],
      levels: [],
      notices: [],
      writable: 1,
      unreadable: 0,
    });
  });

  test('without a file there is nothing to say', async () => {
    expect(await start({ inMemory: true })).toMatchObject({
      levels: [],
      notices: [],
      writable: 1,
      unreadable: 0,
    });
  });
});

/** What stands at the file's place, what of entries 1 and 2 can be read of it, and how many lines cannot. */
const damaged: readonly (readonly [string, () => void, readonly string[], number])[] = [
  [
    'garbage between its lines',
    () => writeFileSync(file(), `${lines(1)}garbage\n${lines(2)}`),
    ['blob-1', 'blob-2'],
    1,
  ],
  [
    'zeros, as a file system leaves them after a power loss',
    () => writeFileSync(file(), `${lines(1)}${'\0'.repeat(4096)}\n${lines(2)}`),
    ['blob-1', 'blob-2'],
    1,
  ],
  [
    'bytes that are no text',
    () => writeFileSync(file(), Buffer.concat([Buffer.from(lines(1)), Buffer.from([0xff, 0xfe, 0x80, 0x0a])])),
    ['blob-1'],
    1,
  ],
  [
    'one line of 8 MiB',
    () => writeFileSync(file(), `${lines(1)}${'x'.repeat(8 * 1024 * 1024)}\n${lines(2)}`),
    ['blob-1', 'blob-2'],
    1,
  ],
  [
    'records of a version that is not ours',
    () => writeFileSync(file(), `{"version":2,"open":[{"id":"a"}]}\n${lines(2)}`),
    ['blob-2'],
    1,
  ],
  ['a last line that is torn', () => writeFileSync(file(), lines(1, 2).slice(0, -25)), ['blob-1'], 1],
  ['nothing', () => writeFileSync(file(), ''), [], 0],
];

/** What stands in the place of a file that can be written. */
const unusable: readonly (readonly [string, () => void])[] = [
  ['a directory', () => mkdirSync(file())],
  ['nothing, and its folder is gone', () => rmSync(directory, { recursive: true })],
];

describe('a ledger that is not well is repaired or done without, and said to be so in log, metric and page', () => {
  test.each(damaged)('%s', async (_what, make, ids, unreadable) => {
    make();
    const found = await start();
    expect(found).toMatchObject({ ids, writable: 1, unreadable });
    expect(found.levels).toEqual(unreadable === 0 ? [] : ['warn']);
    expect(found.notices.join()).toMatch(unreadable === 0 ? /^$/ : /^The ledger had 1 line that could not be read /);
    found.ledger.put(blob(9));
    await found.ledger.close();
    expect((await start()).ids).toEqual([...ids, 'blob-9']);
    expect(readFileSync(file(), 'utf8')).not.toContain('garbage');
  });

  test.each(unusable)('%s', async (_what, make) => {
    make();
    const { ledger, ...found } = await start();
    expect(found).toMatchObject({ ids: [], writable: 0, unreadable: 0, levels: ['error'] });
    expect(found.notices).toEqual([expect.stringMatching(/^The ledger cannot be written \(E\w+\); what runs leave /)]);
    ledger.put(blob(9));
    expect(ledger.entries.map(({ id }) => id)).toEqual(['blob-9']);
  });

  test('cut at any byte it loses the line that was cut and no other, and takes new ones', async () => {
    const whole = lines(1, 2, 3);
    const ends = [...whole.matchAll(/\n/g)].map(({ index }) => index);
    // Each cut costs a dozen writes to the disk: all around the ends of lines, and a few within them.
    const within = Array.from({ length: Math.ceil(whole.length / 43) }, (_, index) => index * 43);
    for (const bytes of new Set([...within, ...ends.flatMap((end) => [end - 1, end, end + 1])])) {
      writeFileSync(file(), whole.slice(0, bytes));
      const { ledger, ids, unreadable } = await start();
      // A line without its newline, but whole, can be read.
      const kept = ends.filter((end) => end <= bytes).length;
      expect(ids).toEqual(['blob-1', 'blob-2', 'blob-3'].slice(0, kept));
      const isTorn = bytes > 0 && !ends.some((end) => end === bytes || end + 1 === bytes);
      expect(unreadable).toBe(isTorn ? 1 : 0);
      ledger.put(blob(9));
      await ledger.close();
      const after = await start();
      expect(after.ids).toEqual([...ids, 'blob-9']);
      await after.ledger.close();
      rmSync(file());
    }
  });

  test('another hand that writes into it while it is open costs its own line only', async () => {
    const { ledger } = await start();
    ledger.put(blob(1));
    appendFileSync(file(), '{"removed":');
    await ledger.close();
    expect(existsSync(`${file()}.lock`)).toBe(false);
    expect((await start()).ids).toEqual(['blob-1']);
  });
});

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepBudget } from '../../src/daemon/budget-file.ts';
import { ByteBudget } from '../../src/schedule/byte-budget.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../real/support/temporary-directory.ts';
import { recordingLog } from '../support/recording-log.ts';

let folder: TemporaryDirectory;
beforeEach(() => (folder = temporaryDirectory('budget')));
afterEach(() => folder.remove());

const day = 10_000;

/** A process that begins with what the file holds. */
function start(nowMs = 1_800_000_000_000) {
  const file = join(folder.path, 'ledger.jsonl.budget');
  const { log, lines } = recordingLog();
  const budget = new ByteBudget({ nowMs: () => 5e6, bytesPerDay: day });
  const close = keepBudget(budget, { file, log, nowMs: () => nowMs });
  return { file, budget, close, messages: () => lines.map(({ level, message }) => `${level}: ${message}`) };
}

test('a restart goes on with what is left', () => {
  const first = start();
  first.budget.reserve(4_000)?.settle(4_000);
  first.close();
  const second = start(1_800_000_000_000 + 3_600_000);
  expect(second.budget.remaining()).toBe(day - 4_000);
  expect(second.messages()).toEqual([]);
  expect(statSync(second.file).mode & 0o777).toBe(0o600);
});

test('killed with a run under way: what the run had set aside is gone, too', async () => {
  const first = start();
  first.budget.reserve(1_000)?.settle(1_000);
  first.budget.reserve(2_500);
  // No close: it was killed. The second change within a second is written when that is over.
  await expect.poll(() => start().budget.remaining()).toBe(day - 3_500);
});

test('a day later all of it is there again; a clock that was set back forgets nothing', () => {
  const first = start();
  first.budget.reserve(4_000)?.settle(4_000);
  first.close();
  expect(start(1_800_000_000_000 + 25 * 3_600_000).budget.remaining()).toBe(day);
  expect(start(1_800_000_000_000 - 25 * 3_600_000).budget.remaining()).toBe(day - 4_000);
});

test.each([
  '',
  '{',
  '{"version":1,"spent":[[1',
  '{"version":2,"spent":[]}',
  '{"version":1,"spent":[[-1,"x"]]}',
  'null',
  '\0\0\0',
])('a torn or corrupt file (%j) is reported, and written anew', (text) => {
  const { file } = start();
  writeFileSync(file, text);
  const { budget, close, messages } = start();
  expect(messages()).toEqual(['warn: budget file is torn or corrupt: the day begins with the whole budget']);
  expect(budget.remaining()).toBe(day);
  budget.reserve(10)?.settle(10);
  close();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: 1, spent: [[expect.any(Number), 10]] });
  expect(start().messages()).toEqual([]);
});

test('a file that cannot be read or written is reported once, and nothing fails', async () => {
  const { file } = start();
  mkdirSync(file);
  const { budget, close, messages } = start();
  budget.reserve(1)?.settle(1);
  budget.reserve(1)?.settle(1);
  close();
  expect(messages()).toEqual([
    'warn: budget file cannot be read: the day begins with the whole budget',
    'error: budget file cannot be written: a restart begins with the whole budget',
  ]);
});

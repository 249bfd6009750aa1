import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Logger } from '../../src/daemon/log.ts';
import { contentWatch, Reloads } from '../../src/daemon/reloads.ts';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-reloads-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The folder of a mounted ConfigMap: `config.yaml` → `..data/config.yaml`, `..data` → a folder that is replaced. */
function mount(name: string, content: string): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'config.yaml'), content);
  symlinkSync(name, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  return join(folder, 'config.yaml');
}

test("Kubernetes' swap of a symbolic link is a change, a rewrite with the same content is none", async () => {
  const file = mount('..first', 'a: 1\n');
  symlinkSync('..data/config.yaml', file);
  const changed = contentWatch(file);
  expect(await changed()).toBe(false);
  expect(await changed()).toBe(false);
  mount('..second', 'a: 2\n');
  expect(await changed()).toBe(true);
  expect(await changed()).toBe(false);
  mount('..third', 'a: 2\n');
  expect(await changed()).toBe(false);
  rmSync(file);
  expect(await changed()).toBe(true);
  expect(await changed()).toBe(false);
  writeFileSync(file, 'a: 2\n');
  expect(await changed()).toBe(true);
});

test('polling reloads once for each change, never while it looks, and ends', async () => {
  const file = mount('..first', 'a: 1\n');
  symlinkSync('..data/config.yaml', file);
  let loads = 0;
  const daemon = {
    reload: () => {
      loads += 1;
      return [];
    },
  };
  const changed = contentWatch(file);
  await changed();
  let looks = 0;
  const look = (): Promise<boolean> => {
    looks += 1;
    return changed();
  };
  const stop = new Reloads(daemon, silent).poll({ changed: look, everyMs: 5 });
  await expect.poll(() => looks).toBeGreaterThan(3);
  expect(loads).toBe(0);
  for (const version of [1, 2, 3]) {
    mount(`..v${version}`, `a: v${version}\n`);
    await expect.poll(() => loads).toBe(version);
  }
  stop();
  mount('..after', 'a: after\n');
  // One that began later has looked thrice.
  let later = 0;
  const stopLater = new Reloads(daemon, silent).poll({ changed: async () => (later += 1) < 0, everyMs: 5 });
  await expect.poll(() => later).toBeGreaterThan(3);
  stopLater();
  expect(loads).toBe(3);
});

test('a failed reload is remembered with its first error until one succeeds', () => {
  let errors = ['config.yaml:1:1: first', 'config.yaml:2:1: second', 'config.yaml:3:1: third'];
  const now = (): Date => new Date('2026-11-24T03:00:00Z');
  const reloads = new Reloads({ reload: () => errors }, silent, now);
  expect(reloads.notices()).toEqual([]);
  expect(reloads.reload()).toEqual(errors);
  expect(reloads.notices()).toEqual([
    'The reload at 2026-11-24 03:00:00 UTC failed; the previous configuration stays in force. config.yaml:1:1: first (and 2 more)',
  ]);
  errors = [];
  reloads.reload();
  expect(reloads.notices()).toEqual([]);
});

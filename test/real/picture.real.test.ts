import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Browser } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pagePictures, pictureFile, pictureSize } from '../packaging/picture.ts';
import { requireComponent } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { openPage, startBrowser } from './support/browser.ts';
import { freePort, startProcess, waitFor } from './support/process.ts';

const main = builtProgram();
const waitMs = 600_000;

// `npm run picture`: some minutes of the demonstration, then what a browser shows. Not part of the suite: pictures differ each time.
describe.runIf(process.env['UPDATE_PICTURE'] === '1')('the pictures of the pages', () => {
  test('are taken from the demonstration', { timeout: waitMs + 600_000 }, async () => {
    requireComponent('pngquant');
    requireComponent('chromium');
    const address = `127.0.0.1:${await freePort()}`;
    const demo = await startProcess(process.execPath, [main, 'demo', `--web.listen-address=${address}`]);
    const browser = await startBrowser();
    try {
      const checks = await waitFor('three runs of each check', async () => allRan(address, 3), {
        timeoutMs: waitMs,
        everyMs: 1_000,
        details: demo.output,
      });
      expect(checks).toBeGreaterThan(50);
      await take(browser, address, { path: '/', file: pictureFile, viewport: pictureSize });
      const { failed, ok } = await someRuns(address);
      for (const one of pagePictures({ failed, ok })) await take(browser, address, one);
    } finally {
      await browser.close();
      await demo.stop();
    }
  });
});

/** How many checks there are when each has run so often, else false. */
async function allRan(address: string, times: number): Promise<number | false> {
  const answer = await fetch(`http://${address}/metrics`).catch(() => undefined);
  const runs = [...((await answer?.text()) ?? '').matchAll(/^blobprobe_runs_total\{.*\} (\d+)$/gm)].map(([, n]) =>
    Number(n),
  );
  return runs.length > 0 && Math.min(...runs) >= times && runs.length;
}

interface Picture {
  readonly path: string;
  readonly file: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** The whole page, as long as it is. */
async function take(browser: Browser, address: string, { path, file, viewport, colorScheme }: Picture): Promise<void> {
  const { page, context, complaints } = await openPage(browser, `http://${address}`, { viewport, colorScheme });
  await page.goto(path);
  await page.locator('main').waitFor();
  const input = await page.screenshot({ fullPage: true });
  await context.close();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, execFileSync('pngquant', ['--speed', '1', '--nofs', '64', '-'], { input }));
  // A page that is not there is asked for on purpose.
  expect(complaints.filter((complaint) => !complaint.includes('404'))).toEqual([]);
}

/** Paths of a failed run and one that got through, of a large blob where there is one. */
async function someRuns(address: string): Promise<{ failed: string; ok: string }> {
  const answer = await fetch(`http://${address}/api/v1/runs`);
  const { runs } = (await answer.json()) as { runs: { id: string; ok: boolean; check: string }[] };
  const newest = (isOk: boolean): string => {
    const all = runs.filter(({ ok }) => ok === isOk);
    return `/runs/${(all.find(({ check }) => check.endsWith('/large')) ?? all[0])?.id}`;
  };
  return { failed: newest(false), ok: newest(true) };
}

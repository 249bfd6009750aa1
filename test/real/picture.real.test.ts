import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { pictureFile, pictureSize } from '../packaging/picture.ts';
import { requireComponent } from '../support/component.ts';
import { openPage, startBrowser } from './support/browser.ts';
import { freePort, startProcess, waitFor } from './support/process.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const waitMs = 150_000;

// `npm run picture`: two minutes of the demonstration, then what a browser shows. Not part of the suite: pictures differ each time.
describe.runIf(process.env['UPDATE_PICTURE'] === '1')('the picture in the README', () => {
  test('is taken from the demonstration', { timeout: waitMs + 60_000 }, async () => {
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
      const { page, complaints } = await openPage(browser, `http://${address}`, { viewport: pictureSize });
      await page.goto('/');
      await page.locator('.matrix').waitFor();
      mkdirSync(dirname(pictureFile), { recursive: true });
      writeFileSync(pictureFile, await page.screenshot());
      expect(complaints).toEqual([]);
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

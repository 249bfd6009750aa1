import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import type { AnsweredBoard } from '../board.ts';

const widthPx = 1600;
const font = (weight: number): string =>
  readFileSync(`node_modules/@fontsource/inter/files/inter-latin-${weight}-normal.woff2`).toString('base64');

/** A page that needs nothing else: the board, its answers, Grafana's components and their font. */
function pageOf(answered: AnsweredBoard, mode: 'light' | 'dark'): string {
  const faces = [400, 500].map(
    (weight) => `@font-face{font-family:Inter;font-weight:${weight};src:url(data:font/woff2;base64,${font(weight)})}`,
  );
  const handed = JSON.stringify({ ...answered, mode, width: widthPx }).replaceAll('<', String.raw`\u003c`);
  return `<!doctype html><html class="theme-${mode}"><meta charset="utf-8"><style>${faces.join('')} body{margin:0}</style>
<div id="root"></div><script>window.answered=${handed};window.__grafana_public_path__='public/';</script>`;
}

/** Draws a board in a browser. Throws with the names of the panels that could not be drawn. */
export async function drawn(browser: Browser, answered: AnsweredBoard, mode: 'light' | 'dark'): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: widthPx + 16, height: 1000 } });
  try {
    const errors: string[] = [];
    const firstError = new Promise<void>((resolve) => {
      page.on('pageerror', (error) => {
        errors.push(error.message);
        resolve();
      });
    });
    // A page with an origin: without one it has no local storage, which Grafana's components read. Nothing leaves the browser.
    const body = pageOf(answered, mode);
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body }));
    await page.goto('http://boards.example/');
    await page.addStyleTag({ path: 'out/page.css' });
    await page.addScriptTag({ path: 'out/page.js' });
    const isDrawn = page.waitForFunction('window.drawn !== undefined', undefined, { timeout: 60_000 });
    await Promise.race([isDrawn, firstError]);
    if (errors.length > 0) throw new Error(errors.join('\n'));
    const failures = (await page.evaluate('window.drawn.failures')) as string[];
    if (failures.length + errors.length > 0) throw new Error([...failures, ...errors].join('\n'));
    // What is out of sight is not painted, so that all of it must be in sight.
    const heightPx = (await page.evaluate('document.documentElement.scrollHeight')) as number;
    await page.setViewportSize({ width: widthPx + 16, height: heightPx });
    await page.waitForTimeout(1_000);
    return await smaller(await page.screenshot({ fullPage: true }));
  } finally {
    await page.close();
  }
}

/** The same with 256 colours at most: a quarter of the bytes, and nobody sees it. */
function smaller(png: Buffer): Promise<Buffer> {
  return sharp(png).png({ palette: true, quality: 90, effort: 8, compressionLevel: 9 }).toBuffer();
}

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DemoLab, startLab } from '../../src/lab/lab.ts';
import { describeWithComponents } from '../support/component.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { openPage, startBrowser, type WatchedPage } from './support/browser.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { focusedName, lowContrasts } from './support/in-page.ts';
import { waitFor } from './support/process.ts';

const MiB = 1024 ** 2;
const waitMs = 30_000;
/** What rings, moves a cursor or flips the reading direction. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /[\u0007\u001b\u202e]/;

interface RunSummary {
  readonly id: string;
  readonly failure?: { readonly status?: number };
}

describeWithComponents(['chromium'], 'the pages in a browser', () => {
  let lab: DemoLab;
  let registry: DemoRegistry;
  let daemon: RunningDaemon;
  let browser: Browser;
  let origin: string;
  const open: WatchedPage[] = [];

  /** Takes everybody, and answers by the test's script. */
  async function openRegistry(): Promise<DemoRegistry> {
    registry = await startRegistry({ quirks: 'gitea' });
    return registry;
  }

  beforeAll(async () => {
    lab = await startLab({ startRegistry: openRegistry });
    const url = (name: string): string => lab.paths.find((path) => path.name === name)!.origin;
    const https = lab.paths.find((path) => path.name === 'internal-tls')!;
    daemon = await startDaemon({
      registries: {
        gitea: {
          repository: lab.registry.repository,
          paths: {
            cloudflare: { url: url('cloudflare-free'), kind: 'edge' },
            internal: { url: url('internal'), kind: 'internal' },
            unverified: { url: https.origin, tls: { insecure: true } },
          },
        },
      },
      checks: {
        small: { size: '64KiB', every: '5s', timeout: '5s', clients: ['docker-containerd'] },
        large: { size: '2MiB', every: '5s', timeout: '5s', clients: ['docker-containerd'] },
      },
      retryWaitScale: 0.001,
    });
    origin = new URL((await daemon.get('/')).url).origin;
    await daemon.scrapeUntil(
      'a run of each check',
      ({ samples }) => samples.filter(({ name, value }) => name === 'blobprobe_runs_total' && value > 0).length === 6,
      waitMs,
    );
    browser = await startBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await daemon?.stop();
    await lab?.close();
  });

  beforeEach(() => lab.restore('internal'));

  // Whatever a page was used for: nothing was refused by the policy, nothing was asked of another host, nothing failed.
  afterEach(async () => {
    const pages = open.splice(0);
    await Promise.all(pages.map(({ context }) => context.close()));
    const complaints = pages.flatMap((one) => one.complaints);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  });

  async function visit(path: string, options: Parameters<typeof openPage>[2] = {}): Promise<Page> {
    const watched = await openPage(browser, origin, options);
    open.push(watched);
    await watched.page.goto(path);
    return watched.page;
  }

  /** The cell of a path and a workload. */
  function cellOf(page: Page, path: string, workload: string) {
    const row = page.locator('.matrix tbody tr').filter({ has: page.locator('th', { hasText: path }) });
    return row.locator('td').nth(['small', 'large'].indexOf(workload));
  }

  async function waitForClass(page: Page, path: string, workload: string, state: string): Promise<void> {
    await cellOf(page, path, workload)
      .and(page.locator(`.${state}`))
      .waitFor({ timeout: waitMs });
  }

  test('the matrix follows a fault and its end without being loaded again; the failure opens its run', async () => {
    const page = await visit('/');
    await waitForClass(page, 'internal', 'large', 'ok');
    await waitForClass(page, 'cloudflare', 'large', 'failed');
    await page.evaluate(`document.documentElement.setAttribute('data-same', 'page')`);
    lab.edge('internal').setFaults([{ kind: 'body-limit', limitBytes: MiB, ending: 'linger' }]);
    await waitForClass(page, 'internal', 'large', 'failed');
    await waitForClass(page, 'internal', 'small', 'ok');
    expect(await page.locator('html').getAttribute('data-same')).toBe('page');
    const mark = cellOf(page, 'internal', 'large').locator('.mark.failed');
    expect(await mark.innerText()).toContain('body_too_large');
    await mark.getByRole('link', { name: 'docker-containerd: failed' }).click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    expect(await page.locator('h1').innerText()).toBe('docker-containerd · large (2 MiB) over internal: failed');
    expect(await page.locator('main').innerText()).toMatch(
      /body_too_large in (?:send|wait), answered by other with 413/,
    );
    expect(await page.locator('.waterfall g').count()).toBeGreaterThan(1);
    expect(await page.locator('pre').last().innerText()).toContain('curl -sS');
    await page.goBack();
    lab.heal('internal');
    await waitForClass(page, 'internal', 'large', 'ok');
  }, 60_000);

  test('without JavaScript: the same content, the run page, and a page that loads itself again', async () => {
    const page = await visit('/', { javaScriptEnabled: false });
    expect(await cellOf(page, 'cloudflare', 'large').getAttribute('class')).toBe('failed');
    // Chromium puts the content of noscript into the document when scripts are off.
    expect(await page.locator('meta[http-equiv="refresh"]').getAttribute('content')).toBe('30');
    const failures = page.locator('section', { hasText: 'Newest failures' });
    await failures.locator('summary').click();
    await failures.locator('tr', { hasText: 'cloudflare' }).locator('a').first().click();
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    expect(await page.locator('main').innerText()).toContain('answered by cloudflare with 413');
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.getByRole('link', { name: 'only failures' }).click();
    expect(await page.locator('tbody .state.ok').count()).toBe(0);
    expect(await page.locator('tbody .state.failed').count()).toBeGreaterThan(0);
  });

  test('says what the reader must know: unverified certificates, scaled waits, the verdict of the last rounds', async () => {
    const page = await visit('/');
    const text = await page.locator('main').innerText();
    expect(text).toContain('Certificates are not verified on unverified of gitea (tls.insecure)');
    expect(text).not.toContain('The reload at');
    const card = page.locator('.cause', { hasText: 'cloudflare: Cloudflare refuses bodies above the size limit' });
    expect(await card.locator('.do').innerText()).toContain('Push large layers over another way');
    const tops = [page.locator('.notice').first(), card, page.locator('.matrix')].map(
      async (one) => (await one.boundingBox())!.y,
    );
    const inOrder = await Promise.all(tops);
    expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));
    const round = page.locator('details', { hasText: 'What the last round says' });
    await round.locator('summary').click();
    expect(await round.innerText()).toContain(
      'A path is at fault, by large pushes as docker-containerd: cloudflare: 413 from cloudflare',
    );
  });

  test('a run on demand is seen while it waits and runs, and becomes its result by itself', async () => {
    lab.edge('internal').setFaults([{ kind: 'throttle', bytesPerSecond: MiB / 2, direction: 'request' }]);
    const page = await visit('/runs');
    // From the page's own origin, as a button on it would.
    const location = await page.evaluate<{ status: number; location: string }>(`(async () => {
      const wanted = { registry: 'gitea', path: 'internal', client: 'docker-containerd', size: '1100KiB', retries: 'none' };
      const answer = await fetch('/api/v1/run', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(wanted),
      });
      return { status: answer.status, location: answer.headers.get('location') };
    })()`);
    expect(location).toEqual({ status: 202, location: expect.stringMatching(/^\/runs\//) });
    await page.goto(location.location);
    await page.locator('progress').waitFor({ timeout: waitMs });
    expect(await page.locator('main').innerText()).toContain('1.07 MiB');
    await page.locator('.state').waitFor({ timeout: waitMs });
    const text = await page.locator('main').innerText();
    expect(text).toContain('gitea/internal/docker-containerd/1100KiB, on demand');
    expect(text).toMatch(/PUT http\S+\s+201/);
    await page.goto('/runs');
    expect(await page.locator('tr', { hasText: '1100KiB' }).first().innerText()).toContain('on demand');
  }, 60_000);

  test('with the keyboard: skip link, navigation, causes, matrix, first check; a renewal leaves the focus where it was', async () => {
    const page = await visit('/');
    const stops: string[] = [];
    while (stops.length < 30 && stops.at(-2) !== 'Checks of gitea') {
      await page.keyboard.press('Tab');
      stops.push(await page.evaluate<string>(focusedName));
    }
    const navigation = ['Skip to content', 'blobprobe', 'Status', 'Runs', 'Report', 'Configuration', 'Metrics'];
    expect(stops.slice(0, 7)).toEqual(navigation);
    const beforeMatrix = stops.slice(7, -2);
    expect(beforeMatrix.slice(0, 2)).toEqual(['The newest failing run', 'Why']);
    expect(beforeMatrix.at(-1)).toBe('What the last round says');
    expect(stops.at(-2)).toBe('Checks of gitea');
    expect(stops.at(-1)).toMatch(/^docker-containerd: (?:ok|failed)/);
    await page.evaluate(`document.activeElement.setAttribute('data-old', '')`);
    const row = `document.activeElement.closest('tr')?.querySelector('th')?.innerText.split('\\n')[0]`;
    const before = await page.evaluate<string>(row);
    expect(before).toMatch(/^(cloudflare|internal|unverified)$/);
    await page.locator('[data-old]').waitFor({ state: 'detached', timeout: waitMs });
    expect(await page.evaluate<string>(row)).toBe(before);
    const outline = await page.evaluate<string>(`getComputedStyle(document.activeElement).outlineStyle`);
    expect(outline).toBe('solid');
  }, 30_000);

  test('what was opened and focused stays so when a renewal brings a new cause above it', async () => {
    const page = await visit('/');
    await waitForClass(page, 'internal', 'large', 'ok');
    await page.locator('summary', { hasText: 'What the last round says' }).focus();
    await page.keyboard.press('Enter');
    const causes = await page.locator('.cause').count();
    lab.edge('internal').setFaults([{ kind: 'body-limit', limitBytes: MiB, ending: 'linger' }]);
    await page.locator('.cause .where', { hasText: 'internal' }).waitFor({ timeout: waitMs });
    expect(await page.locator('.cause').count()).toBeGreaterThan(causes);
    expect(await page.locator('details[open] summary').allInnerTexts()).toEqual(['What the last round says']);
    expect(await page.evaluate<string>(focusedName)).toBe('What the last round says');
  }, 60_000);

  test('the skip link leads past the navigation', async () => {
    const page = await visit('/');
    await page.keyboard.press('Tab');
    expect((await page.locator('.skip').boundingBox())!.x).toBeGreaterThan(0);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>(focusedName)).toBe('The newest failing run');
    const isFirst = `document.activeElement === document.querySelector('main').querySelector('a, button, summary, [tabindex]')`;
    expect(await page.evaluate<boolean>(isFirst)).toBe(true);
  });

  test('text of a registry stays text: on the pages, in the JSON and in the log, and bounded', async () => {
    const hostile = `"><script>alert(1)</script><img src="http://evil.example/x" onerror="alert(2)">\u0007\u001b[2J\u202eend`;
    const body =
      JSON.stringify({ errors: [{ code: hostile, message: hostile }] }) + ' '.repeat(100) + '<b>x</b>'.repeat(400_000);
    registry.intercept = ({ method }) =>
      method === 'POST'
        ? {
            kind: 'answer',
            status: 500,
            body,
            headers: {
              server: '<script>alert(3)</script>',
              'x-request-id': 'y'.repeat(5_000),
              'content-type': 'text/html',
            },
          }
        : undefined;
    try {
      const run = await waitFor(
        'a run that met it',
        async () => {
          const { runs } = (await (await daemon.get('/api/v1/runs?failures=true')).json()) as { runs: RunSummary[] };
          return runs.find(({ failure }) => failure?.status === 500);
        },
        { timeoutMs: waitMs },
      );
      const page = await visit(`/runs/${run.id}`);
      await page.locator('summary', { hasText: 'All facts about the failure' }).click();
      expect(await page.locator('main').innerText()).toContain('<script>alert(1)</script>');
      expect(await page.locator('main script, main img, main b').count()).toBe(0);
      await page.goto('/');
      expect(await page.locator('main script, main img, main b').count()).toBe(0);
      const answers = ['/', '/runs', `/runs/${run.id}`, `/api/v1/runs/${run.id}`, '/api/v1/status', '/metrics'];
      for (const path of answers) {
        const text = await (await daemon.get(path)).text();
        expect(text.length).toBeLessThan(1_000_000);
        expect(path.startsWith('/api/') ? textsOf(text) : text).not.toMatch(controls);
      }
      expect((await (await daemon.get(`/api/v1/runs/${run.id}`)).text()).length).toBeLessThan(20_000);
      const lines = daemon
        .output()
        .split('\n')
        .filter((line) => line.includes('status=500'));
      expect(lines.length).toBeGreaterThan(0);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(3_000);
      expect(lines.join('')).not.toMatch(controls);
    } finally {
      registry.intercept = undefined;
    }
  }, 60_000);

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test.each(['/', '/runs', '/report', '/config', 'run'])(
      '%s can be read: contrast of all text is 4.5 to 1 or more',
      async (path) => {
        const runs = (await (await daemon.get('/api/v1/runs?failures=true')).json()) as { runs: { id: string }[] };
        const page = await visit(path === 'run' ? `/runs/${runs.runs[0]!.id}` : path, { colorScheme });
        const back = await page.evaluate<string>(`getComputedStyle(document.body).backgroundColor`);
        expect(back).toBe(colorScheme === 'dark' ? 'rgb(20, 24, 28)' : 'rgb(255, 255, 255)');
        expect(await page.evaluate<string[]>(lowContrasts)).toEqual([]);
      },
    );
  });

  test.each(['/', '/runs', '/report', '/config', 'run'])(
    '%s fits a phone: tables scroll in themselves',
    async (path) => {
      const runs = (await (await daemon.get('/api/v1/runs?failures=true')).json()) as { runs: { id: string }[] };
      const page = await visit(path === 'run' ? `/runs/${runs.runs[0]!.id}` : path, {
        viewport: { width: 360, height: 740 },
        isMobile: true,
      });
      expect(await page.evaluate<number>(`document.documentElement.scrollWidth`)).toBeLessThanOrEqual(360);
    },
  );

  test('on a phone nothing of the matrix is out of sight: each path stands above its checks, each check beside its workload', async () => {
    const page = await visit('/', { viewport: { width: 360, height: 740 }, isMobile: true });
    const matrix = page.getByRole('region', { name: 'Checks of gitea' });
    expect(await matrix.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
    const paths = page.locator('.matrix').getByRole('row');
    for (const name of ['cloudflare', 'internal', 'unverified']) {
      const row = paths.filter({ has: page.getByRole('rowheader', { name }) });
      const head = (await row.getByRole('rowheader').boundingBox())!;
      const marks = row.getByRole('link', { name: /^docker-containerd: / });
      const first = (await marks.first().boundingBox())!;
      expect(await marks.count()).toBe(2);
      expect([head.x >= 0, head.x + head.width <= 360, first.x + first.width <= 360]).toEqual([true, true, true]);
      expect(head.y + head.height).toBeLessThanOrEqual(first.y);
    }
    const shown = `[...document.querySelectorAll('.matrix tr:first-child td')].map((cell) => getComputedStyle(cell, '::before').content)`;
    expect(await page.evaluate<string[]>(shown)).toEqual(['"small"', '"large"']);
  });

  test('on a phone the outcome of a run and the URLs of its requests can be read without scrolling', async () => {
    const width = 390;
    const page = await visit('/runs?failures=true', { viewport: { width, height: 844 }, isMobile: true });
    const outcome = page.locator('main table tbody tr a').first();
    const box = (await outcome.boundingBox())!;
    expect(box.x + box.width).toBeLessThanOrEqual(width);
    await outcome.click();
    const url = page.locator('main table tbody td.wrap').first();
    await url.waitFor({ timeout: waitMs });
    const cell = (await url.boundingBox())!;
    expect(cell.width).toBeGreaterThan(200);
    expect(cell.x + cell.width).toBeLessThanOrEqual(width);
    const scrolling = `[...document.querySelectorAll('main .scroll, main .chart')].filter((box) => {
      box.scrollLeft = 9;
      return box.scrollLeft !== 0;
    }).length`;
    expect(await page.evaluate<number>(scrolling)).toBe(0);
    const places = await page.locator('.waterfall text:visible').evaluateAll((all) =>
      all.map((text) => {
        const { left, right } = text.getBoundingClientRect();
        return { left, right };
      }),
    );
    expect(places.length).toBeGreaterThan(4);
    expect(places.filter(({ left, right }) => left < 0 || right > width)).toEqual([]);
  });

  test('the policy is in force: no inline script, no other host; and what it refuses is noticed', async () => {
    const page = await visit('/config');
    await page.evaluate(`document.body.append(
      Object.assign(document.createElement('script'), { textContent: 'window.inline = 1' }),
    )`);
    expect(await page.evaluate(`window.inline`)).toBeUndefined();
    expect(await page.evaluate(`fetch('http://127.0.0.2:9/').then(() => 'sent', () => 'refused')`)).toBe('refused');
    const { complaints } = open.at(-1)!;
    expect(complaints.join('\n')).toMatch(/script.*violates the following Content Security Policy/i);
    expect(complaints.join('\n')).toMatch(/127\.0\.0\.2.*violates the following Content Security Policy/i);
    complaints.length = 0;
  });

  test('a screen reader finds names for tables, pictures and regions', async () => {
    const page = await visit('/');
    expect(await page.getByRole('region', { name: 'Checks of gitea' }).count()).toBe(1);
    expect(await page.getByRole('rowheader', { name: 'cloudflare' }).count()).toBe(1);
    expect(await page.getByRole('columnheader', { name: /^large/ }).count()).toBe(1);
    expect(await page.getByRole('img', { name: /^Duration of the last \d+ runs$/ }).count()).toBe(6);
    expect(await page.getByRole('link', { name: /^docker-containerd: \w/ }).count()).toBe(6);
    expect(await page.locator('svg:not([role=img][aria-label]):not([aria-hidden])').count()).toBe(0);
  });
});

/** All texts of a JSON document, unescaped. */
function textsOf(json: string): string {
  const texts: string[] = [];
  JSON.parse(json, (_key, value: unknown) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  return texts.join(' ');
}

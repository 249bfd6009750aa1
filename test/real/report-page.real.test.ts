import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import { causes, type CauseName } from '../../src/probe/diagnose/causes.ts';
import type { Diagnosis } from '../../src/probe/diagnose/finding.ts';
import { buildReport } from '../../src/publish/report/report.ts';
import type { ReportData } from '../../src/publish/report/report-data.ts';
import { renderHtmlDocument } from '../../src/publish/report/html-document.ts';
import { describeWithComponents } from '../support/component.ts';
import { foundLimit } from '../support/limits.ts';
import { check, failedRun, failure, successfulRun } from '../support/run-fixtures.ts';
import { startBrowser } from './support/browser.ts';

const MiB = 1024 ** 2;

/** A path, and what is wrong with it. */
const paths: readonly (readonly [name: string, cause?: CauseName])[] = [
  ['cloudflare', 'cloudflare_body_limit'],
  ['internal'],
  ['loadbalancer', 'hop_fails_request'],
  ['bypass'],
  ['internal-tls'],
  ['cloudflare-free', 'cloudflare_body_limit'],
  ['cloudflare-enterprise'],
  ['cloudflared-quic', 'cloudflared_quic'],
  ['ingress-nginx-default', 'nginx_body_limit'],
  ['traefik-3', 'traefik_read_timeout'],
  ['envoy', 'envoy_route_timeout'],
  ['alb', 'alb_idle_timeout'],
];

function diagnosisOf(cause: CauseName): Diagnosis {
  const { title, remedy, reference, nextTest } = causes[cause];
  const evidence = ['413 from nginx after 11 MiB and 250 ms', 'the same once more'];
  const finding = {
    cause,
    title,
    remedy,
    reference,
    nextTest,
    hop: 'ingress',
    confidence: 'certain',
    evidence,
  } as const;
  const sent = { facts: [], why: '', bytesSpent: 0 };
  return { kind: 'fault', findings: [finding], unexplained: [], notExamined: [], ...sent };
}

function round(workload: string, sizeBytes: number, client: 'docker' | 'docker-containerd') {
  const runs = paths.map(([path, cause]) => {
    const one = check({ path, workload, sizeBytes, client: clientProfiles[client] });
    const id = `${path}-${workload}-${client}`;
    return cause === undefined || workload === 'small'
      ? successfulRun({ id, check: one, pullBytesPerSecond: 300 * MiB })
      : failedRun({ id, check: one }, failure());
  });
  const verdict = { kind: 'inconclusive', why: 'many paths fail' } as const;
  return { id: `${workload}-${client}`, registry: 'gitea', client, workload, startedAt: new Date(0), runs, verdict };
}

const data: ReportData = {
  generatedAt: new Date('2026-11-24T01:02:03Z'),
  version: '1.2.3',
  registry: { name: 'gitea', repository: 'platform/blobprobe' },
  paths: paths.map(([name]) => ({ name, origin: `https://${name}.example.org`, kind: 'ingress' })),
  rounds: (['docker', 'docker-containerd'] as const).flatMap((client) => [
    round('small', MiB, client),
    round('large', 150 * MiB, client),
  ]),
  apis: [],
  limits: paths.flatMap(([path, cause]) =>
    cause?.endsWith('_body_limit')
      ? [foundLimit({ path, largestAccepted: 100 * MiB, smallestRejected: 101 * MiB })]
      : [],
  ),
  diagnoses: paths.flatMap(([path, cause]) =>
    cause === undefined ? [] : [{ path, client: 'docker', sizeBytes: 150 * MiB, diagnosis: diagnosisOf(cause) }],
  ),
};

describeWithComponents(['chromium'], 'a report on twelve paths with seven causes', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.setContent(renderHtmlDocument(buildReport(data)));
  }, 60_000);
  afterAll(() => browser?.close());

  test('tells summary, causes with remedies and comparison within two screens', async () => {
    const titles = await page.getByRole('heading', { level: 2 }).allTextContents();
    expect(titles.slice(0, 4)).toEqual([
      'Summary',
      'Causes and what to do',
      'Comparison',
      'Which size over which path',
    ]);
    const next = await page.getByRole('heading', { name: 'Which size over which path' }).boundingBox();
    expect(next?.y).toBeLessThanOrEqual(2 * 900);
    expect(
      await page.locator('.report > .scroll').evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth)),
    ).toEqual([0, 0, 0]);
  });

  test('folds the evidence on the screen, and prints it', async () => {
    const seen = page.getByText('loadbalancer: the same once more');
    expect(await seen.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await seen.isVisible()).toBe(true);
    await page.emulateMedia({ media: null });
    expect(await seen.isVisible()).toBe(false);
  });
});

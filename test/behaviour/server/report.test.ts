import { foundLimit } from '../../support/limits.ts';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { Check } from '../../../src/probe/check.ts';
import { History } from '../../../src/publish/history.ts';
import type { ServerDeps } from '../../../src/server/deps.ts';
import { buildServer } from '../../../src/server/server.ts';
import { cancelledRun, check, failedRun, failure, successfulRun } from '../../support/run-fixtures.ts';
import { round, serverDeps } from '../../support/server-fixtures.ts';

const MiB = 1024 ** 2;
const edge = check({ path: 'edge', origin: 'https://git.example.org' });

/** Two good runs over `direct`, one bad over `edge`, and what is no part of a report: one cancelled, one on demand. */
function known(changes: Partial<ServerDeps> = {}): ServerDeps {
  const history = new History();
  history.add(successfulRun({ id: 'good-1' }));
  history.add(successfulRun({ id: 'good-2' }));
  history.add(cancelledRun({ id: 'cancelled', check: edge }));
  history.add(failedRun({ id: 'bad', check: edge }));
  history.addOnDemand(successfulRun({ id: 'asked' }));
  return serverDeps({
    history,
    checks: () => [check(), edge],
    rounds: () => [round({ kind: 'inconclusive', why: 'two suns in the sky' })],
    apis: () => [
      {
        registry: 'gitea',
        path: 'edge',
        endpoints: {
          ping: { up: true },
          auth: { up: false, failure: failure({ reason: 'origin_unreachable', phase: 'auth', status: 502 }) },
          catalog: { up: true },
          tags: { up: true },
        },
      },
    ],
    limits: () => [
      foundLimit({ largestAccepted: 10 * MiB, smallestRejected: 11 * MiB, rejection: failure() }),
      foundLimit({ path: 'direct', unit: 'seconds', largestAccepted: 90, conclusion: 'none-up-to' }),
    ],
    ...changes,
  });
}

async function get(url: string, deps = known()) {
  return buildServer(deps).inject({ url });
}

function textOf(body: string): string {
  return body
    .replaceAll('<wbr>', '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('/report', () => {
  test('is a page of ours that says what was measured, where it fails and what to do', async () => {
    const answer = await get('/report');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    const text = textOf(answer.body);
    expect(text).toContain('Connectivity of the registry gitea');
    expect(text).toContain(
      '1 of 2 paths to gitea took every push that was tried and showed no limit; 1 did not: edge.',
    );
    expect(text).toMatch(/direct .* 2 of 2 .*edge .* 0 of 1 /);
    expect(text).toContain('10 MiB (10m) accepted, 11 MiB (11m) not');
    expect(text).toContain('none up to 1 m 30 s');
    expect(text).toContain('fails: a hop answers 502 or 503 instead of the registry');
    expect(text).toContain('large as docker: inconclusive: two suns in the sky');
    expect(answer.body.match(/<main/g)).toHaveLength(1);
    expect(answer.body).not.toMatch(/<style| style=/);
    expect(answer.body).toContain('<a href="/report">Report</a>');
  });

  test('as Markdown', async () => {
    const answer = await get('/report?format=markdown');
    expect(answer.headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(answer.body).toMatch(/^# Connectivity of the registry gitea\n\n## Summary\n/);
    expect(answer.body).toMatch(/^\| edge \| fails: .* \| 0 of 1 \| /m);
  });

  test('of one registry alone, of none that is not there, in no other format', async () => {
    const other = check({ registry: 'harbor' });
    const both = (): readonly Check[] => [check(), other];
    const body = (url: string): Promise<string> => get(url, known({ checks: both })).then((answer) => answer.body);
    expect((await body('/report?format=markdown')).match(/^# .*/gm)).toEqual([
      '# Connectivity of the registry gitea',
      '# Connectivity of the registry harbor',
    ]);
    const one = await body('/report?registry=harbor');
    expect(one).not.toContain('registry gitea');
    expect(one).toContain('href="/report?format=markdown&amp;registry=harbor"');
    expect((await get('/report?registry=nobody')).statusCode).toBe(404);
    expect((await get('/report?format=pdf')).statusCode).toBe(400);
  });

  test('says so when nothing is configured or nothing was run yet', async () => {
    expect(textOf((await get('/report', serverDeps())).body)).toContain('No checks are configured.');
    const fresh = textOf((await get('/report', serverDeps({ checks: () => [check()] }))).body);
    expect(fresh).toContain('Not measured: direct.');
    expect(fresh).toContain('inconclusive: no round has ended yet');
  });

  test('shows text of the registry harmlessly and no credentials', async () => {
    const hostile = '<script>alert(1)</script>';
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('hunter2-secret') } as const;
    const checked = { ...edge, registry: { ...edge.registry, credentials } };
    const history = new History();
    const how = failure({ evidence: { message: hostile, body: hostile, headers: { server: hostile } } });
    history.add(failedRun({ check: checked }, how));
    const deps = known({ history, checks: () => [checked] });
    const bodies = await Promise.all(
      ['/report', '/report?format=markdown', '/api/v1/report'].map(async (url) => (await get(url, deps)).body),
    );
    expect(bodies[0]).toContain('&lt;script&gt;');
    expect(bodies[0]).not.toContain('<script>alert');
    bodies.forEach((body) => expect(body).not.toContain('hunter2-secret'));
  });
});

test('/api/v1/report has the same in figures, runs in one line each', async () => {
  const { reports } = (await get('/api/v1/report')).json<{ reports: Record<string, unknown>[] }>();
  expect(reports).toHaveLength(1);
  expect(reports[0]).toMatchObject({
    registry: 'gitea',
    version: '1.2.3',
    generatedAt: '2026-11-24T00:10:00.000Z',
    paths: [
      { name: 'direct', origin: 'http://registry.example:5000' },
      { name: 'edge', origin: 'https://git.example.org' },
    ],
    rounds: [{ client: 'docker', workload: 'large', kind: 'inconclusive', why: 'two suns in the sky' }],
    apis: [{ path: 'edge', endpoints: { auth: { up: false, failure: { status: 502 } }, ping: { up: true } } }],
    limits: [{ unit: 'bytes', bounds: { largest_accepted: 10 * MiB } }, { unit: 'seconds' }],
  });
  const runs = reports[0]?.['runs'] as { id: string; attempts: number }[];
  expect(runs.map(({ id }) => id).toSorted()).toEqual(['bad', 'good-1', 'good-2']);
  expect(runs.find(({ id }) => id === 'bad')?.attempts).toBe(5);
});

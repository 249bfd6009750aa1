import { foundLimit } from '../../support/limits.ts';
import { describe, expect, test } from 'vitest';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { judgeRun } from '../../../src/probe/diagnose/judge-run.ts';
import type { Round } from '../../../src/probe/compare/round.ts';
import { roundVerdict } from '../../../src/probe/compare/verdict.ts';
import { renderHtmlDocument } from '../../../src/publish/report/html-document.ts';
import { renderJson } from '../../../src/publish/report/json.ts';
import { renderMarkdown } from '../../../src/publish/report/markdown.ts';
import { buildReport } from '../../../src/publish/report/report.ts';
import type { ReportData } from '../../../src/publish/report/report-data.ts';
import { check, failedRun, failure, successfulRun } from '../../support/run-fixtures.ts';

const MiB = 1024 ** 2;

function round(workload: string, sizeBytes: number, turned: boolean): Round {
  const of = (path: string) => check({ path, workload, sizeBytes, client: clientProfiles.docker });
  const internal = successfulRun({ id: `internal-${workload}`, check: of('internal'), pullBytesPerSecond: 300 * MiB });
  const ingress =
    workload === 'large'
      ? failedRun({ id: 'ingress-large', check: of('ingress') }, failure())
      : successfulRun({ id: 'ingress-small', check: of('ingress') });
  const runs = turned ? [internal, ingress] : [ingress, internal];
  const verdict = roundVerdict([ingress, internal], { judge: judgeRun });
  return { id: workload, registry: 'gitea', client: 'docker', workload, startedAt: new Date(0), runs, verdict };
}

function data(changes: Partial<ReportData> = {}, turned = false): ReportData {
  return {
    generatedAt: new Date('2026-11-24T01:02:03Z'),
    version: '1.2.3',
    registry: { name: 'gitea', repository: 'platform/blobprobe' },
    paths: [
      { name: 'ingress', origin: 'https://git.example.org', kind: 'ingress' },
      { name: 'internal', origin: 'http://registry.example:5000', kind: 'internal' },
    ],
    rounds: [round('small', MiB, turned), round('large', 50 * MiB, turned)],
    apis: [],
    limits: [
      foundLimit({
        path: 'ingress',
        largestAccepted: 10 * MiB,
        smallestRejected: 11 * MiB,
        why: '10 MiB is accepted, 11 MiB is refused',
      }),
    ],
    diagnoses: [],
    ...changes,
  };
}

describe('the same outcomes give the same report', () => {
  test('in Markdown', async () => {
    await expect(renderMarkdown(buildReport(data()))).toMatchFileSnapshot('report.snapshot.md');
  });

  test('in whatever order the paths of a round were tried', () => {
    expect(renderMarkdown(buildReport(data({}, true)))).toBe(renderMarkdown(buildReport(data())));
    expect(renderJson(data({}, true))).toBe(renderJson(data()));
  });
});

describe('many runs of the same kind', () => {
  const of = (path: string) => check({ path, workload: 'small', sizeBytes: MiB, client: clientProfiles.docker });
  const good = [30, 10, 20].map((durationMs, index) => ({
    ...successfulRun({ id: `good-${index}`, check: of('internal') }),
    durationMs,
  }));
  const bad = [1, 3, 2].map((hour) =>
    failedRun(
      { id: `bad-${hour}`, check: of('ingress'), startedAt: new Date(hour * 3_600_000) },
      failure({ sentBytes: hour * 1e6 }),
    ),
  );
  const one = { ...round('small', MiB, false), runs: [...good, ...bad] };
  const text = renderMarkdown(buildReport(data({ rounds: [one] })));

  test('are one line: how many, the times, the last failure', () => {
    expect(text).toContain('- docker, 1 MiB: 3 pushes, 10 ms to 30 ms, median 20 ms');
    expect(text.match(/^- docker, 1 MiB: .*after 2\.86 MiB.* \(3 pushes, this is the last\)$/gm)).toHaveLength(1);
  });

  test('are counted in the comparison', () => {
    expect(text).toContain('| ingress | fails: the body is refused for its size | 0 of 3 | ');
    expect(text).toContain('| internal | works | 3 of 3 | ');
  });
});

test('JSON has verdicts, routing and runs, and no credentials', () => {
  expect(JSON.parse(renderJson(data()))).toMatchObject({
    generatedAt: '2026-11-24T01:02:03.000Z',
    routing: ['docker: ≤ 10 MiB: any path; above: internal (tried up to 50 MiB)'],
    verdicts: [
      { workload: 'small', kind: 'healthy' },
      { workload: 'large', kind: 'path-fault' },
    ],
    runs: [{ id: 'ingress-small' }, { id: 'ingress-large' }, { id: 'internal-small' }, { id: 'internal-large' }],
  });
  expect(renderJson(data())).not.toContain('credentials');
});

describe('text from outside', () => {
  const hostile = '<script>alert(1)</script> | `x` **b** [a](javascript:x)\n# h';
  const finding = {
    cause: 'nginx_body_limit',
    title: 't',
    hop: 'ingress',
    confidence: 'certain',
    nextTest: 'Push again.',
    remedy: 'Do `x|y`.',
    reference: 'https://example.org/a?b=c&d',
    evidence: [hostile],
  } as const;
  const document = buildReport(
    data({
      registry: { name: hostile, repository: 'r' },
      diagnoses: [
        {
          path: 'ingress',
          client: 'docker',
          sizeBytes: 1,
          diagnosis: {
            kind: 'fault',
            findings: [finding],
            unexplained: [hostile],
            notExamined: [hostile],
            facts: [],
            why: '',
            bytesSpent: 0,
          },
        },
      ],
    }),
  );

  test('forms no markup in HTML', () => {
    const page = renderHtmlDocument(document);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).toContain('<code>x|y</code>');
    expect(page).toContain('<a href="https://example.org/a?b=c&amp;d">Read more</a>');
  });

  test('forms no markup in Markdown', () => {
    const text = renderMarkdown(document);
    expect(text).toContain('\\<script\\>alert(1)\\</script\\> \\| \\`x\\` \\*\\*b\\*\\* \\[a\\](javascript:x) \\# h');
    expect(text).not.toMatch(/^# h/m);
    expect(text).toContain('`x\\|y`');
  });

  test('cannot end a block of code', () => {
    const code = renderMarkdown({
      title: 't',
      sections: [{ title: 's', blocks: [{ kind: 'code', language: 'text', text: 'a\n````\nb\n' }] }],
    });
    expect(code).toBe('# t\n\n## s\n\n`````text\na\n````\nb\n`````\n');
  });
});

test('sizes and paths are a table: a searched limit and what was only tried are told apart', () => {
  const rowsOf = (one: ReportData): string[] => renderMarkdown(buildReport(one)).match(/^\| docker \|.*$/gm) ?? [];
  expect(rowsOf(data())).toEqual([
    '| docker | up to 10 MiB | any | searched; 11 MiB is refused |',
    '| docker | above 10 MiB | internal | pushes of up to 50 MiB; no limit is known |',
  ]);
  expect(rowsOf(data({ limits: [] }))[0]).toBe(
    '| docker | up to 1 MiB | any | only tried; 50 MiB fails, sizes between are not known |',
  );
});

test('evidence is folded in both', () => {
  for (const summary of ['What was seen of each cause', 'Requests and answers']) {
    const folded = `<details><summary>${summary}</summary>\n`;
    expect(renderMarkdown(buildReport(data()))).toContain(`${folded}\n`);
    expect(renderHtmlDocument(buildReport(data()))).toContain(folded);
  }
});

test('nothing measured is said, not guessed', () => {
  const text = renderMarkdown(buildReport(data({ rounds: [], limits: [] })));
  expect(text).toContain('Not measured: ingress, internal.');
  expect(text).toContain('Login: not measured.');
});

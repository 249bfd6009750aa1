import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blameFor, reasonTable } from '../../../src/probe/judge/reason-table.ts';
import type { Facts } from '../../../src/probe/judge/facts.ts';
import { answerers, blames, failureReasons, phases } from '../../../src/probe/failure.ts';

const file = new URL('../../../docs/failures.md', import.meta.url);

/** The part of the document that is made from the table: one row and one section for each reason. */
function generated(): string {
  const rows = failureReasons.map((reason) => {
    const { title, round, tells } = reasonTable[reason];
    const about = [
      tells.own ? 'this host' : round.local ? 'this host, when every path shows it' : undefined,
      tells.size === 'no' ? undefined : tells.size === 'yes' ? 'size' : 'perhaps size',
      tells.time === 'no' ? undefined : tells.time === 'yes' ? 'time' : 'perhaps time',
      tells.mayPass ? 'perhaps a restart' : undefined,
    ].filter((one) => one !== undefined);
    return `| [\`${reason}\`](#${reason}) | ${title} | ${round.family} | ${about.length > 0 ? about.join(', ') : '-'} |`;
  });
  const sections = failureReasons.map((reason) => {
    const { wire, causes, remedy, blamed } = reasonTable[reason].words;
    const points = [
      `**On the wire:** ${wire}`,
      `**Usual causes:** ${causes}`,
      `**What to do:** ${remedy}`,
      `**Blame:** ${blamed}`,
    ];
    return `### \`${reason}\`\n\n${points.map((point) => `- ${point}\n`).join('')}`;
  });
  const table = `| reason | means | family | hints at |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  const intro =
    'The same fault can show different reasons of one family on different paths. *Hints at* says what else such a failure may come from.';
  return `## Reasons\n\n${intro}\n\n${table}\n${sections.join('\n')}`;
}

const written = readFileSync(file, 'utf8');
const text = `${written.slice(0, written.indexOf('## Reasons\n'))}${generated()}`;
if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, text);

/** The part of the text under a heading, up to the next one of its level. */
function section(heading: string): string {
  const [, rest = ''] = text.split(`\n${heading}\n`);
  const level = heading.split(' ')[0] ?? '#';
  return rest.split(new RegExp(`\\n#{1,${level.length}} `))[0] ?? '';
}

/** First cells of the rows of the section's table. */
function firstCells(heading: string): string[] {
  return [...section(heading).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
}

describe('docs/failures.md', () => {
  test('has what the table of reasons has (UPDATE_GENERATED=1 writes it)', () => {
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test.each([
    ['## Phases', phases],
    ['## Who answered', answerers],
    ['## Whom to ask first', blames],
  ])('%s lists what the code knows, in its order', (heading, names) => {
    expect(firstCells(heading)).toEqual([...names]);
  });

  test('has a section for each reason of the code and no other, in its order', () => {
    const found = [...section('## Reasons').matchAll(/^### `([^`]+)`$/gm)].map((match) => match[1]);
    expect(found).toEqual([...failureReasons]);
  });

  test.each(failureReasons)('says of %s what is seen, why, what to do and whom to ask', (reason) => {
    const points = [...section(`### \`${reason}\``).matchAll(/^- \*\*([^*]+):\*\* (.+)$/gm)];
    expect(points.map((point) => point[1])).toEqual(['On the wire', 'Usual causes', 'What to do', 'Blame']);
    for (const point of points) expect(point[2]).toMatch(/\.$/);
  });

  test.each(failureReasons)('names every hop that %s is blamed on', (reason) => {
    const [, line = ''] = /^- \*\*Blame:\*\* (.+)$/m.exec(section(`### \`${reason}\``)) ?? [];
    const named = new Set([...line.matchAll(/`([a-z_]+)`/g)].map((match) => match[1]));
    const byAnswerer = /answerer's hop|its hop/.test(line);
    for (const facts of someFacts()) {
      const blame = blameFor(reason, facts);
      const hops: readonly string[] = ['registry_app', 'edge', 'ingress', 'unknown'];
      expect(named.has(blame) || (byAnswerer && hops.includes(blame)), `${reason} is blamed on ${blame}`).toBe(true);
    }
  });
});

/** Facts over which every row of the blame table may differ. */
function* someFacts(): Iterable<Facts> {
  for (const answeredBy of answerers) {
    for (const step of ['auth', 'start', 'send', 'commit'] as const) {
      for (const status of [undefined, 403, 404, 500, 502, 520, 524, 530]) {
        for (const rayId of [undefined, ['8c00-FRA']]) {
          const headers: Record<string, readonly string[]> = rayId === undefined ? {} : { 'cf-ray': rayId };
          const response = { status: status ?? 0, headers, body: Buffer.alloc(0), bodyBytes: 0, complete: true };
          const exchange = status === undefined ? {} : { response };
          yield { answeredBy, step, status, exchange } as unknown as Facts;
        }
      }
    }
  }
}

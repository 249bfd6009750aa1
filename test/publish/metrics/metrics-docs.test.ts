import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricSpecs } from '../../../src/publish/metrics/metric-names.ts';

const file = new URL('../../../docs/metrics.md', import.meta.url);
const start = '<!-- table: made from src/publish/metrics/metric-names.ts -->\n';
const end = '<!-- end of table -->';

function table(): string {
  const rows = Object.values(metricSpecs).map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((l) => `\`${l}\``).join(' ')} | ${help} |`,
  );
  return `| name | type | labels | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

test('docs/metrics.md has the table of all metrics (UPDATE_GENERATED=1 writes it)', () => {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end);
  expect(from).toBeGreaterThan(start.length);
  expect(to).toBeGreaterThan(from - 1);
  const wanted = text.slice(0, from) + table() + text.slice(to);
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, wanted);
  expect(readFileSync(file, 'utf8')).toBe(wanted);
});

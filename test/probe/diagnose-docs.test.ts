import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { causes } from '../../src/probe/diagnose/causes.ts';

const file = new URL('../../docs/diagnosis.md', import.meta.url);

test('the documentation lists every cause as the table has it (UPDATE_GENERATED=1 writes it)', () => {
  const text = readFileSync(file, 'utf8');
  const before = text.slice(0, text.indexOf('## Causes\n'));
  const rows = Object.entries(causes).map(
    ([name, { title, hop, remedy, reference }]) =>
      `| \`${name}\` | ${title} | ${hop === 'failure' ? 'where it failed' : `\`${hop}\``} | ${remedy.replaceAll('|', '\\|')} | <${reference}> |`,
  );
  const expected = `${before}## Causes\n\n| cause | means | hop | remedy | see |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, expected);
  expect(readFileSync(file, 'utf8')).toBe(expected);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ruleFileNames, ruleFiles } from '../../prometheus/src/rules.ts';
import { sloFile, sloFileName } from '../../prometheus/src/slo.ts';

const folder = new URL('../../prometheus/', import.meta.url);

describe('the rule files', () => {
  test.each(ruleFileNames)('%s is what the code makes (`npm run generate` writes it)', (name) => {
    const wanted = ruleFiles()[name];
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(new URL(name, folder), wanted);
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(wanted);
  });
});

test('the rules for an objective are what the code makes (`npm run generate` writes them)', () => {
  const file = new URL(sloFileName, folder);
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, sloFile());
  expect(readFileSync(file, 'utf8')).toBe(sloFile());
});

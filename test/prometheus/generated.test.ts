import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ruleFileNames, ruleFiles } from '../../prometheus/src/rules.ts';

const folder = new URL('../../prometheus/', import.meta.url);

describe('the rule files', () => {
  test.each(ruleFileNames)('%s is what the code makes (`npm run generate` writes it)', (name) => {
    const wanted = ruleFiles()[name];
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(new URL(name, folder), wanted);
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(wanted);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { invariants } from '../faults/invariants.ts';
import { root } from './compose-file.ts';

const text = readFileSync(join(root, 'docs/reliability.md'), 'utf8');

/** The tests that a text names: a file in backticks, then titles in quotes until the next file. */
function namedTests(from: string): { readonly file: string; readonly titles: readonly string[] }[] {
  return [...from.matchAll(/`(test\/[\w./-]+\.test\.ts)`((?:[^`\n]|`(?!test\/))*)/g)].map(
    ([, file = '', rest = '']) => ({
      file,
      titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
    }),
  );
}

function hasTest(file: string, title: string): boolean {
  const source = readFileSync(join(root, file), 'utf8');
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

// Links only: that a test of this name stands there. Whether the promise holds is what that test says.
describe('docs/reliability.md', () => {
  const named = namedTests(text);

  test('names tests that exist, by file and title', () => {
    const missing = named.flatMap(({ file, titles }) =>
      existsSync(join(root, file))
        ? titles.filter((title) => !hasTest(file, title)).map((title) => `${file}: ${title}`)
        : [file],
    );
    expect(missing).toEqual([]);
    expect(named.flatMap(({ titles }) => titles).length).toBeGreaterThan(25);
  });

  test('names at least one test, or the bench, for each promise', () => {
    const rows = text.split('\n').filter((line) => /^\| [A-Z]/.test(line));
    const unheld = rows.filter((row) => namedTests(row).every(({ titles }) => titles.length === 0));
    expect(unheld.filter((row) => !row.includes('the same two'))).toEqual([]);
    expect(rows.length).toBeGreaterThan(20);
  });

  test('says how many invariants the fault matrix holds', () => {
    expect(text).toContain(`${Object.keys(invariants).length} invariants`);
  });

  test('the reader of names finds what is missing', () => {
    expect(namedTests('x | `test/a.test.ts` "one", "two"; `test/b.test.ts` "three" |')).toEqual([
      { file: 'test/a.test.ts', titles: ['one', 'two'] },
      { file: 'test/b.test.ts', titles: ['three'] },
    ]);
    expect(hasTest('test/packaging/docs.test.ts', 'no such title')).toBe(false);
  });
});

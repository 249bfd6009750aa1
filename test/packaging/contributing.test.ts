import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const guide = readFileSync('CONTRIBUTING.md', 'utf8');
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' });
const files = sources.filter((name) => name.endsWith('.ts'));

/** The cells of the table that begins with this heading. */
function rowsUnder(heading: string): string[][] {
  const [, rest = ''] = guide.split(`${heading}\n`);
  const [table = ''] = rest.split('\n\n');
  return table
    .split('\n')
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const named = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

test('each folder of src stands in the table with one sentence, and no other does', () => {
  const rows = rowsUnder('| folder | what it is for |');
  const folders = sources.filter((name) => statSync(join('src', name)).isDirectory());
  expect(rows.map(([folder = '']) => named(folder)[0] ?? '').toSorted()).toEqual(
    folders.map((name) => `${name}/`).toSorted(),
  );
  for (const [, sentence = ''] of rows) {
    expect(sentence).toMatch(/^[A-Z][^.]*\.$/);
    expect(sentence, 'a folder whose sentence needs an "and" is two').not.toMatch(/\band\b/);
  }
});

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*/g, '');

test.each(rowsUnder('| to add | for example | files of `src` that change |'))(
  '%s: %s is written in %s alone',
  (_what, example, places) => {
    const [word = ''] = named(example);
    const pattern = new RegExp(`(?<![\\w-])${word.replaceAll('.', '\\.')}(?![\\w-])`);
    const found = files.filter((name) => pattern.test(withoutComments(readFileSync(join('src', name), 'utf8'))));
    expect(found.toSorted()).toEqual(named(places).toSorted());
  },
);

import { describe, expect, test } from 'vitest';
import type { ConfigPath } from '../../src/config/problem.ts';
import { readYaml } from '../../src/config/yaml-source.ts';

/** `LINE:COLUMN path: message` of each problem. */
function problemsOf(text: string): string[] {
  return readYaml(text, 'c.yaml').problems.map(({ file, position, path, message }) => {
    expect(file).toBe('c.yaml');
    return `${position?.line}:${position?.column} ${path.join('.')}: ${message}`;
  });
}

describe('what stands in a file', () => {
  test('is plain data', () => {
    const text = 'a: 1\nb: [x, {c: true}]\n"d e": ~\nf: &f {g: "h"}\ni: *f\nj:\nk: 1.5\n';
    const { value, problems } = readYaml(text, 'c.yaml');
    const f = { g: 'h' };
    expect(value).toEqual({ a: 1, b: ['x', { c: true }], 'd e': null, f, i: f, j: null, k: 1.5 });
    expect(problems).toEqual([]);
    expect(readYaml('', 'c.yaml').value).toBeNull();
    expect(readYaml('- 1\n', 'c.yaml').value).toEqual([1]);
    expect(readYaml('text', 'c.yaml').value).toBe('text');
  });

  const text = ['a:', '  b: 1', '  "c": [x,', '    {d: y}]', 'e:', '# comment', 'f: &f {g: 2}', 'h: *f', ''].join('\n');

  test.each<[ConfigPath, string, string]>([
    [[], '1:1', '1:1'],
    [['a'], '2:3', '1:1'],
    [['a', 'b'], '2:6', '2:3'],
    [['a', 'c'], '3:8', '3:3'],
    [['a', 'c', 0], '3:9', '3:9'],
    [['a', 'c', 1], '4:5', '4:5'],
    [['a', 'c', 1, 'd'], '4:9', '4:6'],
    // What is missing stands where the nearest key does, and what is empty where its own does.
    [['a', 'missing', 'more'], '1:1', '1:1'],
    [['a', 'c', 7], '3:3', '3:3'],
    [['missing'], '1:1', '1:1'],
    [['e'], '5:1', '5:1'],
    [['e', 'missing'], '5:1', '5:1'],
    [['f'], '7:7', '7:1'],
    // An alias is what it names; the key is its own.
    [['h'], '7:7', '8:1'],
    [['h', 'g'], '7:11', '7:8'],
  ])('%j has its value at %s and its key at %s', (path, value, key) => {
    const { valuePosition, keyPosition } = readYaml(text, 'c.yaml');
    const shown = [valuePosition(path), keyPosition(path)].map(({ line, column }) => `${line}:${column}`);
    expect(shown).toEqual([value, key]);
  });
});

describe('what is wrong with it', () => {
  test.each<[string, readonly string[]]>([
    ['a: 1\nb: 2\na: 3\n', ['3:1 a: expected each name once, got a duplicate name (first at 1:1)']],
    ['x:\n  a: 1\n  a: 3\n', ['3:3 x.a: expected each name once, got a duplicate name (first at 2:3)']],
    ['1: a\n', ['1:1 : expected a string as key, got 1; quote it']],
    ['true: a\n', ['1:1 : expected a string as key, got true; quote it']],
    ['x: {__proto__: a}\n', ['1:5 x: expected a string as key, got __proto__']],
    ['[a]: b\n', ['1:1 : expected a string as key, got something else']],
    ['~: b\n', ['1:1 : expected a string as key, got something else']],
    ['a: &a [*a]\n', ['1:8 a.0.0: expected an alias of an anchor that ends above it, got one that does not']],
    ['a: *b\n', ['1:4 a: expected an alias of an anchor that ends above it, got one that does not']],
    ['a: 1\n--- \nb: 2\n', ['2:1 : expected one YAML document, got several']],
  ])('%j', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test('leaves the first of two values, and a number as a key its name', () => {
    expect(readYaml('a: 1\na: 3\n', 'c.yaml').value).toEqual({ a: 1 });
    expect(readYaml('1: a\ntrue: b\n', 'c.yaml').value).toEqual({ 1: 'a', true: 'b' });
    // What is no name has no value either.
    const { value } = readYaml('a: 1\n[b]: 2\n~: 3\n__proto__: 4\n', 'c.yaml');
    expect(Object.entries(value as object)).toEqual([['a', 1]]);
  });

  test('an alias may be used again and again, only not within itself', () => {
    expect(readYaml('a: &a [1]\nb: [*a, *a]\n', 'c.yaml')).toMatchObject({ value: { b: [[1], [1]] }, problems: [] });
  });

  test('more than 100,000 values are not read, and said once', () => {
    // The map 1, its first list 1001, each of its aliases 1002, the list of those 1.
    const text = (more: number): string => {
      const ones = (count: number): string => `[${Array.from({ length: count }, () => '1').join(',')}]`;
      const aliases = Array.from({ length: 98 }, () => '*a').join(',');
      return `a: &a ${ones(1000)}\nb: [${aliases}]\nc: ${ones(more)}\n`;
    };
    expect(problemsOf(text(800))).toEqual([]);
    const values = (count: number): unknown[] => (readYaml(text(count), 'c.yaml').value as { c: unknown[] }).c;
    expect([values(800)[799], values(802)[801]]).toEqual([1, undefined]);
    expect(problemsOf(text(801))).toEqual(['3:1605 c.800: expected at most 100000 values, got more']);
    expect(problemsOf(text(900))).toHaveLength(1);
  });

  test('more than a hundred levels are not read', () => {
    const nested = (levels: number): string => `a: 1\nb: ${'['.repeat(levels)}${']'.repeat(levels)}\n`;
    expect(problemsOf(nested(98))).toEqual([]);
    expect(problemsOf(nested(101))).toEqual(['2:104 : expected at most 100 levels of nesting, got more']);
    expect(readYaml(nested(101), 'c.yaml').value).toBeUndefined();
    // Nor handed to the parser, whose stack would end.
    expect(problemsOf(nested(100_000))).toEqual(['2:104 : expected at most 100 levels of nesting, got more']);
  });
});

import { describe, expect, test } from 'vitest';
import { canonicalFamily, formatEdge, toTextFormat } from '../../src/publish/exposition.ts';

// The right side is what Go's strconv.FormatFloat(x, 'g', -1, 64) prints, with `.0` on what looks like an integer.
test.each([
  ['0', '0.0'],
  ['1', '1.0'],
  ['0.05', '0.05'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['1.5', '1.5'],
  ['524288', '524288.0'],
  ['999999', '999999.0'],
  ['1000000', '1e+06'],
  ['1048576', '1.048576e+06'],
  ['4294967296', '4.294967296e+09'],
  ['1234567.5', '1.2345675e+06'],
  ['+Inf', '+Inf'],
])('formatEdge(%s) is %s', (edge, written) => {
  expect(formatEdge(edge)).toBe(written);
});

describe('a family', () => {
  const histogram = [
    '# HELP x_seconds Help with # {a="b"} 1 2',
    '# TYPE x_seconds histogram',
    'x_seconds_bucket{le="1",path="p"} 3 # {run_id="a\\"b"} 0.5 1700000000.123',
    'x_seconds_bucket{le="+Inf",path=" # {run_id=\\"x\\"} 1 2"} 3',
    'x_seconds_sum{path="x_bucket{le=\\"1\\"} # {"} 1.5',
  ].join('\n');

  test('gets canonical edges, nothing else touched', () => {
    expect(canonicalFamily(histogram)).toBe(`${histogram.replace('{le="1",', '{le="1.0",')}\n`);
  });

  test('loses exemplars in text format, and only those', () => {
    const text = toTextFormat(canonicalFamily(histogram)).split('\n');
    expect(text[0]).toBe('# HELP x_seconds Help with # {a="b"} 1 2');
    expect(text[2]).toBe('x_seconds_bucket{le="1.0",path="p"} 3');
    expect(text.slice(3)).toEqual([...histogram.split('\n').slice(3), '']);
  });

  test('of a counter takes its suffix in text format, only in its own name', () => {
    const counter = '# HELP runs Of runs counter\n# TYPE runs counter\nruns_total{a="# TYPE runs counter"} 1\n';
    expect(toTextFormat(counter)).toBe(
      '# HELP runs_total Of runs counter\n# TYPE runs_total counter\nruns_total{a="# TYPE runs counter"} 1\n',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { canonicalLines, formatEdge, textHead, textLines } from '../../../src/publish/metrics/exposition.ts';

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

describe('lines of a family', () => {
  const histogram = [
    'x_seconds_bucket{le="1",path="p"} 3 # {run_id="a\\"b"} 0.5 1700000000.123',
    'x_seconds_bucket{le="+Inf",path=" # {run_id=\\"x\\"} 1 2"} 3',
    'x_seconds_bucket{le="+Inf",path=" # {} x"} 3',
    'x_seconds_sum{path="x_bucket{le=\\"1\\"} # {"} 1.5',
  ].join('\n');

  test('get canonical edges, nothing else touched', () => {
    expect(canonicalLines(histogram)).toBe(histogram.replace('{le="1",', '{le="1.0",'));
  });

  test('lose exemplars in text format, and only those', () => {
    const text = textLines(histogram).split('\n');
    expect(text[0]).toBe('x_seconds_bucket{le="1",path="p"} 3');
    expect(text.slice(1)).toEqual(histogram.split('\n').slice(1));
  });
});

test('only a counter takes its suffix in text format, and only in its own name', () => {
  expect(textHead('# HELP runs Of runs counter\n# TYPE runs counter\n')).toBe(
    '# HELP runs_total Of runs counter\n# TYPE runs_total counter\n',
  );
  const gauge = '# HELP x Help of a counter\n# TYPE x gauge\n';
  expect(textHead(gauge)).toBe(gauge);
});

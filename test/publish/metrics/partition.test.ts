import { expect, test } from 'vitest';
import { metricSpecs } from '../../../src/publish/metrics/metric-names.ts';
import { Series } from '../../../src/publish/metrics/series.ts';
import { rendered } from '../../support/rendered.ts';

function labelsOf(key: 'retries' | 'runDuration'): never {
  return Object.fromEntries(metricSpecs[key].labels.map((name) => [name, 'x'])) as never;
}

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a counter does not take %d', async (value) => {
  const series = new Series({ processMetrics: false });
  series.add('retries', labelsOf('retries'), 2);
  series.add('retries', labelsOf('retries'), value);
  expect(await rendered(series)).toMatch(new RegExp(`^${metricSpecs.retries.name}\\{.*\\} 2$`, 'm'));
});

test.each([
  [128, true],
  [129, false],
])('an exemplar of %d characters is shown: %s', async (length, isShown) => {
  const series = new Series({ processMetrics: false });
  series.observe('runDuration', labelsOf('runDuration'), 1, { id: 'x'.repeat(length - 2) });
  expect(/# \{id="x+"\}/.test(await rendered(series, 'openmetrics'))).toBe(isShown);
});

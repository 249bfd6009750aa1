import { describe, expect, test } from 'vitest';
import { acceptsGzip, negotiateFormat } from '../../src/server/accept.ts';

describe('negotiateFormat', () => {
  test.each([
    ['nothing', undefined, 'text'],
    ['curl', '*/*', 'text'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
    [
      'Prometheus 2',
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'Prometheus 3 with protobuf first',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    ['text preferred', 'application/openmetrics-text;version=1.0.0;q=0.4, text/plain;q=0.5', 'text'],
    ['OpenMetrics refused', 'application/openmetrics-text;q=0, text/plain;q=0.1', 'text'],
    ['OpenMetrics refused and nothing else', 'application/openmetrics-text;q=0', 'text'],
    ['an old OpenMetrics only', 'application/openmetrics-text;version=0.0.1', 'text'],
    ['no version', 'application/openmetrics-text', 'openmetrics'],
    ['quotes and case', 'Application/OpenMetrics-Text; Version="1.0.0"; Q=0.9, */*;q=0.8', 'openmetrics'],
    ['a quality that is no number', 'application/openmetrics-text;q=high, */*;q=0.1', 'text'],
    ['a quality above 1', 'application/openmetrics-text;q=2, */*;q=0.1', 'text'],
    ['something we do not have', 'application/json', 'text'],
    ['only commas', ', ,;', 'text'],
  ])('%s', (_name, accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
  });
});

describe('acceptsGzip', () => {
  test.each([
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['gzip, deflate, br', true],
    ['br', false],
    ['*', true],
    ['gzip;q=0, *', false],
    ['gzip;q=0.000', false],
    ['deflate, GZIP;q=0.1', true],
    ['*;q=0', false],
  ])('%s → %s', (header, expected) => {
    expect(acceptsGzip(header)).toBe(expected);
  });
});

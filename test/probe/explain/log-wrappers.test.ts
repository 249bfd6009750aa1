import { expect, test } from 'vitest';
import { unwrapped } from '../../../src/probe/explain/log-wrappers.ts';

test.each([
  ['{"log":" line ","stream":"stdout"}', 'line'],
  ['{"MESSAGE":"line"}', 'line'],
  ['{"message":"line"}', 'line'],
  ['{"msg":"line"}', 'line'],
  ['{"log":7,"msg":"line"}', 'line'],
  ['{"log":7}', undefined],
  ['{', undefined],
  ['null', undefined],
  ['"text"', undefined],
  ['[{"log":"line"}]', undefined],
  ['Nov  8 22:00:00 web nginx: line', 'line'],
  ['Nov 28 22:00:00 web nginx[812]:   line ', 'line'],
  ['<134>1 2026-11-28T22:00:00.5Z web nginx[812]: line', 'line'],
  ['2026-11-28T22:00:00+0000 web nginx: line', 'line'],
  ['2026-11-28T22:00:00.123Z line of it', 'line of it'],
  ['2026-11-28T22:00:00.123+01:00 stderr P line', 'line'],
  ['[pod/web/nginx] line', 'line'],
  ['web-1   | line', 'line'],
  ['/var/log/a.log:line', 'line'],
  ['a.log.2:17:line', 'line'],
  ['line', undefined],
  ['a line | of it', undefined],
])('%j holds %j', (line, inner) => {
  expect(unwrapped(line)).toBe(inner);
});

import { expect, test } from 'vitest';
import { isRefusedByTurns } from '../../../src/probe/diagnose/by-turns.ts';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const refusal = fakeFailure('method_not_allowed', {
  phase: 'start',
  status: 405,
  answeredBy: 'registry',
  evidence: { message: '', method: 'POST' },
});
const refused = trialOf({ failure: refusal });
const opening = requestRecord({ method: 'POST', phase: 'start', status: 202 });
const after = (...requests: readonly RequestRecord[]) => trialOf({ run: { attempts: [attempt({ requests })] } });
const opened = after(requestRecord({ method: 'GET', status: 200 }), opening);
const patched = after(requestRecord({ method: 'PATCH', status: 202 }), requestRecord({ method: 'POST', status: 404 }));
const late = trialOf({ failure: { ...refusal, phase: 'commit' } });
const ofGet = trialOf({ failure: { ...refusal, evidence: { message: '', method: 'GET' } } });
const other = trialOf({ failure: { ...refusal, status: 403 } });

test.each([
  ['refused, opened, refused', [refused, opened, refused], true],
  ['refused since some time', [opened, refused, refused], false],
  ['refused for some time', [refused, refused, opened], false],
  ['refused in another way afterwards', [refused, opened, other], false],
  ['always refused', [refused, refused], false],
  ['refused, and opened from then on', [refused, opened, opened], false],
  ['refused, and not opened between', [refused, patched, refused], false],
  ['refused elsewhere before', [late, opened, refused], false],
  ['refused, as what is read was before', [ofGet, opened, refused], false],
])('uploads are %s', (_what, trials, isByTurns) => {
  expect(isRefusedByTurns(refusal, trials)).toBe(isByTurns);
});

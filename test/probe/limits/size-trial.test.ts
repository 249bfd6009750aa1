import { expect, test } from 'vitest';
import { notPutThere } from '../../../src/probe/limits/size-trial.ts';
import type { Attempt } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeRun } from '../../support/fake-run.ts';
import { attempt, failure } from '../../support/run-fixtures.ts';

const check = checkOf('http://127.0.0.1:1');
const pulled = { ...check, pushedOver: { ...check.path, name: 'direct' } };
const put = attempt();
const notPut = attempt({ failure: failure() });
const notPulled = attempt({ pull: 'cold', failure: failure() });

test.each<[what: string, attempts: readonly Attempt[], isThere: boolean]>([
  ['nothing was tried', [], true],
  ['the push failed', [notPut], false],
  ['it failed the last time', [notPut, put, notPut], false],
  ['it got through', [put], true],
  ['it got through the second time', [notPut, put], true],
  ['the way back failed', [put, notPulled], true],
])('what is to be pulled is there: %s', (_what, attempts, isThere) => {
  const said = notPutThere({ ...fakeRun(pulled), attempts });
  const wanted = 'what was to be pulled could not be put there over direct: ';
  expect(said?.slice(0, wanted.length)).toBe(isThere ? undefined : wanted);
});

test('a push is not about what is pulled', () => {
  expect(notPutThere({ ...fakeRun(check), attempts: [notPut] })).toBeUndefined();
});

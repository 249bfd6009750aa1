import { expect, test } from 'vitest';
import { areOnTwoPaths, checkId, checkLabels, oneBlob, workloadBytes } from '../../src/probe/check.ts';
import { checkOf } from '../support/checks.ts';
import { pathTo } from '../support/paths.ts';

const check = checkOf('http://127.0.0.1:1');
const elsewhere = { ...check, path: pathTo('http://127.0.0.1:2', { name: 'elsewhere' }) };

test('a check is named by registry, path, client and workload', () => {
  expect(checkLabels(elsewhere)).toEqual({ registry: 'lab', path: 'elsewhere', client: 'docker', workload: 'blob' });
  expect(checkId(elsewhere)).toBe('lab/elsewhere/docker/blob');
});

test.each([
  ['the same over another path', elsewhere, true],
  ['the same over the same path', check, false],
  ['to another registry', { ...elsewhere, registry: { ...check.registry, name: 'other' } }, false],
  ['as another client', { ...elsewhere, client: checkOf('http://127.0.0.1:1', { client: 'crane' }).client }, false],
  ['of something else', { ...elsewhere, workload: { ...check.workload, name: 'large' } }, false],
])('on two paths: %s', (_what, other, wanted) => {
  expect(areOnTwoPaths(check, other)).toBe(wanted);
});

test('a workload has the bytes of all its layers', () => {
  expect(workloadBytes({ name: 'image', kind: 'image', layerBytes: [7, 30, 500], pull: false })).toBe(537);
  expect(workloadBytes({ name: 'image', kind: 'image', layerBytes: [], pull: false })).toBe(0);
});

test('one blob instead of what a check pushes: fresh, and not pulled', () => {
  const pulled = { ...check, workload: { ...check.workload, pull: true } };
  expect(oneBlob(pulled, 'small', 7)).toEqual({
    ...check,
    workload: { name: 'small', kind: 'blob', layerBytes: [7], pull: false },
    payload: { kind: 'fresh' },
  });
});

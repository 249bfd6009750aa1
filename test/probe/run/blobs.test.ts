import { expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import { prepareBlobs } from '../../../src/probe/run/blobs.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { checkOf } from '../../support/checks.ts';

const signal = new AbortController().signal;
const payloads = createPayloadSource('test');

function checkWith(changes: Partial<Check>): Check {
  return checkOf('http://127.0.0.1:1', { check: changes });
}
const image = { name: 'image', kind: 'image', layerBytes: [100, 100], pull: false } as const;
const digests = async (check: Check, index: number): Promise<readonly string[]> =>
  (await prepareBlobs(check, payloads, index, signal)).map(({ payload }) => payload.digest);

test('a blob is called so, and layers have their number and size', async () => {
  const names = async (check: Check) =>
    (await prepareBlobs(check, payloads, 0, signal)).map(({ name, payload }) => [name, payload.sizeBytes]);
  expect(await names(checkOf('http://127.0.0.1:1', { sizeBytes: 77 }))).toEqual([['blob', 77]]);
  expect(await names(checkWith({ workload: { ...image, layerBytes: [100, 200] } }))).toEqual([
    ['layer1', 100],
    ['layer2', 200],
  ]);
});

test('fresh: no two runs and no two layers have the same bytes', async () => {
  const check = checkWith({ workload: image });
  expect(new Set([...(await digests(check, 0)), ...(await digests(check, 0))]).size).toBe(4);
});

test('rotated: as many digests for each layer as there are turns, the same ones again, and others for another check', async () => {
  const check = checkWith({ workload: image, payload: { kind: 'rotate', count: 2 } });
  const [first, second, third] = [await digests(check, 0), await digests(check, 1), await digests(check, 2)];
  expect(new Set([...first, ...second]).size).toBe(4);
  expect(third).toEqual(first);
  const other = { ...check, workload: { ...image, name: 'other' } };
  expect(new Set([...first, ...second, ...(await digests(other, 0))]).size).toBe(6);
});

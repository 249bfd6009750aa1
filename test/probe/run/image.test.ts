import { expect, test } from 'vitest';
import { imageOf } from '../../../src/probe/run/image.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { fakeCheck } from '../../support/fake-check.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');

/** The digests of the manifest over the same layer, a day apart, and what it is put under. */
async function madeTwice(workload: Partial<typeof check.workload>): Promise<{ digests: Set<string>; under: string }> {
  const layer = { name: 'layer1', payload: await createPayloadSource('x').prepare(1_024, Buffer.alloc(32)) };
  const one = { ...check, workload: { ...check.workload, kind: 'image', ...workload } } as const;
  const made = ['2026-01-01', '2026-01-02'].map((day) => imageOf(one, [layer], new Date(day)));
  return { digests: new Set(made.map(({ manifest }) => manifest.digest)), under: made[0]?.reference ?? '' };
}

test('an image without a tag is the same whenever it is made of the same layer', async () => {
  const { digests, under } = await madeTwice({ untagged: { timesNamed: 64 } });
  expect([...digests]).toEqual([under]);
});

test('one with a tag is another each time, as those of clients are', async () => {
  const { digests, under } = await madeTwice({});
  expect([digests.size, under]).toEqual([2, expect.stringMatching(/^blobprobe-/)]);
});

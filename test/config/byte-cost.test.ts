import { expect, test } from 'vitest';
import { worstCaseBytes } from '../../src/config/byte-cost.ts';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import { checkOf } from '../support/checks.ts';

const MiB = 1024 ** 2;

function worstOf(client: 'containerd' | 'containerd@2.4-ranges', layerBytes: readonly number[], pull: boolean): number {
  const workload = { name: 'blob', kind: 'blob', layerBytes, pull } as const;
  return worstCaseBytes(checkOf('http://registry.example', { check: { client: clientProfiles[client], workload } }));
}

test.each<readonly [what: string, layerBytes: readonly number[], pull: boolean, unreadBytes: number]>([
  ['for each range but the last, and no more than is left of the layer', [25 * MiB], true, (6 + 6 + 1) * MiB],
  ['for each layer', [12 * MiB, 8 * MiB + 1], true, 4 * MiB + 1],
  ['none for a layer of one range', [8 * MiB], true, 0],
  ['none for what is not pulled', [25 * MiB], false, 0],
])('what ranges leave unread is in the worst case: %s', (_what, layerBytes, pull, unreadBytes) => {
  const [whole, inRanges] = (['containerd', 'containerd@2.4-ranges'] as const).map((client) =>
    worstOf(client, layerBytes, pull),
  ) as [number, number];
  const twice = 2 * unreadBytes;
  expect(inRanges - whole).toBeGreaterThanOrEqual(twice);
  expect(inRanges - whole).toBeLessThanOrEqual(Math.ceil(twice * 1.01) + 1);
});

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

test.each<
  readonly [
    what: string,
    kind: 'blob' | 'image',
    layers: number,
    pull: boolean,
    retries: 'none' | 3,
    mebibytes: number,
    exchanges: number,
  ]
>([
  ['each attempt', 'blob', 1, false, 3, 30, 3],
  ['one attempt', 'blob', 1, false, 'none', 10, 1],
  ['each layer, the configuration and the manifest', 'image', 2, false, 3, 60, 12],
  ['the cold and the warm pull', 'blob', 1, true, 'none', 30, 3],
  ['all of it', 'image', 2, true, 3, 100, 20],
])('the worst case counts %s', (_what, kind, layers, pull, retries, mebibytes, exchanges) => {
  const workload = { name: 'w', kind, layerBytes: Array.from({ length: layers }, () => 10 * MiB), pull };
  const check = checkOf('http://registry.example', { check: { client: clientProfiles.containerd, workload, retries } });
  expect(worstCaseBytes(check)).toBe(Math.ceil(mebibytes * MiB * 1.01) + exchanges * 64 * 1024);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClientName } from '../../src/probe/clients/client-profiles.ts';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import { describeWithComponents } from '../support/component.ts';
import { type DockerDaemon, startDockerDaemon } from './support/docker-daemon.ts';
import { comparePulls, pullWithDocker, pullWithProgram, type RealPuller } from './support/pull-comparison.ts';
import type { PullDeed, PullScenery } from './support/pull-recorder.ts';

const first =
  (...deeds: readonly PullDeed[]) =>
  (nth: number): PullDeed | undefined =>
    deeds[nth - 1];
const cut: PullDeed = { kind: 'cut', afterBytes: 1_500_000, how: 'close' };
const answer = (status: number): PullDeed => ({ kind: 'answer', status });

const scenes: Readonly<Record<string, PullScenery>> = {
  success: {},
  'success, Basic': { basic: true },
  'redirect to another host, Basic': { basic: true, redirects: true },
  'cut in the middle': { deed: first(cut) },
  'reset in the middle': { deed: first({ ...cut, how: 'reset' }) },
  'redirect, cut in the middle': { redirects: true, deed: first(cut) },
  'answer 503 once': { deed: first(answer(503)) },
  'answer 404': { deed: () => answer(404) },
  'wrong digest': { deed: () => ({ kind: 'corrupt' }) },
  'cut, then 200 to the Range': { deed: first(cut, { kind: 'ignore-range' }) },
  'cut, then 416': { deed: first(cut, answer(416)) },
  'answer 503 each time': { deed: () => answer(503) },
  'Basic, 401 once': { basic: true, deed: first(answer(401)) },
  'Basic, cut, then 401': { basic: true, deed: first(cut, answer(401)) },
  'redirect to a store that is not there': { deed: () => ({ kind: 'astray' }) },
};
/** Docker waits 15 s and more in these: by hand, with BLOBPROBE_TRUE_PACE=1. */
const slow =
  process.env['BLOBPROBE_TRUE_PACE'] === '1'
    ? []
    : [
        'cut, then 200 to the Range',
        'cut, then 416',
        'answer 503 each time',
        'Basic, cut, then 401',
        'redirect to a store that is not there',
      ];

type Pull = Parameters<typeof comparePulls>[2];

/** A busy machine makes waits of what are none, and none of what are. */
const measurements = 3;

async function expectTheSame(row: ClientName, scenery: PullScenery, pull: Pull): Promise<void> {
  const scene = { ...scenery, afterConfig: clientProfiles[row].pull.configFirst };
  let both = await comparePulls(row, scene, pull);
  for (let more = 1; more < measurements && both.real.waitsMs.length !== both.ours.waitsMs.length; more += 1)
    both = await comparePulls(row, scene, pull);
  const { real, ours } = both;
  const outputs = { real: real.output, ours: ours.output };
  // The lines first: a long message of a failure is cut at its end.
  const told = ({ lines, gotThrough }: typeof real): object => ({ gotThrough, lines, ...outputs });
  expect(told(ours)).toEqual(told(real));
  expect({ ...outputs, waits: real.waitsMs.length }).toEqual({ ...outputs, waits: ours.waitsMs.length });
  for (const [index, waitMs] of real.waitsMs.entries()) {
    const askedMs = ours.waitsMs[index] ?? Number.NaN;
    // The end of a request is seen late on a busy machine; from one start to the next is never shorter than the wait between them.
    expect(real.apartMs[index]).toBeGreaterThan(askedMs * 0.9);
    expect(waitMs).toBeLessThan(askedMs * 1.1 + 5_000);
  }
}

/** BuildKit's has no session to ask for credentials. */
const withLogin = Object.keys(scenes).filter((name) => scenes[name]?.basic === true);
/** Node now and then tells a reset as an end; containerd, which goes on after the one and not the other, tells them apart. */
const resets = ['reset in the middle'];
/** It sends the same login once more (docs/clients.md, Differences that remain). */
const containerdSkips = [...resets, 'Basic, 401 once', 'Basic, cut, then 401'];
const regctlPull =
  '"$0" --host "reg=$HOST,tls=disabled${CREDS:+,user=$PUSH_USER,pass=$PUSH_PASSWORD}" image copy "$REF" ocidir://out';
const orasPull =
  '"$0" copy --from-plain-http ${CREDS:+--from-username $PUSH_USER --from-password $PUSH_PASSWORD} "$REF" --to-oci-layout out:latest';
const podmanPull =
  'unshare --mount --propagation private /bin/sh -c \'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && "$0" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none pull --quiet --tls-verify=false ${CREDS:+--creds $CREDS} "$REF"\' "$0"';
const pullers: readonly (RealPuller & { readonly skips?: readonly string[] })[] = [
  {
    component: 'skopeo',
    row: 'skopeo@1.9',
    script: '"$0" --insecure-policy copy --src-tls-verify=false ${CREDS:+--src-creds $CREDS} "docker://$REF" dir:out',
  },
  { component: 'skopeo-pusher', row: 'skopeo', script: '"$0" "docker://$REF" dir:out' },
  { component: 'crane', row: 'crane', script: '"$0" pull --insecure "$REF" out.tar' },
  { component: 'containerd-pusher', row: 'containerd', script: '"$0" pull "$REF" out', skips: containerdSkips },
  { component: 'containerd-pusher-2.3', row: 'containerd@2.3', script: '"$0" pull "$REF" out', skips: containerdSkips },
  { component: 'docker-pusher', row: 'docker', script: '"$0" pull "$REF"', skips: slow },
  { component: 'docker-pusher-29.0', row: 'docker@29.0', script: '"$0" pull "$REF"', skips: slow },
  {
    component: 'buildkit-pusher',
    row: 'buildkit',
    script: '"$0" pull "$REF" out',
    // It takes the refusal for the cut before it (docs/clients.md, Differences that remain).
    skips: [...resets, ...withLogin, 'cut, then 416'],
  },
  { component: 'regctl', row: 'regctl', script: regctlPull, skips: resets },
  // It sends the same login once more (as above).
  { component: 'oras', row: 'oras', script: orasPull, skips: ['Basic, 401 once'] },
  {
    component: 'podman-pusher',
    row: 'podman',
    script: `unshare --mount --propagation private /bin/sh -c 'mount -t tmpfs none /var/lib && "$0" "docker://$REF"' "$0"`,
    // It begins with the manifest anew, where its row begins with the layer (docs/clients.md, Differences that remain).
    skips: ['answer 503 once', 'answer 503 each time', 'redirect to a store that is not there'],
  },
];

for (const puller of pullers) {
  describeWithComponents([puller.component], `pulls: ${puller.component} and its row ${puller.row}`, () => {
    const met = Object.entries(scenes).filter(([name]) => !(puller.skips ?? []).includes(name));
    test.concurrent.each(met)('%s', { timeout: 120_000 }, async (_name, scene) => {
      expect(clientProfiles[puller.row].pull.measured).toBeDefined();
      await expectTheSame(puller.row, scene, (...args) => pullWithProgram(puller, ...args));
    });
  });
}

/** As many ranges as are in memory at once, and one more. */
const rangedBytes = 30_000_000;
const rangeBytes = clientProfiles['containerd@2.4-ranges'].pull.ranges?.bytes ?? 0;
const ofRange =
  (index: number, deed: PullDeed) =>
  (_nth: number, from: number): PullDeed | undefined =>
    from === index * rangeBytes ? deed : undefined;

/** `races`: how many of the first ranges further on are asked for depends on when the end of another one is seen. */
const rangedScenes: Readonly<Record<string, PullScenery & { readonly races?: true }>> = {
  success: {},
  'success, Basic': { basic: true },
  'redirect to another host, Basic': { basic: true, redirects: true },
  '200 to the first': { deed: first({ kind: 'ignore-range' }) },
  '416 to the first': { deed: first(answer(416)) },
  '200 to a later one': { deed: ofRange(1, { kind: 'ignore-range' }) },
  'another range in a later one': { deed: ofRange(1, { kind: 'misplace' }) },
  '416 to a later one': { deed: ofRange(3, answer(416)) },
  'no more connections than one': { races: true, deed: (_nth, from) => (from === 0 ? undefined : answer(503)) },
  'cut in the first': { races: true, deed: first(cut) },
  'wrong digest': { deed: first({ kind: 'corrupt' }) },
};

describeWithComponents(['containerd-pusher'], 'pulls: containerd with a fetch buffer and containerd@2.4-ranges', () => {
  const puller: RealPuller = {
    component: 'containerd-pusher',
    row: 'containerd@2.4-ranges',
    script: `PULL_BUFFER=${rangeBytes} "$0" pull "$REF" out`,
  };
  test.concurrent.each(Object.entries(rangedScenes))('%s', { timeout: 120_000 }, async (_name, scene) => {
    const pull: Pull = (...args) => pullWithProgram(puller, ...args);
    const { real, ours } = await comparePulls(puller.row, scene, pull, { sizeBytes: rangedBytes });
    const outputs = { real: real.output, ours: ours.output };
    const furtherOn = [1, 2, 3].map((index) => `bytes=${index * rangeBytes}-`);
    const isTold = (line: string): boolean => scene.races !== true || !furtherOn.some((range) => line.includes(range));
    const seen = ({ lines, gotThrough }: typeof real): object => ({
      ...outputs,
      lines: lines.filter(isTold).toSorted(),
      gotThrough,
    });
    expect(seen(ours)).toEqual(seen(real));
  });
});

/** More layers than any of them pulls at once. */
const manyLayers = 8;
/** Long enough for a busy machine to bring the next request. */
const holdsMs = 2_000;

/**
 * How many layers the program had under way at once, how many its row, and how many the row says. The most of up to three times: a
 * machine that is late lets fewer be under way, never more.
 */
async function layersAtOnce(row: ClientName, pull: Pull, tries = 3): Promise<readonly (number | string)[]> {
  const { real, ours } = await comparePulls(row, { holdsMs }, pull, { layers: manyLayers });
  const counted = [real, ours].map(({ atOnce, gotThrough, output }) => (gotThrough ? atOnce : output));
  const all = [...counted, clientProfiles[row].pull.concurrency];
  if (tries === 1 || areTheSame(all) || all.some((one) => typeof one === 'string')) return all;
  const more = await layersAtOnce(row, pull, tries - 1);
  return more.map((one, index) => (typeof one === 'string' ? one : Math.max(one, Number(all[index]))));
}

const areTheSame = (counted: readonly unknown[]): boolean => counted.every((one) => one === counted[0]);

/** Where it matters, into what takes several layers at once: skopeo's `dir:` does not. */
const manyPullers: readonly RealPuller[] = [
  {
    component: 'skopeo',
    row: 'skopeo@1.9',
    script: '"$0" --insecure-policy copy --src-tls-verify=false "docker://$REF" oci:out:latest',
  },
  { component: 'crane', row: 'crane', script: '"$0" pull --insecure "$REF" out.tar' },
  { component: 'containerd-pusher', row: 'containerd', script: '"$0" pull "$REF" out' },
  { component: 'regctl', row: 'regctl', script: regctlPull },
  { component: 'oras', row: 'oras', script: orasPull },
  { component: 'podman', row: 'podman@4.3', script: podmanPull },
];

describe('layers at once', () => {
  for (const puller of manyPullers) {
    describeWithComponents([puller.component], `${puller.component} and its row ${puller.row}`, () => {
      test('as many', { timeout: 120_000 }, async () => {
        const counted = await layersAtOnce(puller.row, (...args) => pullWithProgram(puller, ...args));
        expect(counted).toSatisfy(areTheSame);
      });
    });
  }
});

describeWithComponents(['dockerd', 'unshare'], 'pulls: docker and its row docker@20.10', () => {
  let daemon: DockerDaemon;
  beforeAll(async () => {
    daemon = await startDockerDaemon();
  });
  afterAll(async () => {
    await daemon?.close();
  });

  const met = Object.entries(scenes).filter(([name]) => !slow.includes(name));
  test('as many layers at once', { timeout: 120_000 }, async () => {
    expect(await layersAtOnce('docker@20.10', pullWithDocker(daemon))).toSatisfy(areTheSame);
  });

  test.concurrent.each(met)('%s', { timeout: 120_000 }, async (_name, scene) => {
    expect(clientProfiles['docker@20.10'].pull.measured).toBeDefined();
    await expectTheSame('docker@20.10', scene, pullWithDocker(daemon));
  });
});

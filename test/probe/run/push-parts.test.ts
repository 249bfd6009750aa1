import { afterEach, describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import type { Blob } from '../../../src/probe/run/blobs.ts';
import { pushParts } from '../../../src/probe/run/push-parts.ts';
import type { PartOutcome } from '../../../src/probe/run/retry-loop.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { runContext } from '../../support/run-context.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const payloads = createPayloadSource('test');
/** Each of its own size. */
const sizes = [1_001, 1_002, 1_003] as const;
const image = { name: 'image', kind: 'image', layerBytes: sizes, pull: false } as const;
const blob = { name: 'blob', kind: 'blob', layerBytes: [sizes[0]], pull: false } as const;

interface Scene {
  readonly client?: ClientName;
  readonly check?: Partial<Check>;
  /** What is asked and refused, from which time on, and how often. */
  readonly refuses?: readonly [line: string, from: number, times: number];
  /** One layer at a time. */
  readonly inTurn?: boolean;
  /** Another registry for the way back. */
  readonly isApart?: boolean;
}

/** What is asked: method, what of, and what for, without digests. */
function shown(method: string, path: string): string {
  const what = path.replace(/^\/v2\/probe\/blobs\//, '').replace(/(?:sha256:|uploads\/.|blobprobe-).*$/, '');
  return `${method} ${what}`;
}

async function pushed({ client = 'docker', check: changes, refuses, inTurn = false, isApart = false }: Scene = {}) {
  const registry = opened.own(await startRegistry());
  const back = isApart ? opened.own(await startRegistry()) : registry;
  const [line, from, times] = refuses ?? ['', 0, 0];
  let met = 0;
  registry.intercept = ({ method, path }) => {
    met += shown(method, path) === line ? 1 : 0;
    const isRefused = shown(method, path) === line && met >= from && met < from + times;
    return isRefused ? { kind: 'answer', status: 503 } : undefined;
  };
  const usual = checkOf(registry.url, { client, check: { workload: image, ...changes } });
  const check = inTurn ? { ...usual, client: { ...usual.client, concurrency: 1 } } : usual;
  const blobs: Blob[] = [];
  for (const [index, sizeBytes] of check.workload.layerBytes.entries())
    blobs.push({ name: `layer${index + 1}`, payload: await payloads.prepare(sizeBytes, Buffer.alloc(32, index)) });
  const there = runContext({ check, deps: runDeps({}, []) });
  const other = isApart
    ? { ...there, check: checkOf(back.url, { client, check: { workload: image, ...changes } }) }
    : there;
  const outcomes: PartOutcome[] = [];
  const all = await pushParts({ there, back: other }, blobs, new AbortController().signal, (one) => outcomes.push(one));
  const asked = (one: typeof registry): string[] => one.requests.map(({ method, path }) => shown(method, path));
  return {
    all,
    outcomes: outcomes.map(({ part, ok }) => `${part.pull ?? 'push'} ${part.name}${ok ? '' : ' failed'}`),
    attempts: outcomes.map(({ attempts }) => attempts.length),
    parts: outcomes.map(({ part }) => part),
    asked: asked(registry),
    askedBack: asked(back),
  };
}

/** Of a layer as docker pushes it. */
const ofLayer = ['POST blobs/uploads/', 'PATCH blobs/', 'PUT blobs/', 'HEAD blobs/'];

describe('what is done, stage after stage', () => {
  test('one blob: nothing else', async () => {
    const { all, outcomes, asked } = await pushed({ check: { workload: blob } });
    expect([all, outcomes]).toEqual([true, ['push layer1']]);
    expect(asked).toEqual(['GET /v2/', ...ofLayer]);
  });

  test('an image: one ping, its layers, its config, its manifest', async () => {
    const { all, outcomes, asked, parts } = await pushed({ inTurn: true });
    expect([all, outcomes]).toEqual([
      true,
      ['push layer1', 'push layer2', 'push layer3', 'push config', 'push manifest'],
    ]);
    expect(asked).toEqual([
      'GET /v2/',
      ...ofLayer,
      ...ofLayer,
      ...ofLayer,
      // In memory, docker looks before it pushes.
      'HEAD blobs/',
      ...ofLayer,
      'PUT manifests/',
      'HEAD manifests/',
    ]);
    const [first, second, third, config, manifest] = parts.map(({ totalBytes }) => totalBytes);
    expect([first, second, third]).toEqual(sizes);
    expect([config, manifest]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(Math.min(config ?? 0, manifest ?? 0)).toBeGreaterThan(100);
  });

  test('layers side by side, once the ping is over', async () => {
    const { all, asked } = await pushed();
    expect([all, asked[0]]).toEqual([true, 'GET /v2/']);
    expect(asked.filter((one) => one === 'GET /v2/')).toHaveLength(1);
  });

  test('and everything back, twice', async () => {
    const { all, outcomes } = await pushed({ inTurn: true, check: { workload: { ...image, pull: true } } });
    expect(all).toBe(true);
    const back = ['manifest', 'config', 'layer1', 'layer2', 'layer3'];
    expect(outcomes.slice(5, 7)).toEqual(['cold manifest', 'cold config']);
    expect(outcomes.slice(5).toSorted()).toEqual(
      ['cold', 'warm'].flatMap((way) => back.map((one) => `${way} ${one}`)).toSorted(),
    );
  });

  test('the way back may be another one', async () => {
    const { all, outcomes, asked, askedBack } = await pushed({
      isApart: true,
      check: { workload: { ...blob, pull: true } },
    });
    // There it is not found.
    expect([all, outcomes]).toEqual([false, ['push layer1', 'cold layer1 failed']]);
    expect([asked.length, askedBack]).toEqual([5, ['GET /v2/', 'GET blobs/']]);
  });
});

describe('a part that fails ends it', () => {
  test.each<[string, Scene['refuses'], outcomes: readonly string[]]>([
    ['a layer', ['PATCH blobs/', 1, 1], ['push layer1 failed']],
    ['the config', ['PATCH blobs/', 2, 1], ['push layer1', 'push config failed']],
    ['the manifest', ['PUT manifests/', 1, 1], ['push layer1', 'push config', 'push manifest failed']],
    [
      'the manifest on its way back',
      ['GET manifests/', 1, 1],
      ['push layer1', 'push config', 'push manifest', 'cold manifest failed'],
    ],
  ])('%s', async (_what, refuses, expected) => {
    const workload = { ...image, layerBytes: [sizes[0]], pull: true };
    const { all, outcomes } = await pushed({ refuses, check: { workload } });
    expect([all, outcomes]).toEqual([false, expected]);
  });
});

describe('what the client begins anew', () => {
  const workload = { ...image, layerBytes: sizes.slice(0, 2) };
  const again = { workload, retries: 'profile' } as const;

  test('a layer, as often as it does, without another ping', async () => {
    const { attempts, asked } = await pushed({ inTurn: true, refuses: ['PATCH blobs/', 1, 2], check: again });
    expect(attempts).toEqual([3, 1, 1, 1]);
    expect(asked.filter((one) => one === 'GET /v2/')).toHaveLength(1);
  });

  test('a layer with its ping, where it pings each time; other layers have none', async () => {
    const { attempts, asked } = await pushed({
      client: 'podman',
      inTurn: true,
      refuses: ['PATCH blobs/', 1, 2],
      check: again,
    });
    expect(attempts).toEqual([3, 1, 1, 1]);
    expect(asked.filter((one) => one === 'GET /v2/')).toHaveLength(3);
  });

  test.each([
    ['its config', 'PATCH blobs/', 3, [1, 1, 1]],
    ['its manifest', 'PUT manifests/', 1, [1, 1, 1, 1]],
  ] as const)('not %s', async (_what, line, from, expected) => {
    expect((await pushed({ inTurn: true, refuses: [line, from, 1], check: again })).attempts).toEqual(expected);
  });
});

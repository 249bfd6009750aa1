import { describe, expect, test } from 'vitest';
import { advise } from '../../../src/probe/advise/advise.ts';
import type { Known, KnownLimit } from '../../../src/probe/advise/known.ts';
import { imageOfSizes } from '../../../src/registry/image/stored-image.ts';

const MB = 1_000_000;

function known(changes: Partial<Known> = {}): Known {
  return { registry: 'gitea', path: 'edge', client: 'docker', tried: [], limits: [], ...changes };
}

function limit(changes: Partial<KnownLimit> = {}): KnownLimit {
  return {
    path: 'edge',
    client: 'docker',
    unit: 'bytes',
    conclusion: 'found',
    largestAccepted: 99 * MB,
    smallestRejected: 100 * MB,
    reason: 'body_too_large',
    answeredBy: 'cloudflare',
    ...changes,
  };
}

const limited = known({ limits: [limit()], tried: [{ sizeBytes: MB, ok: true }] });
const passed = (sizeBytes: number): Known['tried'][number] => ({ sizeBytes, ok: true });

function of(sizes: readonly number[], ...places: Known[]) {
  return advise([imageOfSizes('app', sizes)], places);
}

describe('sizes', () => {
  test.each<[string, readonly number[], Known, object]>([
    ['at the largest accepted', [99 * MB], limited, { verdict: 'passes', because: { kind: 'accepted' } }],
    ['in between', [MB, 99 * MB + 1], limited, { verdict: 'unknown', layer: 2, because: { kind: 'between' } }],
    [
      'at the smallest refused: the first such layer, and by whom',
      [MB, 100 * MB, 200 * MB],
      limited,
      {
        verdict: 'dies',
        layer: 2,
        layerBytes: 100 * MB,
        because: { kind: 'size', rejectedBytes: 100 * MB, acceptedBytes: 99 * MB, answeredBy: 'cloudflare' },
      },
    ],
    [
      'a layer that dies comes before one that is not known',
      [99 * MB + 1, 100 * MB],
      limited,
      { verdict: 'dies', layer: 2 },
    ],
    [
      'above all that was tried',
      [11 * MB],
      known({ tried: [passed(10 * MB)] }),
      { verdict: 'unknown', because: { kind: 'untried', acceptedBytes: 10 * MB } },
    ],
    [
      'searched up to more, without an end',
      [11 * MB],
      known({ limits: [limit({ conclusion: 'none-up-to', largestAccepted: 20 * MB, smallestRejected: undefined })] }),
      { verdict: 'passes', because: { kind: 'accepted', acceptedBytes: 20 * MB } },
    ],
    [
      'a refusal in words without a search',
      [11 * MB],
      known({ tried: [passed(MB), { sizeBytes: 10 * MB, ok: false, reason: 'body_too_large' }] }),
      { verdict: 'dies', because: { kind: 'size', reason: 'body_too_large' } },
    ],
    [
      'a cut is no proof of a limit on size',
      [11 * MB],
      known({ tried: [passed(MB), { sizeBytes: 10 * MB, ok: false, reason: 'connection_reset' }] }),
      { verdict: 'unknown', because: { kind: 'other_failure', reason: 'connection_reset' } },
    ],
    [
      'nothing gets through',
      [MB],
      known({ tried: [{ sizeBytes: MB, ok: false, reason: 'auth_rejected' }] }),
      { verdict: 'unknown', because: { kind: 'nothing_passes', reason: 'auth_rejected' } },
    ],
    [
      'even the smallest is refused for its size',
      [MB],
      known({ tried: [{ sizeBytes: 1_000, ok: false, reason: 'body_too_large' }] }),
      { verdict: 'dies', because: { kind: 'size' } },
    ],
    [
      'at times',
      [MB],
      known({ tried: [passed(MB), { sizeBytes: MB, ok: false, reason: 'connection_reset' }] }),
      { verdict: 'unknown', because: { kind: 'unsteady' } },
    ],
    [
      "another client's limit, when this one was not refused for size",
      [200 * MB],
      known({ client: 'crane', limits: [limit()], tried: [passed(MB)] }),
      { verdict: 'unknown', because: { kind: 'untried' } },
    ],
    [
      "another client's largest accepted",
      [11 * MB],
      known({
        client: 'crane',
        tried: [passed(MB)],
        limits: [limit({ conclusion: 'none-up-to', largestAccepted: 20 * MB, smallestRejected: undefined })],
      }),
      { verdict: 'unknown', because: { kind: 'untried', acceptedBytes: MB } },
    ],
    [
      'as many bytes as a time limit has seconds',
      [50],
      known({
        limits: [limit({ unit: 'seconds', largestAccepted: 55, conclusion: 'none-up-to' })],
        tried: [passed(1)],
      }),
      { verdict: 'unknown', because: { kind: 'untried', acceptedBytes: 1 } },
    ],
    [
      'the smaller of two that failed, which does not name the size',
      [11 * MB],
      known({
        tried: [
          passed(MB),
          { sizeBytes: 20 * MB, ok: false, reason: 'body_too_large' },
          { sizeBytes: 10 * MB, ok: false, reason: 'connection_reset' },
        ],
      }),
      { verdict: 'unknown', because: { kind: 'other_failure', rejectedBytes: 10 * MB, reason: 'connection_reset' } },
    ],
    [
      'nothing gets through any more, but something did: for what failed last',
      [MB],
      known({ tried: [passed(MB), { sizeBytes: 1_000, ok: false, reason: 'body_too_large' }] }),
      { verdict: 'unknown', because: { kind: 'unsteady', reason: 'body_too_large' } },
    ],
    [
      'what failed below what a search found, which does not name the size',
      [11 * MB],
      known({ limits: [limit()], tried: [passed(MB), { sizeBytes: 10 * MB, ok: false, reason: 'connection_reset' }] }),
      { verdict: 'unknown', because: { kind: 'other_failure', rejectedBytes: 10 * MB, reason: 'connection_reset' } },
    ],
    [
      'a search in which nothing got through, after a push that did',
      [MB],
      known({ limits: [limit({ largestAccepted: undefined, smallestRejected: MB })], tried: [passed(MB)] }),
      { verdict: 'unknown', because: { kind: 'unsteady' } },
    ],
    ['nothing was tried', [MB], known(), { verdict: 'unknown', layer: 1, because: { kind: 'untried' } }],
    ['no layers', [], limited, { verdict: 'passes', waysOut: [] }],
  ])('%s', (_what, sizes, place, wanted) => {
    expect(of(sizes, place)).toMatchObject([wanted]);
  });
});

test('an image without layers has none that is not known', () => {
  const [advice] = of([], known());
  expect([advice?.verdict, advice?.layer, advice?.layerBytes]).toEqual(['passes', undefined, undefined]);
  const [nothing] = of([], known({ tried: [{ sizeBytes: MB, ok: false, reason: 'auth_rejected' }] }));
  expect([nothing?.verdict, nothing?.layer, nothing?.layerBytes]).toEqual(['unknown', undefined, undefined]);
});

test('what gets through names no layer', () => {
  expect(of([99 * MB, MB], limited)).toEqual([
    {
      image: 'app',
      registry: 'gitea',
      path: 'edge',
      client: 'docker',
      verdict: 'passes',
      because: { kind: 'accepted', acceptedBytes: 99 * MB },
      waysOut: [],
    },
  ]);
});

test('of a client that is not known here nothing is guessed: as it lies, one layer at a time', () => {
  const image = { name: 'app', layers: [{ storedBytes: 9 * MB, compression: 'none' as const, gzipBytes: MB }] };
  const place = known({ client: 'of tomorrow', tried: [passed(5 * MB)] });
  expect(advise([image], [place])).toMatchObject([{ verdict: 'unknown', layerBytes: 9 * MB }]);
  const seconds = limit({ client: 'of tomorrow', unit: 'seconds', smallestRejected: 10 });
  const slow = { ...place, tried: [passed(9 * MB)], limits: [seconds], bytesPerSecond: MB };
  const twice = { name: 'app', layers: [...image.layers, ...image.layers] };
  expect(advise([twice], [slow])).toMatchObject([{ verdict: 'passes' }]);
  expect(advise([twice], [{ ...slow, limits: [{ ...seconds, smallestRejected: 9 }] }])).toMatchObject([
    { verdict: 'unknown', because: { kind: 'shared_time', neededSeconds: 9 } },
  ]);
});

describe('times', () => {
  const seconds = limit({ unit: 'seconds', largestAccepted: 55, smallestRejected: 60, reason: 'connection_reset' });
  const slow = known({ tried: [passed(40 * MB)], limits: [seconds], bytesPerSecond: MB });

  test('a layer that takes longer than what is cut, alone', () => {
    expect(of([70 * MB], slow)).toMatchObject([
      { verdict: 'dies', because: { kind: 'time', neededSeconds: 70, rejectedSeconds: 60 } },
    ]);
  });

  test.each([
    ['as long as what is cut, alone', [60 * MB], {}, 'dies'],
    ['shorter', [59 * MB], {}, 'unknown'],
    ['longer, and no rate was measured', [70 * MB], { bytesPerSecond: undefined }, 'unknown'],
    ['longer than what another client is cut at', [70 * MB], { limits: [{ ...seconds, client: 'crane' }] }, 'unknown'],
    [
      'longer than what was tried',
      [70 * MB],
      { limits: [limit({ unit: 'seconds', conclusion: 'none-up-to', smallestRejected: undefined })] },
      'unknown',
    ],
    [
      'longer than a search that came to nothing was cut at',
      [70 * MB],
      { limits: [{ ...seconds, conclusion: 'inconclusive' as const }] },
      'unknown',
    ],
    ['as long as what is cut, of a size that gets through', [60 * MB], { limits: [limit(), seconds] }, 'unknown'],
    ['as long as what is cut, together', [30 * MB, 30 * MB], {}, 'unknown'],
    ['shorter, together', [29 * MB, 29 * MB], {}, 'passes'],
    ['longer, together, and no rate was measured', [40 * MB, 40 * MB], { bytesPerSecond: undefined }, 'passes'],
    ['longer, together, and nothing is cut', [40 * MB, 40 * MB], { limits: [] }, 'passes'],
  ])('layers that take %s', (_what, sizes, changes, verdict) => {
    expect(of(sizes, { ...slow, ...changes })).toMatchObject([{ verdict }]);
  });

  test('layers that are quick enough one by one, and together may not be', () => {
    expect(of([40 * MB], slow)).toMatchObject([{ verdict: 'passes' }]);
    expect(of([40 * MB, 40 * MB], slow)).toMatchObject([
      { verdict: 'unknown', layer: 1, because: { kind: 'shared_time', neededSeconds: 80 } },
    ]);
  });

  test('what got through at this size is not said to die of its time', () => {
    expect(of([70 * MB], { ...slow, tried: [passed(70 * MB)] })).toMatchObject([{ verdict: 'unknown' }]);
  });

  test('no more layers share the line than the client sends at once', () => {
    const layers = Array.from({ length: 6 }, () => 11 * MB);
    expect(of(layers, slow)).toMatchObject([{ verdict: 'passes' }]);
    expect(
      of(
        layers,
        known({
          ...slow,
          client: 'docker-containerd@29.0',
          limits: [{ ...seconds, client: 'docker-containerd@29.0' }],
        }),
      ),
    ).toMatchObject([{ verdict: 'unknown', because: { kind: 'shared_time', neededSeconds: 66 } }]);
  });
});

describe('ways out', () => {
  test('the cheapest first: compression, another path, another client, smaller layers, the setting', () => {
    const image = {
      name: 'app',
      layers: [{ storedBytes: 505 * MB, compression: 'none' as const, gzipBytes: 50 * MB }],
    };
    const containerd = known({
      client: 'docker-containerd',
      limits: [limit({ client: 'docker-containerd' })],
      tried: [passed(MB)],
      setting: 'client_max_body_size 0;',
    });
    const inside = known({ path: 'inside', client: 'docker-containerd', tried: [passed(600 * MB)] });
    const [dies, classic] = advise([image], [containerd, limited, inside]);
    expect(dies).toMatchObject({ verdict: 'dies', layerBytes: 505 * MB });
    expect(dies?.waysOut).toEqual([
      { kind: 'compress', bytes: 50 * MB },
      { kind: 'path', what: 'inside' },
      { kind: 'client', what: 'docker' },
      { kind: 'split', bytes: 99 * MB },
      { kind: 'setting', what: 'client_max_body_size 0;' },
    ]);
    expect(classic).toMatchObject({ verdict: 'passes', waysOut: [] });
  });

  test('a path of another registry is none', () => {
    const elsewhere = known({ registry: 'harbor', path: 'other', tried: [passed(600 * MB)] });
    expect(of([200 * MB], limited, elsewhere)[0]?.waysOut).toEqual([{ kind: 'split', bytes: 99 * MB }]);
  });

  const plain = (gzipBytes: number) => ({
    name: 'app',
    layers: [{ storedBytes: 505 * MB, compression: 'none' as const, gzipBytes }],
  });
  const containerd = (changes: Partial<Known>) =>
    known({ client: 'docker-containerd', tried: [passed(MB)], ...changes });
  const ofContainerd = [limit({ client: 'docker-containerd' })];
  const kindsOf = (...args: Parameters<typeof advise>): string[] =>
    advise(...args).flatMap(({ waysOut }) => waysOut.map(({ kind }) => kind));

  test.each([
    ['no more than what is accepted', 99 * MB, { limits: ofContainerd }, ['compress', 'split']],
    ['more than what is accepted', 99 * MB + 1, { limits: ofContainerd }, ['split']],
    ['less, where nothing was refused', MB, {}, []],
  ])('what is packed is %s', (_what, gzipBytes, changes, kinds) => {
    expect(kindsOf([plain(gzipBytes)], [containerd(changes)])).toEqual(kinds);
  });

  test('between what is accepted and what is refused, smaller layers are one', () => {
    expect(of([99 * MB + 1], limited)[0]?.waysOut).toEqual([{ kind: 'split', bytes: 99 * MB }]);
  });

  test('against a limit on time, or where not even the smallest is accepted, neither is', () => {
    const seconds = limit({ unit: 'seconds', smallestRejected: 60, client: 'docker-containerd' });
    const slow = containerd({ limits: [seconds], bytesPerSecond: MB });
    expect(kindsOf([plain(MB)], [slow])).toEqual([]);
    const refused = containerd({ tried: [{ sizeBytes: MB, ok: false, reason: 'body_too_large' }] });
    expect(kindsOf([plain(2 * MB)], [refused])).toEqual([]);
  });
});

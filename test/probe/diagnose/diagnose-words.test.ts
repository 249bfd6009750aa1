import { describe, expect, test } from 'vitest';
import type { PathKind } from '../../../src/network/path.ts';
import { aloneOn, type Contrast } from '../../../src/probe/diagnose/contrast.ts';
import { diagnose, explain, explainAlone } from '../../../src/probe/diagnose/diagnose.ts';
import type { ManifestPut, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun, tooLarge, vanishingSegments } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const path = pathTo('https://registry.example', { name: 'public', kind: 'ingress' });
const within = pathTo('http://10.0.0.1', { name: 'inside', kind: 'internal' });

function around(changes: Partial<Contrast> = {}): Contrast {
  return { ...aloneOn(path, tooLarge), ...changes };
}

/** The sentence of evidence of one failure, behind what was done and what came of it. */
function evidenceOf(failure: Failure, changes: Partial<Contrast> = {}): string | undefined {
  return explain(failure, around(changes), 'docker, 1 MiB')?.evidence.join();
}

const ofLogin = fakeFailure('auth_rejected', {
  phase: 'auth',
  status: 401,
  answeredBy: 'registry',
  blame: 'auth_server',
});

describe('the evidence of a cause', () => {
  const refused = 'docker, 1 MiB: 413 from nginx (body_too_large) in send, after 0 ms';

  test.each<[string, Partial<Contrast>, string]>([
    ['nothing, where nothing was', {}, ''],
    ['got through', { direct: 'ok', directPath: 'inside' }, '; over inside the same push got through'],
    [
      'needed as long',
      { direct: 'slow', directPath: 'inside' },
      '; over inside it got through, and the registry needed about as long',
    ],
    ['failed in the same way', { direct: 'same', directPath: 'inside' }, '; over inside it failed the same way'],
    ['failed in another way', { direct: 'other', directPath: 'inside' }, '; over inside it failed in another way'],
  ])('what another path did with it: %s', (_what, changes, words) => {
    // A limit of nginx is its own, whatever another path does.
    expect(evidenceOf(tooLarge, changes)).toBe(`${refused}${words}`);
  });

  test('a pull is one', () => {
    const cut = fakeFailure('connection_reset', {
      phase: 'pull',
      answeredBy: 'registry',
      status: 200,
      evidence: { message: '', pulledBytes: 9, silentMs: 60_000 },
    });
    expect(evidenceOf(cut, { direct: 'ok', directPath: 'inside' })).toContain(
      '; over inside the same pull got through',
    );
  });

  test('what the other side says', () => {
    const page = { ...tooLarge, evidence: { message: '', body: '<h1>413 Request Entity Too Large</h1>' } };
    expect(evidenceOf(page)).toBe(`${refused}; it says “413 Request Entity Too Large”`);
  });

  test.each<[string, Partial<Failure['evidence']>, string]>([
    ['the challenge', { challenge: 'bearer realm="http://t/"' }, '; its challenge is bearer realm="http://t/"'],
    ['the times of a token', { tokenTimes: 'issued 5 s ago' }, '; the token was issued 5 s ago'],
    [
      'both',
      { challenge: 'basic', tokenTimes: 'issued 5 s ago' },
      '; its challenge is basic; the token was issued 5 s ago',
    ],
  ])('of a login: %s', (_what, evidence, words) => {
    const failure = { ...ofLogin, evidence: { message: '', ...evidence } };
    expect(evidenceOf(failure)).toBe(`docker, 1 MiB: 401 from registry (auth_rejected) in auth, after 0 ms${words}`);
  });

  test.each<[string, Partial<Failure['evidence']>, string]>([
    [
      'where a Location leads',
      { location: 'http://registry.example/x' },
      '; its Location is http://registry.example/x',
    ],
    [
      'where a redirect led',
      { redirectedFrom: 'https://registry.example/v2/', url: 'https://s.example/', location: 'http://a/' },
      '; https://registry.example/v2/ redirects to https://s.example/',
    ],
  ])('of an address: %s', (_what, evidence, words) => {
    expect(evidenceOf({ ...tooLarge, evidence: { message: '', ...evidence } })).toBe(`${refused}${words}`);
  });

  test('what the kernel knows of a body that got stuck', () => {
    const kernel = { ...vanishingSegments, ackedBytes: 0, unackedSegments: 1 };
    const stalled = fakeFailure('upload_stalled', { sentBytes: 9, evidence: { message: '', kernel } });
    expect(evidenceOf(stalled)).toContain('; the kernel sent a segment of 1448 bytes again 6 times');
  });
});

describe('where a cause sits', () => {
  const gateway = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    blame: 'ingress',
    phase: 'commit',
  });
  const late = fakeFailure('response_timeout', { phase: 'wait', sentBytes: 9 });
  const hops = (failure: Failure, changes: Partial<Contrast>): string[] => {
    const finding = explain(failure, around(changes), 'docker');
    return finding === undefined ? [] : [finding.cause, finding.hop];
  };

  test.each<[string, Failure, Partial<Contrast>, string, string]>([
    [
      'at the registry that needs as long elsewhere',
      { ...gateway, status: 504, reason: 'response_timeout' },
      { direct: 'slow', registryAnswered: true },
      'nginx_read_timeout',
      'registry_storage',
    ],
    [
      'at the registry for which one waits in vain everywhere',
      late,
      { direct: 'same' },
      'slow_commit',
      'registry_storage',
    ],
    [
      'at what stands in its path',
      fakeFailure('connect_refused', { phase: 'connect' }),
      { direct: 'ok', pathKind: 'loadbalancer' },
      'nothing_listens',
      'ingress',
    ],
  ])('%s', (_where, failure, changes, cause, hop) => {
    expect(hops(failure, changes)).toEqual([cause, hop]);
  });

  test.each<[PathKind, string]>([
    ['edge', 'edge'],
    ['ingress', 'ingress'],
    ['direct', 'ingress'],
  ])('what a first hop of a path of kind %s refuses: at the %s', (pathKind, hop) => {
    const refusal = fakeFailure('blocked_by_policy', {
      status: 403,
      phase: 'pull',
      answeredBy: 'squid',
      blame: 'client_network',
    });
    expect(hops(refusal, { pathKind, proven: new Set(['pullSize']) })).toEqual(['pull_size_refused', hop]);
  });

  const ofLogin = fakeFailure('origin_unreachable', { status: 502, phase: 'auth', blame: 'auth_server' });
  const minute = fakeFailure('request_timeout', { status: 504, blame: 'ingress', sentBytes: 9, elapsedMs: 60_100 });

  test.each<[string, Failure, Partial<Contrast>, string]>([
    [
      'a hop on the way to the token service',
      { ...ofLogin, answeredBy: 'nginx' },
      { registryAnswered: true },
      'ingress',
    ],
    ['a stranger on that way', { ...ofLogin, answeredBy: 'other' }, { registryAnswered: true }, 'auth_server'],
    [
      'a hop that points elsewhere',
      { ...ofLogin, answeredBy: 'nginx', blame: 'edge' },
      { registryAnswered: true },
      'edge',
    ],
    ['the registry, everywhere', { ...minute, answeredBy: 'registry' }, { direct: 'same' }, 'registry_app'],
    ['a hop, everywhere', { ...minute, answeredBy: 'other' }, { direct: 'same' }, 'ingress'],
    [
      'a hop behind a proxy that is connected to',
      { ...minute, answeredBy: 'other' },
      { throughProxy: true },
      'ingress',
    ],
    [
      'a hop that waits in vain, everywhere',
      { ...minute, answeredBy: 'other', reason: 'response_timeout' },
      { direct: 'same' },
      'registry_storage',
    ],
    [
      'a hop that waits in vain, here alone',
      { ...minute, answeredBy: 'other', reason: 'response_timeout' },
      { direct: 'ok' },
      'ingress',
    ],
  ])('what is said by %s', (_who, failure, changes, hop) => {
    expect(hops(failure, { pathKind: 'edge', ...changes })[1]).toBe(hop);
  });

  test('squid is the proxy that is connected to where there is one; else it stands before the registry', () => {
    const squid = fakeFailure('body_too_large', {
      status: 413,
      answeredBy: 'squid',
      blame: 'ingress',
      sentBytes: 9,
      evidence: { message: '', headers: { 'x-squid-error': 'ERR_TOO_BIG 0' } },
    });
    expect(hops(squid, { throughProxy: true })[1]).toBe('client_network');
    expect(hops(squid, { throughProxy: false })[1]).toBe('ingress');
    expect(hops(tooLarge, { throughProxy: true })[1]).toBe('ingress');
  });
});

test('what no row explains has no finding; what one report names is believed', () => {
  const cut = fakeFailure('connection_reset', { sentBytes: 9 });
  expect(explain(cut, around(), 'docker')).toBeUndefined();
  expect(explainAlone(cut, around(), 'docker')).toEqual([]);
  const refused = fakeFailure('connect_timeout', { phase: 'connect' });
  const [named, ...others] = explainAlone(refused, around(), 'a line', 'no_way_there');
  expect([named?.cause, named?.confidence, named?.evidence, others]).toEqual([
    'no_way_there',
    'likely',
    ['a line: connect_timeout, no answer in connect, after 0 ms'],
    [],
  ]);
});

describe('a diagnosis', () => {
  const reset = fakeFailure('connection_reset', { sentBytes: 1_000_000 });
  const failing = (failure: Failure, changes: Parameters<typeof trialOf>[0] = {}): Trial =>
    trialOf({ ...changes, failure });
  const through = trialOf();
  const what = 'docker, 977 KiB';

  test('lists what no cause explains, with what the registry holds and what was said', () => {
    const alone = { path, trials: [failing(reset, { run: { heldBytes: 512_000 } })] };
    expect(diagnose({ subject: alone }).unexplained).toEqual([
      `${what}: connection_reset, no answer in send, after 977 KiB and 0 ms; the registry holds 500 KiB of it`,
    ]);
    const said = fakeFailure('unexpected_response', {
      status: 404,
      phase: 'wait',
      answeredBy: 'registry',
      evidence: { message: '', body: 'gone' },
    });
    const [words] = diagnose({ subject: { path, trials: [through, failing(said)] } }).unexplained;
    expect(words).toBe(`${what}: 404 from registry (unexpected_response) in wait, after 0 ms; it says “gone”`);
  });

  test('says of what did not come again that it did not, in the words of who said it', () => {
    const away = fakeFailure('origin_unreachable', {
      status: 502,
      answeredBy: 'nginx',
      phase: 'start',
      evidence: { message: '', body: 'Bad Gateway' },
    });
    const { unexplained } = diagnose({ subject: { path, trials: [failing(away), trialOf({ kind: 'repeat' })] } });
    expect(unexplained).toEqual([
      `${what}: 502 from nginx (origin_unreachable) in start, after 0 ms; it says “Bad Gateway”; it did not come again`,
    ]);
  });

  test('is healthy but for what a client gets over by itself', () => {
    const once = failing(reset, { clientSendsAgain: true });
    const { kind, why } = diagnose({ subject: { path, trials: [once, through, through, through] } });
    expect([kind, why]).toEqual([
      'healthy',
      `everything that was tried over public got through, but for one push of 4 that was cut (${what}: connection_reset, no answer in send, after 977 KiB and 0 ms), and docker sends such a request again by itself`,
    ]);
  });

  test('tells facts in order: what was done, speed, somebody else beside a push, rules of other clients', () => {
    const rule = fakeFailure('client_refused_realm', {
      phase: 'auth',
      evidence: { message: 'the realm is elsewhere' },
    });
    const another = failing(rule);
    const skopeo = { ...another, run: { ...another.run, check: fakeCheck('gitea', 'ingress', 'skopeo', 'blob') } };
    const [slow, fast] = [1_000, 4_000].map((pushBytesPerSecond) => trialOf({ run: { pushBytesPerSecond } })) as [
      Trial,
      Trial,
    ];
    const { facts } = diagnose({
      subject: { path, trials: [slow, skopeo] },
      direct: { path: within, trials: [fast] },
      neighbour: { sizeBytes: 1_024, sentBytes: 7, facts: { idleMs: 1, loadedMs: 2, asked: 1, unanswered: 0 } },
    });
    expect(facts.map((fact) => fact.slice(0, 24))).toEqual([
      'public: docker, 977 KiB:',
      'public: skopeo, 977 KiB:',
      'inside: docker, 977 KiB:',
      'public: 1000 B/s at best',
      'GET /v2/ of somebody els',
      'skopeo, 977 KiB: this cl',
    ]);
    expect(facts.at(-1)).toBe('skopeo, 977 KiB: this client cannot push here: the realm is elsewhere');
  });

  test('judges by the words of the registry, where a hop puts its own in their place, and says whose they are', () => {
    const page = fakeFailure('method_not_allowed', { status: 405, answeredBy: 'nginx', phase: 'start' });
    const message = 'the system is in read only mode';
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
    const words: Failure = { ...page, answeredBy: 'registry', evidence: { message: '', body } };
    const of = (here: Failure, there: Failure): string | undefined =>
      diagnose({
        subject: { path, trials: [failing(here), failing(here)] },
        direct: { path: within, trials: [failing(there), failing(there)] },
      }).findings[0]?.evidence[0];
    expect(of(page, words)).toMatch(
      /405 from nginx .*; there the registry says “DENIED: the system is in read only mode”$/,
    );
    expect(of(words, words)).toMatch(/405 from registry .*; it says “DENIED: the system is in read only mode”$/);
  });

  test('counts all bytes that were sent for it', () => {
    const sent = trialOf({ run: { sentBytes: 10 } });
    const neighbour = { sizeBytes: 1_024, sentBytes: 7 };
    expect(diagnose({ subject: { path, trials: [sent, sent] }, neighbour }).bytesSpent).toBe(27);
  });
});

describe('what is judged beside pushes of blobs', () => {
  const image = fakeCheck('gitea', 'ingress', 'docker', 'image');
  const untagged = { ...image, workload: { ...image.workload, kind: 'image', untagged: { timesNamed: 1 } } } as const;
  const put = (way: ManifestPut['way'], failure?: Failure): ManifestPut => ({
    way,
    run: fakeRun({ ...untagged, path: way === 'direct' ? within : path }, failure),
  });
  const gateway = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    blame: 'ingress',
    phase: 'commit',
    evidence: { message: '', body: 'Bad Gateway' },
  });
  const ofManifest: Failure = { ...gateway, blob: 'manifest' };
  const through = trialOf();
  const what = 'docker, the manifest of an image of one layer (docker’s schema 2)';
  const said = '502 from nginx (origin_unreachable) in commit, after 0 ms; it says “Bad Gateway”';

  test('a manifest that failed once and was taken the next time is told, and blames nobody', () => {
    const { findings, unexplained } = diagnose({
      subject: { path, trials: [through] },
      manifests: [put('usual', ofManifest), put('usual'), put('usual')],
    });
    expect([findings, unexplained]).toEqual([[], [`${what}: ${said}; it did not come again`]]);
  });

  test('one that fails each time is a finding', () => {
    const manifests = [put('usual', ofManifest), put('usual', ofManifest), put('direct'), put('direct')];
    const { findings, unexplained } = diagnose({ subject: { path, trials: [through] }, manifests });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.evidence[0]).toContain(`${what}: 502 from nginx`);
    expect(unexplained).toEqual([]);
  });

  test('what explains the pushes of blobs as well is no news', () => {
    const layer: Failure = { ...gateway, blob: 'layer-1', phase: 'start' };
    const manifests = [put('usual', layer), put('usual', layer)];
    const failing = trialOf({ failure: { ...gateway, phase: 'start' } });
    const evidence = (trials: readonly Trial[]): string =>
      diagnose({ subject: { path, trials }, manifests })
        .findings.flatMap((one) => one.evidence)
        .join();
    expect(evidence([failing, failing])).not.toContain('of an image');
    expect(evidence([through])).toContain('of an image');
  });

  test('where the registry is away, nothing is said of manifests', () => {
    const refused = fakeFailure('connect_refused', { phase: 'connect' });
    const dead = (): Trial[] => [trialOf({ kind: 'small' }), trialOf({ kind: 'again', failure: refused })];
    const { findings } = diagnose({
      subject: { path, trials: dead() },
      direct: { path: within, trials: dead() },
      manifests: [put('usual', ofManifest), put('usual', ofManifest)],
    });
    expect(findings.map(({ cause }) => cause)).toEqual(['registry_down']);
    expect(findings[0]?.evidence.join()).not.toContain('manifest');
  });

  const pulled = (outcomes: readonly (Failure | undefined)[], sizes: readonly number[]) => ({
    runs: outcomes.map((failure, index) => {
      const check = fakeCheck('gitea', 'ingress', 'docker', 'blob');
      return fakeRun({ ...check, path, workload: { ...check.workload, layerBytes: [sizes[index]!] } }, failure);
    }),
    directRuns: [],
  });
  const kept = fakeFailure('blocked_by_policy', { phase: 'pull', status: 403, answeredBy: 'nginx', blame: 'ingress' });

  test('a pull that did not come back the first time is a finding or is listed', () => {
    const cut = fakeFailure('connection_reset', {
      phase: 'pull',
      answeredBy: 'registry',
      status: 200,
      elapsedMs: 900,
      evidence: { message: '', pulledBytes: 9_000_000 },
    });
    const { findings } = diagnose({ subject: { path, trials: [through] }, pulled: pulled([cut], [9_000_001]) });
    expect(findings.map(({ cause }) => cause)).toEqual(['pull_cut']);
    const odd = fakeFailure('unexpected_response', { phase: 'pull', status: 404, answeredBy: 'registry' });
    const { unexplained } = diagnose({ subject: { path, trials: [through] }, pulled: pulled([odd], [2 ** 20]) });
    expect(unexplained).toEqual([
      'docker, 1 MiB pulled back: 404 from registry (unexpected_response) in pull, after 0 ms',
    ]);
  });

  test.each<[string, Partial<Failure>, boolean]>([
    ['as its pull is refused', {}, true],
    ['with another status', { status: 451 }, false],
    ['by another hop', { answeredBy: 'haproxy' }, false],
    ['before it is verified', { phase: 'start' }, false],
  ])('a push that is refused %s, for its size, is that refusal', (_how, changes, isThat) => {
    const large = 2 ** 20;
    const back = pulled([kept, kept, undefined, undefined, kept], [large, large, 1_024, 1_024, large]);
    const failure: Failure = { ...kept, phase: 'verify', evidence: { message: '', method: 'HEAD' }, ...changes };
    const { findings } = diagnose({ subject: { path, trials: [through, trialOf({ failure })] }, pulled: back });
    const found = findings.find(({ cause }) => cause === 'pull_size_refused');
    expect(found?.confidence).toBe('likely');
    expect(found?.evidence.some((words) => words.includes('977 KiB:'))).toBe(isThat);
  });

  test('a push that cannot be verified, where nothing was pulled back, is refused for no size', () => {
    const failure: Failure = { ...kept, phase: 'verify' };
    const { findings } = diagnose({ subject: { path, trials: [through, trialOf({ failure })] } });
    expect(findings.map(({ cause }) => cause)).not.toContain('pull_size_refused');
  });

  test('a pull that came back when it was made again has no cause, whoever refused it', () => {
    const gateway = fakeFailure('origin_unreachable', { phase: 'pull', status: 502, answeredBy: 'nginx' });
    const told = (...outcomes: readonly (Failure | undefined)[]) =>
      diagnose({ subject: { path, trials: [through] }, pulled: pulled(outcomes, [2 ** 20, 2 ** 20]) });
    expect(told(gateway, undefined)).toMatchObject({
      kind: 'inconclusive',
      findings: [],
      unexplained: [expect.stringMatching(/^docker, 1 MiB pulled back: 502 from nginx .*; it did not come again$/)],
    });
    expect(told(gateway, gateway).unexplained.join()).not.toContain('did not come again');
  });

  test('an endpoint that fails is judged as a push is', () => {
    const failure = fakeFailure('connect_refused', { phase: 'connect' });
    const down = { up: false, failure } as const;
    const api = { registry: 'r', path: 'public', endpoints: { ping: down, auth: down, catalog: down, tags: down } };
    const { findings } = diagnose({ subject: { path, trials: [], api } });
    expect(findings.map(({ cause }) => cause)).toEqual(['nothing_answers']);
  });
});

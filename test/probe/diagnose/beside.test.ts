import { describe, expect, test } from 'vitest';
import { type ClientName, clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { contrastOf } from '../../../src/probe/diagnose/contrast.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { observedOf } from '../../../src/probe/diagnose/observed.ts';
import type { Examined, Trial } from '../../../src/probe/diagnose/trial.ts';
import { hostSides, onlyOtherHostFails } from '../../../src/probe/diagnose/written-host.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeRun } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';

const path = pathTo('https://registry.example', { name: 'public', kind: 'ingress' });
const within = pathTo('http://10.0.0.1:5000', { name: 'direct', kind: 'internal' });

function failed({ evidence, ...changes }: Partial<Omit<Failure, 'evidence'>> & { evidence?: object }): Failure {
  return {
    reason: 'origin_unreachable',
    phase: 'send',
    answeredBy: 'none',
    blame: 'unknown',
    sentBytes: 0,
    elapsedMs: 20,
    blob: 'blob',
    ...changes,
    evidence: { message: 'said so', ...evidence },
  };
}

function request(changes: Partial<RequestRecord>): RequestRecord {
  return {
    phase: 'start',
    method: 'GET',
    url: 'https://registry.example/v2/',
    startMs: 0,
    durationMs: 5,
    plannedBytes: 0,
    sentBytes: 0,
    framing: 'none',
    status: 200,
    responseHeaders: {},
    responseBytes: 0,
    early: false,
    socketReused: false,
    ...changes,
  };
}

interface Pushed {
  readonly kind?: Trial['kind'];
  readonly client?: ClientName;
  readonly sizeBytes?: number;
  readonly failure?: Failure;
  readonly requests?: readonly RequestRecord[];
  readonly durationMs?: number;
  readonly tainted?: boolean;
}

function pushed({
  kind = 'small',
  client = 'docker',
  sizeBytes = 1_000,
  failure,
  requests = [],
  durationMs = 50,
  tainted = false,
}: Pushed): Trial {
  const attempt = {
    blob: 'blob',
    number: 1,
    startMs: 0,
    durationMs,
    waitedMs: 0,
    phaseMs: {},
    sentBytes: 0,
    acknowledgedBytes: 0,
    pulledBytes: 0,
    resends: 0,
    fellBack: false,
    requests,
  };
  const check = { ...fakeCheck('main', 'public', client, 'large'), client: clientProfiles[client] };
  const run = { ...fakeRun({ ...check, path }, failure), durationMs, tainted, attempts: [attempt] };
  return { kind, shape: clientProfiles[client].shape, sizeBytes, run };
}

const over = (...pushes: readonly Pushed[]): Examined => ({ path, trials: pushes.map(pushed) });
const directly = (...pushes: readonly Pushed[]): Examined => ({ path: within, trials: pushes.map(pushed) });

describe('another client, tried beside the one in question', () => {
  const unasked = failed({
    reason: 'auth_rejected',
    phase: 'auth',
    status: 401,
    answeredBy: 'nginx',
    blame: 'auth_server',
    evidence: { authProblem: 'ping_asked_nothing' },
  });

  test('that stops by a rule of its own is a fact', () => {
    const subject = over({ client: 'docker-containerd' }, { kind: 'shape', client: 'docker', failure: unasked });
    const { kind, facts } = diagnose({ subject });
    expect(kind).toBe('healthy');
    expect(facts.filter((fact) => /^docker, .*: this client cannot push here: said so$/.test(fact))).toHaveLength(1);
  });

  test('is the one in question: then it is a fault', () => {
    const logged = pushed({ failure: unasked });
    const { registry } = logged.run.check;
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
    const run = { ...logged.run, check: { ...logged.run.check, registry: { ...registry, credentials } } };
    const { findings } = diagnose({ subject: { path, trials: [{ ...logged, run }] } });
    expect(findings.map(({ cause, confidence }) => [cause, confidence])).toEqual([['login_not_asked', 'certain']]);
  });

  test('that sends without a length says nothing of a limit on declared lengths', () => {
    const large = failed({
      reason: 'body_too_large',
      status: 413,
      answeredBy: 'haproxy',
      blame: 'ingress',
      sentBytes: 9,
    });
    const subject = over(
      { client: 'docker-containerd' },
      { kind: 'full', client: 'docker-containerd', sizeBytes: 8_000_000, failure: large },
      { kind: 'shape', client: 'docker', sizeBytes: 8_000_000 },
    );
    expect(diagnose({ subject }).findings.map(({ cause }) => cause)).toEqual(['haproxy_body_limit']);
    const same = { path, trials: [...subject.trials, pushed({ client: 'docker-containerd', sizeBytes: 9_000_000 })] };
    expect(diagnose({ subject: same }).findings).toEqual([]);
  });
});

describe('a hop that passes requests on and refuses others', () => {
  const refusal = { status: 503, responseHeaders: {} };
  const withPort = 'https://registry.example:443/v2/team/probe/blobs/uploads/1';
  const failure = failed({ status: 503, answeredBy: 'haproxy', blame: 'ingress', evidence: { url: withPort } });

  test('by the host as the Location writes it', () => {
    const requests = [
      request({ status: 200 }),
      request({ method: 'POST', status: 202 }),
      request({ method: 'PATCH', phase: 'send', url: withPort, plannedBytes: 9, ...refusal }),
    ];
    const subject = over({ failure, requests });
    expect(onlyOtherHostFails(failure, subject)).toBe(true);
    // One that was cut says nothing of the host; where none was answered, nothing does.
    const cut = request({ method: 'PATCH', url: withPort, status: undefined });
    expect(onlyOtherHostFails(failure, over({ failure, requests: [...requests, cut] }))).toBe(true);
    expect(onlyOtherHostFails(failure, over({ failure, requests: [...requests.slice(0, 2), cut] }))).toBe(false);
    expect(hostSides(failure, subject)).toEqual({ failed: 0, passed: 0 });
    const { findings } = diagnose({ subject });
    expect(findings.map(({ cause, confidence }) => [cause, confidence])).toEqual([
      ['host_with_port_unknown', 'likely'],
    ]);
    const bare = request({ url: withPort, ...refusal });
    expect(hostSides(failure, over({ failure, requests: [...requests, bare, bare] }))).toEqual({
      failed: 2,
      passed: 1,
    });
  });

  test('whose name is not shown, because a secret is part of it', () => {
    const hidden = (url: string): string => url.replace('registry.', '[redacted].');
    const url = hidden(withPort);
    const requests = [request({ url: hidden('https://registry.example/v2/') }), request({ url, ...refusal })];
    const alike = { ...failure, evidence: { ...failure.evidence, url } };
    expect(onlyOtherHostFails(alike, over({ failure: alike, requests }))).toBe(true);
  });

  test.each([
    ['one with that host got through', [request({}), request({ url: withPort })]],
    ['those with the host of the URL fail as well', [request(refusal), request({ url: withPort, ...refusal })]],
  ])('not when %s', (_what, requests) => {
    expect(onlyOtherHostFails(failure, over({ failure, requests }))).toBe(false);
  });

  test('at times: the same request fails, gets through and fails again, and no other; one outage is none', () => {
    const turns = (...requests: RequestRecord[]): boolean => observedOf(over({ requests })).byTurns;
    const head = 'https://registry.example/v2/team/probe/blobs/sha256:';
    const good = request({ method: 'HEAD', url: `${head}00` });
    const bad = request({ method: 'HEAD', url: `${head}11`, ...refusal });
    expect(turns(bad, good, bad)).toBe(true);
    expect([turns(good, bad), turns(good, bad, bad), turns(good, bad, bad, good)]).toEqual([false, false, false]);
    expect(turns(bad, request({ url: 'https://registry.example/token' }), bad)).toBe(false);
    expect(
      turns(bad, request({ method: 'HEAD', url: `https://registry.example:443/v2/team/probe/blobs/sha256:00` }), bad),
    ).toBe(false);
  });
});

describe('one address of several', () => {
  const waited = (ms: number, code: string): RequestRecord =>
    request({
      tried: [
        { address: '10.9.0.2', ms, code },
        { address: '10.9.0.3', ms: 1 },
      ],
      remoteAddress: '10.9.0.3',
    });
  const dead = waited(15_000, 'ETIMEDOUT');
  const found = (...requests: RequestRecord[]): (string | undefined)[] =>
    diagnose({ subject: over({ requests }) }).findings.map(({ cause, confidence }) => `${cause} ${confidence}`);

  test('that never answers costs each connection seconds', () => {
    const { findings } = diagnose({ subject: over({ requests: [dead, dead] }) });
    expect(findings).toMatchObject([{ cause: 'address_dead', hop: 'dns', confidence: 'certain' }]);
    expect(findings[0]?.evidence).toEqual(['10.9.0.2 gave no answer to 2 connections, 15 s each; 10.9.0.3 took them']);
  });

  test('that answers at times is not known to be dead', () => {
    expect(found(dead, dead, request({ remoteAddress: '10.9.0.2' }))).toEqual(['address_dead likely']);
  });

  test('that was silent once, or refuses at once, is no fault', () => {
    expect(found(dead)).toEqual([]);
    const refusing = waited(1, 'ECONNREFUSED');
    expect(found(refusing, refusing)).toEqual([]);
  });
});

describe('a push that our own deadline ended', () => {
  const opened = [request({ method: 'POST', status: 202 })];
  const hanging: Pushed = {
    failure: failed({ reason: 'deadline', phase: 'wait', sentBytes: 1_000, elapsedMs: 30_000 }),
    requests: opened,
    durationMs: 30_000,
  };

  test('is stuck on this path when it gets through over another in a fraction of the time', () => {
    const { kind, findings, unexplained } = diagnose({ subject: over(hanging), direct: directly({ durationMs: 100 }) });
    expect([kind, unexplained]).toEqual(['fault', []]);
    expect(findings).toMatchObject([{ cause: 'stalled', hop: 'ingress', confidence: 'likely' }]);
  });

  test('is not answered on this path, when not even a session was opened', () => {
    const failure = failed({ reason: 'deadline', phase: 'auth', elapsedMs: 30_000 });
    const subject = over({ failure, durationMs: 30_000 });
    const { findings } = diagnose({ subject, direct: directly({ durationMs: 100 }) });
    expect(findings.map(({ cause }) => cause)).toEqual(['no_answer_here']);
  });

  test.each([
    ['there is no other path', undefined],
    ['the other path is slow as well', directly({ durationMs: 10_000 })],
    ['the other path fails', directly({ failure: failed({ reason: 'deadline' }) })],
  ])('blames nobody when %s', (_what, direct) => {
    const { kind, findings } = diagnose({ subject: over(hanging), ...(direct && { direct }) });
    expect([kind, findings]).toEqual(['inconclusive', []]);
  });
});

test('a push through a forward proxy is known as one', () => {
  const failure = failed({ status: 413 });
  const symptom = { failure, what: 'docker' };
  const proxied = { ...path, proxy: { host: '127.0.0.1', port: 3128 } };
  expect(contrastOf(symptom, { subject: { path: proxied, trials: [] } }).throughProxy).toBe(true);
  expect(contrastOf(symptom, { subject: { path, trials: [] } }).throughProxy).toBe(false);
});

describe('what proves that the registry fails everywhere', () => {
  const failing = failed({
    reason: 'registry_error',
    phase: 'wait',
    status: 500,
    answeredBy: 'registry',
    sentBytes: 9,
  });
  const twice = (push: Pushed): readonly Pushed[] => [push, { ...push, kind: 'repeat' }];
  const found = (here: Pushed, there: Pushed): string[] =>
    diagnose({ subject: over(...twice(here)), direct: directly(...twice(there)) }).findings.map(
      ({ cause, confidence }) => `${cause} ${confidence}`,
    );

  test('the same failure, twice over each path', () => {
    expect(found({ failure: failing }, { failure: failing })).toEqual(['storage_failing certain']);
  });

  test('not another failure of the same family, and none of a process that was too busy', () => {
    const broken = failed({ reason: 'connection_reset', phase: 'wait', sentBytes: 9 });
    expect(found({ failure: failing }, { failure: broken })).toEqual(['storage_failing likely']);
    expect(found({ failure: failing }, { failure: failing, tainted: true })).toEqual(['storage_failing likely']);
    expect(found({ failure: failing, tainted: true }, { failure: failing })).toEqual(['storage_failing likely']);
  });
});

test('a page of maintenance explains the answers without words as well', () => {
  const page = failed({ status: 503, answeredBy: 'nginx', evidence: { body: '<h1>Closed for maintenance</h1>' } });
  const head = failed({ status: 503, answeredBy: 'nginx', phase: 'verify' });
  const { findings } = diagnose({ subject: over({ failure: page }, { failure: head }) });
  expect(findings.map(({ cause, confidence }) => [cause, confidence])).toEqual([['hop_in_maintenance', 'certain']]);
});

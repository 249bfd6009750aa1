import { expect, test } from 'vitest';
import type { ApiReport, EndpointState } from '../../../src/probe/diagnose/api-check.ts';
import { isOfRegistry, isPing, isPortal, lastTokenAge, observedOf } from '../../../src/probe/diagnose/observed.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { attempt, requestRecord, successfulRun } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const lost = fakeFailure('connection_reset');

/** A request that nobody is known to have answered. */
function request(changes: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({ responseHeaders: {}, plannedBytes: 0, ...changes });
}

/** A push that failed, and its requests. */
function pushOf(requests: readonly RequestRecord[], failure: Failure = lost): Trial {
  return trialOf({ failure, run: { attempts: [attempt({ requests })] } });
}

function seenBy(requests: readonly RequestRecord[], failure?: Failure) {
  return observedOf({ trials: [pushOf(requests, failure)] });
}

/** All four endpoints are down but for what `states` says. */
function api(states: Partial<ApiReport['endpoints']>): ApiReport {
  const down: EndpointState = { up: false, failure: lost };
  return {
    registry: 'gitea',
    path: 'direct',
    endpoints: { ping: down, auth: down, catalog: down, tags: down, ...states },
  };
}

test('a path on which nothing was tried shows nothing', () => {
  expect(observedOf({ trials: [] })).toEqual({
    registryAnswered: false,
    unmarked: false,
    sessionOpened: false,
    sessionTaken: false,
    rangeNotSaid: false,
    tokenServed: false,
    pingAsks: false,
    loginWorks: false,
    portal: false,
    pagedPushes: false,
    pingMissing: false,
    maintenance: false,
    everything404: false,
    crossedCloudflare: false,
    crossedSquid: false,
    plainBehind: false,
    byTurns: false,
    fullSegmentCame: false,
    oldestTokenMs: 0,
    youngestRefusedMs: Number.POSITIVE_INFINITY,
  });
});

test('a push that got through was answered by the registry, opened a session, and was let in', () => {
  expect(observedOf({ trials: [trialOf()] })).toMatchObject({
    registryAnswered: true,
    unmarked: false,
    sessionOpened: true,
    sessionTaken: false,
    loginWorks: true,
    everything404: false,
  });
});

test.each(['docker-distribution-api-version', 'docker-upload-uuid', 'docker-content-digest', 'range'])(
  'an answer with %s is the registry’s',
  (name) => {
    const marked = request({ status: 500, responseHeaders: { [name]: '' } });
    expect(isOfRegistry(marked)).toBe(true);
    expect(seenBy([marked])).toMatchObject({ registryAnswered: true, unmarked: false });
    expect(isOfRegistry({ ...marked, status: undefined })).toBe(false);
  },
);

test('an answer without a mark is nobody’s; where there is none, nothing is unmarked', () => {
  expect(seenBy([request({ status: 200 })])).toMatchObject({ registryAnswered: false, unmarked: true });
  expect(seenBy([request({ status: undefined })])).toMatchObject({ registryAnswered: false, unmarked: false });
  const said = fakeFailure('registry_error', { status: 500, answeredBy: 'registry' });
  expect(seenBy([request({ status: 500 })], said)).toMatchObject({ registryAnswered: true, unmarked: false });
});

test.each<[string, Partial<ApiReport['endpoints']>, boolean]>([
  ['the login is taken', { auth: { up: true } }, true],
  ['the ping is answered', { ping: { up: true } }, true],
  ['the ping asks for a login, whoever does', { ping: { up: true, note: 'asks for a login' } }, false],
  ['only lists are answered', { catalog: { up: true }, tags: { up: true } }, false],
  ['nothing is', {}, false],
])('of the endpoints: %s', (_what, states, answered) => {
  expect(observedOf({ trials: [], api: api(states) }).registryAnswered).toBe(answered);
});

test.each<[string, Partial<RequestRecord>, boolean]>([
  ['POST, 202', { method: 'POST', status: 202 }, true],
  ['POST, 201', { method: 'POST', status: 201 }, false],
  ['PATCH, 202', { method: 'PATCH', status: 202 }, false],
])('an upload session is opened by %s: %j: %s', (_what, changes, opened) => {
  expect(seenBy([request(changes)]).sessionOpened).toBe(opened);
});

test.each<[Partial<RequestRecord>, boolean]>([
  [{ phase: 'send', status: 202 }, true],
  [{ phase: 'commit', status: 201 }, true],
  [{ phase: 'send', status: 299 }, true],
  [{ phase: 'send', status: 300 }, false],
  [{ phase: 'commit', status: undefined }, false],
  [{ phase: 'start', status: 202 }, false],
])('a session is taken with %j: %s', (changes, taken) => {
  expect(seenBy([request(changes)]).sessionTaken).toBe(taken);
});

test.each<[Partial<RequestRecord>, boolean]>([
  [{ phase: 'start', status: 202 }, true],
  [{ phase: 'start', status: 299 }, true],
  [{ phase: 'start', status: 300 }, false],
  [{ phase: 'start', status: undefined }, false],
  [{ phase: 'send', status: 202 }, false],
])('a login is let in with %j: %s', (changes, works) => {
  expect(seenBy([request(changes)]).loginWorks).toBe(works);
});

test.each<[string, Partial<RequestRecord>, boolean]>([
  ['a PATCH without Range', {}, true],
  ['one with it', { responseHeaders: { range: '0-8' } }, false],
  ['one without a body', { plannedBytes: 0 }, false],
  ['another status', { status: 201 }, false],
  ['another method', { method: 'PUT' }, false],
])('Range is not said of an upload that got through: %s: %j: %s', (_what, changes, notSaid) => {
  const one = request({ method: 'PATCH', status: 202, plannedBytes: 9, ...changes });
  const through = trialOf({ run: { attempts: [attempt({ requests: [one] })] } });
  expect(observedOf({ trials: [through] }).rangeNotSaid).toBe(notSaid);
  const among = trialOf({ run: { attempts: [attempt({ requests: [request(), one] })] } });
  expect(observedOf({ trials: [among] }).rangeNotSaid).toBe(notSaid);
  expect(seenBy([one]).rangeNotSaid).toBe(false);
});

const ping = 'http://registry.example/v2/';
const token = 'http://tokens.example/token?service=r';

test.each<[Partial<RequestRecord>, boolean]>([
  [{ phase: 'auth', url: token, status: 200 }, true],
  [{ phase: 'auth', url: token, status: 201 }, false],
  [{ phase: 'auth', url: ping, status: 200 }, false],
  [{ phase: 'start', url: token, status: 200 }, false],
])('a token is served by %j: %s', (changes, served) => {
  expect(seenBy([request(changes)]).tokenServed).toBe(served);
});

test.each([
  [ping, true],
  [`${ping}?ns=docker.io`, true],
  [`${ping}team/probe/blobs/uploads/`, false],
  ['http://registry.example/v2', false],
  [undefined, false],
])('GET /v2/ is %s: %s', (url, expected) => {
  expect(isPing({ url })).toBe(expected);
});

test('GET /v2/ asks for a login, or is missing, by its own answer and no other’s', () => {
  const other = `${ping}team/probe/blobs/uploads/`;
  expect(seenBy([request({ url: ping, status: 401 })])).toMatchObject({ pingAsks: true, pingMissing: false });
  expect(seenBy([request({ url: ping, status: 404 })])).toMatchObject({ pingAsks: false, pingMissing: true });
  for (const status of [401, 404])
    expect(seenBy([request({ url: other, status })])).toMatchObject({ pingAsks: false, pingMissing: false });
  const missing: EndpointState = { up: false, failure: fakeFailure('unexpected_response', { status: 404 }) };
  expect(observedOf({ trials: [], api: api({ ping: missing }) }).pingMissing).toBe(true);
  expect(observedOf({ trials: [], api: api({ catalog: missing }) }).pingMissing).toBe(false);
});

const page = { message: '', headers: { 'content-type': 'text/html; charset=utf-8' } };

test.each<[string, Partial<Failure>, boolean]>([
  ['success as HTML', { status: 200, answeredBy: 'nginx', evidence: page }, true],
  [
    'its body begins so',
    { status: 299, answeredBy: 'other', evidence: { message: '', body: '<!DOCTYPE html>' } },
    true,
  ],
  ['without a doctype', { status: 200, answeredBy: 'other', evidence: { message: '', body: '<html>' } }, true],
  ['HTML later on', { status: 200, answeredBy: 'other', evidence: { message: '', body: 'x<html>' } }, false],
  [
    'another type',
    { status: 200, answeredBy: 'other', evidence: { message: '', headers: { 'content-type': 'a/text/html' } } },
    false,
  ],
  ['a redirect', { status: 300, answeredBy: 'nginx', evidence: page }, false],
  ['no answer', { evidence: page }, false],
  ['the registry’s', { status: 200, answeredBy: 'registry', evidence: page }, false],
])('a page for people in the place of the API: %s: %j: %s', (_what, changes, expected) => {
  const failure = fakeFailure('unexpected_response', changes);
  expect(isPortal(failure)).toBe(expected);
  expect(seenBy([], failure).portal).toBe(expected);
  expect(observedOf({ trials: [], api: api({ ping: { up: false, failure } }) }).portal).toBe(expected);
});

test.each<[string, Partial<Failure>, boolean]>([
  ['in send', { phase: 'send' }, true],
  ['in auth', { phase: 'auth' }, true],
  ['in verify', { phase: 'verify' }, false],
  ['of the token service', { phase: 'auth', evidence: { ...page, authProblem: 'token_reply_invalid' } }, false],
])('a push is answered with a page %s: %j: %s', (_what, changes, paged) => {
  const failure = fakeFailure('unexpected_response', { status: 200, answeredBy: 'nginx', evidence: page, ...changes });
  expect(seenBy([], failure)).toMatchObject({ portal: true, pagedPushes: paged });
});

test('a page of maintenance is a hop’s', () => {
  const evidence = { message: '', body: '<h1>Scheduled maintenance</h1>' };
  const said = (answeredBy: Failure['answeredBy']) =>
    seenBy([], fakeFailure('origin_unreachable', { status: 503, answeredBy, evidence })).maintenance;
  expect([said('nginx'), said('registry')]).toEqual([true, false]);
});

test.each<[string, number[], number | undefined, boolean]>([
  ['404 and 410', [404, 410], 404, true],
  ['a 200 among them', [404, 200], 404, false],
  ['another failure', [404], 500, false],
  ['no answer among them', [404], undefined, false],
])('everything is missing: %s', (_what, statuses, failed, everything) => {
  const failure = fakeFailure('session_lost', { answeredBy: 'traefik', ...(failed && { status: failed }) });
  expect(
    seenBy(
      statuses.map((status) => request({ status })),
      failure,
    ).everything404,
  ).toBe(everything);
});

test('what the registry says of itself is not everything, and what failed nowhere is nothing', () => {
  const missing = fakeFailure('session_lost', { status: 404, answeredBy: 'registry' });
  expect(seenBy([request({ status: 404 })], missing).everything404).toBe(false);
  const unfailed = trialOf({ run: { ok: false, attempts: [attempt({ requests: [request({ status: 404 })] })] } });
  expect(observedOf({ trials: [unfailed] }).everything404).toBe(false);
});

test('hops on the way leave their marks', () => {
  expect(seenBy([request({ responseHeaders: { 'cf-ray': '1' } })]).crossedCloudflare).toBe(true);
  expect(seenBy([request({ responseHeaders: { via: '1.1 host (squid/6.1)' } })]).crossedSquid).toBe(true);
  expect(seenBy([request({ responseHeaders: { via: '1.1 host (squidward)' } })]).crossedSquid).toBe(false);
  expect(seenBy([request()])).toMatchObject({ crossedCloudflare: false, crossedSquid: false });
  const behind = fakeFailure('unexpected_response', { evidence: { message: '', tlsProblem: 'plain_http_behind' } });
  expect(seenBy([], behind).plainBehind).toBe(true);
  const before = fakeFailure('tls_failure', { evidence: { message: '', tlsProblem: 'plain_http' } });
  expect(seenBy([], before).plainBehind).toBe(false);
});

const blobs = 'http://registry.example/v2/team/probe/blobs/';
const upload = `${blobs}uploads/`;

/** The same request, answered with each of these. */
function answered(...statuses: readonly (number | Partial<RequestRecord>)[]): RequestRecord[] {
  return statuses.map((one) =>
    request({ phase: 'start', method: 'POST', url: upload, ...(typeof one === 'number' ? { status: one } : one) }),
  );
}

test.each<[string, RequestRecord[], boolean]>([
  ['502, 202, 502', answered(502, 202, 502), true],
  ['503, 401, 504', answered(503, 401, 504), true],
  [
    'other names of blobs',
    answered(
      { status: 502, url: `${upload}first?_state=ab` },
      { status: 202, url: `${upload}second` },
      { status: 502, url: `${upload}third` },
    ),
    true,
  ],
  [
    'other blobs',
    answered(
      { status: 502, url: `${blobs}sha256:aa` },
      { status: 202, url: `${blobs}sha256:bb` },
      { status: 502, url: `${blobs}sha256:cc` },
    ),
    true,
  ],
  [
    'other queries',
    answered(
      { status: 502, url: `${ping}?ns=first` },
      { status: 200, url: `${ping}?ns=second` },
      { status: 502, url: ping },
    ),
    true,
  ],
  [
    'a blob and an upload',
    answered({ status: 502, url: `${blobs}a` }, { status: 200, url: `${upload}a` }, { status: 502, url: `${blobs}a` }),
    false,
  ],
  [
    'repositories below one that is called blobs',
    answered(
      { status: 502, url: `${blobs}a/tags/list` },
      { status: 200, url: `${blobs}b/tags/list` },
      { status: 502, url: `${blobs}a/tags/list` },
    ),
    false,
  ],
  ['one outage', answered(202, 502, 502, 202), false],
  ['one after the other', answered(502, 502, 202), false],
  ['an error of another kind between', answered(502, 500, 502), false],
  ['no answer between', answered(502, { status: undefined }, 502), false],
  ['errors that are no gateway’s', answered(500, 202, 500), false],
  [
    'the registry’s own',
    answered(...[503, 202, 503].map((status) => ({ status, responseHeaders: { range: '' } }))),
    false,
  ],
  ['bodies', answered(...[502, 202, 502].map((status) => ({ status, plannedBytes: 1 }))), false],
  ['commits', answered(...[502, 202, 502].map((status) => ({ status, phase: 'commit' as const }))), false],
  ['other methods', answered(502, { status: 200, method: 'GET' }, 502), false],
  ['other phases', answered(502, { status: 200, phase: 'verify' }, 502), false],
  ['other places', answered(502, { status: 200, url: ping }, 502), false],
])('a hop answers by turns: %s', (_what, requests, byTurns) => {
  expect(seenBy(requests).byTurns).toBe(byTurns);
});

/** A token that came at 100 ms, and requests with it. */
function withToken(...requests: readonly Partial<RequestRecord>[]): RequestRecord[] {
  const first = { phase: 'auth', url: token, status: 200, startMs: 40, durationMs: 60 } as const;
  return [request(first), ...requests.map((one) => request({ startMs: 100, durationMs: 10, ...one }))];
}

test('a token that was taken is as old as at the start of its request, one that was refused as at the end', () => {
  const seen = (...requests: readonly Partial<RequestRecord>[]) => {
    const { oldestTokenMs, youngestRefusedMs } = seenBy(withToken(...requests));
    return [oldestTokenMs, youngestRefusedMs];
  };
  const none = Number.POSITIVE_INFINITY;
  expect(seen({ startMs: 300, durationMs: 50, status: 202 })).toEqual([200, none]);
  expect(seen({ startMs: 300, durationMs: 50, status: 401 })).toEqual([0, 250]);
  expect(seen({ startMs: 300, status: 399 }, { startMs: 900, status: 400 })).toEqual([200, none]);
  expect(seen({ startMs: 300, status: 200 }, { startMs: 500, status: 200 })).toEqual([400, none]);
  expect(seen({ startMs: 900, status: 401 }, { startMs: 500, status: 401 })).toEqual([0, 410]);
  expect(seen({ startMs: 900, status: undefined })).toEqual([0, none]);
  // What went out before the token came bore none.
  const before = request({ startMs: 0, durationMs: 10, status: 401 });
  expect(seenBy([before, ...withToken()])).toMatchObject({ oldestTokenMs: 0, youngestRefusedMs: none });
});

test('the age of the last token is that with the last request of the last attempt', () => {
  const of = (...attempts: (readonly RequestRecord[])[]): number | undefined =>
    lastTokenAge(successfulRun({ attempts: attempts.map((requests) => attempt({ requests })) }));
  expect(of(withToken({ startMs: 200 }, { startMs: 300, durationMs: 5 }))).toBe(205);
  expect(of(withToken({ startMs: 200 }, { startMs: 300 }, { startMs: 400, durationMs: 5 }))).toBe(305);
  expect(of(withToken({ startMs: 200 }), [request()])).toBeUndefined();
  expect(of()).toBeUndefined();
});

test('a segment of full size came over this path when that of any push did', () => {
  const sent = (ackedBytes: number): RequestRecord =>
    request({ kernel: { viaProxy: false, end: {}, points: [], mssBytes: 1_000, ackedBytes } });
  expect(seenBy([request(), sent(1_999), sent(2_000)]).fullSegmentCame).toBe(true);
  expect(seenBy([request(), sent(1_999)]).fullSegmentCame).toBe(false);
});

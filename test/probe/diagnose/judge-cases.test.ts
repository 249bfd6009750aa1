import { describe, expect, test } from 'vitest';
import { aloneOn, type Contrast } from '../../../src/probe/diagnose/contrast.ts';
import { type Case, judge, judgeAlone } from '../../../src/probe/diagnose/judge.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';

const path = pathTo('https://registry.example', { name: 'public', kind: 'ingress' });

/** A failure of a path over which the registry answers and small bodies pass, and which gets through elsewhere. */
function caseOf(failure: Failure, changes: Partial<Contrast> = {}): Case {
  const usual = { direct: 'ok', registryAnswered: true, smallPassed: true, sizeBytes: 4_000_000 } as const;
  return { failure, contrast: { ...aloneOn(path, failure), ...usual, ...changes } };
}

/** What the last of several failures is judged to be, each `cause confidence`. */
function lastOf(...cases: readonly Case[]): string[] {
  return judge(cases)
    .at(-1)!
    .map(({ cause, confidence }) => `${cause} ${confidence}`);
}

const tooLarge = fakeFailure('body_too_large', {
  status: 413,
  answeredBy: 'caddy',
  blame: 'ingress',
  phase: 'wait',
  sentBytes: 4e6,
});
const limit = caseOf(tooLarge, { proven: new Set(['size', 'path']) });

test('nothing failed, and nothing is judged', () => {
  expect(judge([])).toEqual([]);
});

test('what nothing explains has no verdict', () => {
  expect(judge([caseOf(fakeFailure('connection_reset', { sentBytes: 1_000_000 }), { direct: 'none' })])).toEqual([[]]);
});

describe('a limit on size that is certain', () => {
  const caddy = 'caddy_body_limit likely';
  const gateway = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'caddy',
    blame: 'ingress',
    sentBytes: 9,
  });
  const cut = fakeFailure('connection_reset', { sentBytes: 9 });

  test.each<[string, Failure, Partial<Contrast>, boolean]>([
    ['the same hop’s failure of as large a body', gateway, {}, true],
    ['the same hop’s failure of a smaller one', gateway, { sizeBytes: 3_999_999 }, false],
    ['its failure before a body', { ...gateway, sentBytes: 0 }, {}, false],
    ['another hop’s that may hide it', { ...gateway, answeredBy: 'nginx' }, {}, true],
    [
      'another hop’s that says why',
      { ...gateway, answeredBy: 'nginx', evidence: { message: '', body: 'connection refused' } },
      {},
      false,
    ],
    ['a cut that time may have made', cut, { proven: new Set(['clock']) }, false],
    ['a cut of a body that is slow at times', cut, { proven: new Set(['pace']) }, false],
    ['a cut of a body that rests', cut, { proven: new Set(['rest']) }, false],
    ['the hop’s own failure, though time ends bodies', gateway, { proven: new Set(['clock']) }, true],
    [
      'another hop’s that may hide it, though time ends bodies',
      { ...gateway, answeredBy: 'nginx' },
      { proven: new Set(['clock']) },
      true,
    ],
    [
      'the same hop’s answer that hides nothing',
      fakeFailure('unexpected_response', { status: 500, answeredBy: 'caddy', blame: 'ingress', sentBytes: 9 }),
      {},
      true,
    ],
  ])('explains %s, or not', (_what, failure, changes, is) => {
    expect(lastOf(limit, caseOf(failure, changes)).includes(caddy)).toBe(is);
  });

  test('explains the same failure of a smaller body too', () => {
    expect(lastOf(limit, caseOf(tooLarge, { sizeBytes: 1_000_000 }))).toEqual([caddy]);
  });

  test('is certain of each failure that proves it', () => {
    expect(lastOf(limit, limit)).toEqual(['caddy_body_limit certain']);
  });

  test('found by a search explains larger bodies than any that passed', () => {
    const searched = caseOf(tooLarge, { sizeBytes: 0, passedBytes: 2_000_000, proven: new Set(['size', 'path']) });
    expect(lastOf(searched, caseOf(gateway, { sizeBytes: 2_000_001 }))).toEqual([caddy]);
    expect(lastOf(searched, caseOf(gateway, { sizeBytes: 2_000_000 }))).not.toContain(caddy);
  });
});

describe('a limit on size that nobody’s words name', () => {
  const unnamed: Failure = { ...tooLarge, answeredBy: 'other' };
  const certain = caseOf(unnamed, { proven: new Set(['size', 'path']) });
  const behind = (answeredBy: Failure['answeredBy'], status: number): Failure =>
    fakeFailure('origin_unreachable', { status, answeredBy, blame: 'ingress', phase: 'wait', sentBytes: 9 });

  test.each<[string, Failure, Partial<Contrast>, string[]]>([
    ['what may hide it, of which nothing is certain', behind('nginx', 502), {}, ['proxy_body_limit likely']],
    [
      'but nothing of which something is certain',
      behind('nginx', 502),
      { proven: new Set(['path']) },
      ['hop_fails_request certain'],
    ],
    [
      'and nothing of which something more particular may be true',
      fakeFailure('connection_reset', { sentBytes: 9 }),
      { proven: new Set(['size']) },
      ['size_cut likely'],
    ],
    ['nor the same hop’s answer that hides nothing', behind('other', 504), {}, ['hop_fails_request likely']],
  ])('explains %s', (_what, failure, changes, verdicts) => {
    expect(lastOf(certain)).toEqual(['proxy_body_limit certain']);
    expect(lastOf(certain, caseOf(failure, changes))).toEqual(verdicts);
  });
});

test('a limit on time that is certain explains no other failure of the hop', () => {
  const body = '<h1>408 Request Time-out</h1>';
  const slow = {
    status: 408,
    answeredBy: 'nginx',
    blame: 'ingress',
    sentBytes: 9,
    evidence: { message: '', body },
  } as const;
  const timed = caseOf(fakeFailure('request_timeout', slow));
  expect(lastOf(timed)).toEqual(['nginx_client_body_timeout certain']);
  const gateway = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    blame: 'ingress',
    sentBytes: 9,
  });
  expect(lastOf(timed, caseOf(gateway))).toEqual(lastOf(caseOf(gateway)));
});

test('of rivals that explain as much, the one that is proven by the same failure at another time is likely', () => {
  const unreached = fakeFailure('connect_timeout', { phase: 'connect' });
  const open = caseOf(unreached, { direct: 'none', registryAnswered: false, smallPassed: false });
  expect(lastOf(open)).toEqual(['registry_down open', 'no_way_there open']);
  const proven = { ...open, contrast: { ...open.contrast, proven: new Set(['everywhere'] as const) } };
  expect(lastOf(proven, open)).toEqual(['registry_down likely']);
});

describe('a 502 of a hop to bodies of which the registry refuses others', () => {
  const front = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    blame: 'ingress',
    phase: 'wait',
    sentBytes: 9,
  });
  const lost = fakeFailure('session_lost', {
    status: 404,
    answeredBy: 'registry',
    registryCode: 'BLOB_UPLOAD_INVALID',
    phase: 'wait',
    sentBytes: 9,
  });
  const contrast = { sessionOpened: true, proven: new Set(['path'] as const) };
  const refusal = caseOf(lost, { ...contrast, session: { known: 6, disowned: 0, elsewhere: 0 } });

  test('is that refusal, whichever comes first', () => {
    const [known] = judge([refusal]);
    expect(known).toHaveLength(1);
    const likely = [`${known![0]!.cause} likely`];
    expect(lastOf(refusal, caseOf(front, contrast))).toEqual(likely);
    const [first] = judge([caseOf(front, contrast), refusal]);
    expect(first!.map(({ cause, confidence }) => `${cause} ${confidence}`)).toEqual(likely);
  });

  test('is that refusal also where nothing else explains it', () => {
    const unexplained = caseOf(front, { ...contrast, direct: 'same' });
    expect(lastOf(unexplained)).toEqual([]);
    expect(lastOf(refusal, unexplained)).toEqual([`${judge([refusal])[0]![0]!.cause} likely`]);
  });

  test('is none where of the refusal no more is known than that it came', () => {
    const refused = fakeFailure('blocked_by_policy', {
      status: 451,
      answeredBy: 'registry',
      phase: 'wait',
      sentBytes: 9,
    });
    expect(lastOf(caseOf(refused))).toEqual(['policy_block likely']);
    expect(lastOf(caseOf(refused), caseOf(front, contrast))).toEqual(['hop_fails_request certain']);
  });

  test('is none where nobody answered it: nothing says that a hop broke off', () => {
    const cut = fakeFailure('connection_reset', { phase: 'wait', sentBytes: 9 });
    const alone = lastOf(caseOf(cut, contrast));
    expect(lastOf({ ...refusal, shape: 'put-length' }, { ...caseOf(cut, contrast), shape: 'put-length' })).toEqual(
      alone,
    );
  });

  test('is none where the refusal itself is open', () => {
    const unclear = fakeFailure('range_conflict', {
      status: 400,
      answeredBy: 'registry',
      registryCode: 'BLOB_UPLOAD_INVALID',
      phase: 'wait',
      sentBytes: 9,
    });
    const open = caseOf(unclear, { direct: 'none' });
    expect(judge([open])[0]!.length).toBeGreaterThan(1);
    expect(lastOf(open, caseOf(front, contrast))).toEqual(lastOf(caseOf(front, contrast)));
  });

  test('is none where a particular cause of the hop is known', () => {
    const body = '<h1>Proxy Error</h1> Reason: Error reading from remote server';
    const late: Failure = { ...front, answeredBy: 'apache', evidence: { message: '', body } };
    const timed = caseOf(late, { ...contrast, constantMs: 4_000, proven: new Set(['path', 'clock']) });
    expect(lastOf(timed)).toEqual(['apache_proxy_timeout certain']);
    expect(lastOf(refusal, timed)).toEqual(['apache_proxy_timeout certain']);
  });
});

test('of one report, the more particular comes first, and a word that the status says anyway names nothing', () => {
  const cut = fakeFailure('connection_reset', {
    phase: 'pull',
    answeredBy: 'registry',
    status: 200,
    elapsedMs: 15_000,
    evidence: { message: '', pulledBytes: 6_000_000, silentMs: 60_000 },
  });
  const contrast = { ...aloneOn(path, cut), pullCuts: { count: 2, sameMs: 15_000 } };
  const [first, ...others] = judgeAlone({ failure: cut, contrast }, undefined).map(
    ({ cause, confidence }) => `${cause} ${confidence}`,
  );
  expect(first).toBe('pull_silence_limit open');
  expect(others).not.toContain('pull_cut open');
});

describe('of one report', () => {
  const alone = (failure: Failure): string[] =>
    judgeAlone({ failure, contrast: aloneOn(path, failure) }, undefined).map(
      ({ cause, confidence }) => `${cause} ${confidence}`,
    );

  test('what has a name of its own stands before what any hop can have', () => {
    const refused = { status: 403, answeredBy: 'registry', phase: 'send', sentBytes: 9 } as const;
    expect(alone(fakeFailure('auth_rejected', refused))).toEqual(['quota open', 'credentials_rejected open']);
  });

  test('the words of a page name a cause that a contrast would prove as well; a code is no word', () => {
    const page = { message: '', body: '<h1>413 Request Entity Too Large</h1>' };
    const large = { status: 413, answeredBy: 'apache', phase: 'send', sentBytes: 9 } as const;
    expect(alone(fakeFailure('body_too_large', { ...large, evidence: page }))).toEqual(['apache_body_limit likely']);
    const expired = { message: '', code: 'CERT_HAS_EXPIRED', tlsProblem: 'expired' } as const;
    expect(alone(fakeFailure('tls_failure', { phase: 'tls', evidence: expired }))).toEqual(['tls_expired open']);
  });
});

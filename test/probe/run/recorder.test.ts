import { describe, expect, test } from 'vitest';
import { type Exchange, NetworkError } from '../../../src/network/exchange.ts';
import type { Step } from '../../../src/registry/errors.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { Recorder } from '../../../src/probe/run/recorder.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

/** `bytes=0- 503`: a GET of the blob with this Range, and its status or the code of its error. `-`: no Range. */
function got(words: string): Exchange {
  const [range = '-', end = ''] = words.split(' ');
  const status = Number(end);
  return exchangeOf({
    method: 'GET',
    url: 'http://registry.test/v2/app/blobs/sha256:1',
    requestHeaders: range === '-' ? {} : { range },
    ...(Number.isNaN(status)
      ? { error: new NetworkError({ stage: 'receive', code: end, message: end }) }
      : { response: answerOf(status) }),
  });
}

test.each<readonly [what: string, exchanges: readonly string[], resends: number]>([
  ['a refusal, and the same again', ['- 503', '- 200'], 1],
  ['no answer, and the same again', ['- UND_ERR_SOCKET', '- UND_ERR_SOCKET', '- 200'], 2],
  ['a 401, and the same with credentials', ['- 401', '- 200'], 0],
  ['a range refused, and those beside it let go', ['bytes=0- 503', 'bytes=4- ABORTED', 'bytes=8- ABORTED'], 0],
  ['ranges let go, and asked for again after the cut', ['bytes=4- ABORTED', 'bytes=0- 206', 'bytes=4- 206'], 0],
  ['ranges refused side by side', ['bytes=0- 503', 'bytes=4- 503', 'bytes=8- 503'], 0],
  ['a range refused, and the same again when another came', ['bytes=0- 503', 'bytes=4- 206', 'bytes=0- 206'], 1],
  ['a refusal, and the same again until we end it', ['- 503', '- ABORTED'], 1],
  ['a 404, and another look', ['- 404', '- 200'], 0],
  ['a redirect, and the same again', ['- 307', '- 200'], 0],
  ['a refusal that was made good, and the same again', ['- 400', '- 200', '- 200'], 1],
])('sent once more: %s', (_what, exchanges, resends) => {
  const recorder = new Recorder(0, Redactor.of([]));
  for (const words of exchanges) recorder.add('pull', got(words));
  expect(recorder.resends).toBe(resends);
});

test.each([
  ['another method', { method: 'HEAD' }],
  ['another URL', { url: 'http://registry.test/v2/app/blobs/sha256:2' }],
])('not sent once more: %s', (_what, changes) => {
  const recorder = new Recorder(0, Redactor.of([]));
  recorder.add('pull', got('- 503'));
  recorder.add('pull', exchangeOf({ method: 'GET', url: got('- 503').url, ...changes, response: answerOf(200) }));
  expect(recorder.resends).toBe(0);
});

/** What is recorded of these exchanges, in a run that began at 1,000 ms. */
function recorded(
  ...exchanges: readonly (readonly [step: Step, exchange: Parameters<typeof exchangeOf>[0]])[]
): Recorder {
  const recorder = new Recorder(1_000, Redactor.of([]));
  for (const [step, exchange] of exchanges) recorder.add(step, exchangeOf(exchange));
  return recorder;
}

describe('bytes', () => {
  test('are those of bodies of the blob', () => {
    const body = { plannedBytes: 100, sentBytes: 60 };
    const { sentBytes, reachedBytes } = recorded(['send', body], ['send', body], ['commit', { sentBytes: 5 }]);
    expect([sentBytes, reachedBytes]).toEqual([120, 60]);
  });

  test('of ranges reach as far as the last one came, and a question in between is none of them', () => {
    const { sentBytes, reachedBytes } = recorded(
      ['send', { sentBytes: 100, requestHeaders: { 'content-range': '0-99' } }],
      ['send', { sentBytes: 40, requestHeaders: { 'content-range': '100-199' } }],
      ['send', { method: 'GET', sentBytes: 7 }],
    );
    expect([sentBytes, reachedBytes]).toEqual([140, 140]);
  });
});

describe('time', () => {
  test('of opening a connection is its own; an answer, and its body, belongs to the wait', () => {
    const { phaseMs } = recorded(
      ['send', { opening: { dnsMs: 1, connectMs: 2, tlsMs: 3 }, sendMs: 10, waitMs: 20, receiveMs: 4 }],
      ['send', { sendMs: 5, waitMs: 6 }],
    );
    expect(phaseMs).toEqual({ dns: 1, connect: 2, tls: 3, send: 15, wait: 30 });
  });

  test('of an early answer has no wait', () => {
    expect(recorded(['send', { sendMs: 10, receiveMs: 4 }]).phaseMs).toEqual({ send: 10 });
  });

  test('of other steps is that of the step, once for what is side by side', () => {
    const whole = { sendMs: 1, waitMs: 6, receiveMs: 3 };
    const { phaseMs } = recorded(
      ['start', { ...whole, endedAtMs: 1_010 }],
      ['pull', { ...whole, endedAtMs: 1_030 }],
      ['pull', { ...whole, endedAtMs: 1_035 }],
      ['commit', { sendMs: 2, endedAtMs: 1_050 }],
      ['verify', { opening: { connectMs: 9 } }],
    );
    expect(phaseMs).toEqual({ start: 10, pull: 15, commit: 2, connect: 9 });
  });
});

describe('facts of the path', () => {
  const connection = {
    id: 1,
    remoteAddress: '192.0.2.1',
    remotePort: 443,
    family: 4,
    httpVersion: '2',
    viaProxy: false,
    connectMs: 1,
  } as const;
  const expiresAt = new Date('2030-01-01');
  const tls = { version: 'TLSv1.3', issuer: 'CN=ca', expiresAt, authorized: true, showedCertificate: false };
  const seen = { remoteAddress: '192.0.2.1', family: 4, httpVersion: '2' };

  test('are those of its connections, with TLS where there is any', () => {
    expect(recorded(['send', { connection }]).pathFacts).toEqual(seen);
    expect(recorded(['send', { connection: { ...connection, tls } }], ['commit', {}]).pathFacts).toEqual({
      ...seen,
      tlsVersion: 'TLSv1.3',
      tlsIssuer: 'CN=ca',
      certificateExpiresAt: expiresAt,
    });
  });

  test('stay from one exchange to the next', () => {
    const location = answerOf(202, { location: 'https://uploads.example.net/1' });
    expect(recorded(['start', { response: location }], ['send', { connection }]).pathFacts).toEqual({
      ...seen,
      foreignLocationHost: 'uploads.example.net',
    });
    expect(recorded(['send', { connection }], ['start', { response: location }]).pathFacts).toEqual({
      ...seen,
      foreignLocationHost: 'uploads.example.net',
    });
  });

  test('are not those of a host to which an answer led', () => {
    const redirectedFrom = new URL('https://registry.example.org/v2/');
    expect(recorded(['pull', { connection, redirectedFrom }]).pathFacts).toEqual({});
  });

  test.each([
    ['its own', '/v2/1', undefined],
    ['its own in full', 'https://registry.example.org/2', undefined],
    ['its own on another port', 'https://registry.example.org:444/2', 'registry.example.org:444'],
    ['none', 'http://', undefined],
  ])('a Location on a host that is %s', (_what, location, host) => {
    const { pathFacts } = recorded(['start', { response: answerOf(202, { location }) }]);
    expect(pathFacts.foreignLocationHost).toBe(host);
  });

  test('hide what was told in confidence', () => {
    const recorder = new Recorder(0, Redactor.of(['secret-host']));
    const response = answerOf(202, { location: 'https://secret-host.example/1' });
    recorder.add('start', exchangeOf({ response }));
    expect(JSON.stringify(recorder.pathFacts)).not.toContain('secret-host');
  });
});

describe('a request', () => {
  test('is recorded with its times after the start of the run', () => {
    const kernel = { points: [{ atMs: 1_050.6, ackedBytes: 7 }] } as unknown as NonNullable<Exchange['kernel']>;
    const { requests } = recorded([
      'pull',
      {
        method: 'GET',
        requestHeaders: { range: 'bytes=0-' },
        startedAtMs: 1_040,
        endedAtMs: 1_100,
        opening: {
          dnsMs: 1,
          connectMs: 2,
          tlsMs: 3,
          tried: [{ address: '192.0.2.2', family: 4, ms: 1.2, code: 'ECONNREFUSED' }],
        },
        sendMs: 4,
        waitMs: 5,
        receiveMs: 6,
        kernel,
        response: answerOf(206, { server: 'x' }, 'abc'),
        socketReused: true,
        early: true,
        sentAgain: 'not_processed',
      },
    ]);
    expect(requests).toEqual([
      {
        phase: 'pull',
        method: 'GET',
        url: 'https://registry.example.org/v2/a/b/blobs/uploads/1',
        startMs: 40,
        durationMs: 60,
        dnsMs: 1,
        connectMs: 2,
        tlsMs: 3,
        tried: [{ address: '192.0.2.2', ms: 1, code: 'ECONNREFUSED' }],
        sendMs: 4,
        waitMs: 5,
        receiveMs: 6,
        plannedBytes: 0,
        sentBytes: 0,
        range: 'bytes=0-',
        framing: 'none',
        status: 206,
        responseHeaders: { server: 'x' },
        responseBytes: 3,
        early: true,
        socketReused: true,
        sentAgain: 'not_processed',
        httpVersion: undefined,
        remoteAddress: undefined,
        errorCode: undefined,
        kernel: { points: [{ atMs: 51, ackedBytes: 7 }] },
      },
    ]);
  });

  test('without an answer, too', () => {
    const error = new NetworkError({ stage: 'wait', code: 'ECONNRESET', message: 'reset' });
    expect(recorded(['send', { error }]).requests).toMatchObject([
      { status: undefined, responseHeaders: {}, responseBytes: 0, errorCode: 'ECONNRESET', kernel: undefined },
    ]);
  });

  test.each([
    [0, true, 'none'],
    [1, true, 'content-length'],
    [1, false, 'chunked'],
  ] as const)('of %d bytes, its length declared: %s', (plannedBytes, declaredLength, framing) => {
    expect(recorded(['send', { plannedBytes, declaredLength }]).requests).toMatchObject([{ framing }]);
  });
});

describe('the bytes of a body over time', () => {
  const body = { plannedBytes: 100, sentBytes: 90, sendMs: 200, waitMs: 30, receiveMs: 20, endedAtMs: 1_350.4 };
  const progressOf = (step: Step, changes: Partial<Exchange> = {}) => {
    const recorder = new Recorder(1_000, Redactor.of([]));
    recorder.noteProgress(1_200, 50);
    recorder.add(step, exchangeOf({ ...body, ...changes, url: 'https://registry.example.org/' }));
    return recorder.requests[0]?.progress;
  };

  test('go from the first one to the last, not to the answer', () => {
    expect(progressOf('send')).toEqual([
      [100, 0],
      [200, 50],
      [300, 90],
    ]);
    expect(progressOf('send', { waitMs: undefined, receiveMs: undefined })?.at(-1)).toEqual([350, 90]);
  });

  test.each<readonly [what: string, step: Step, changes: Partial<Exchange>]>([
    ['no body of the blob', 'commit', {}],
    ['nothing to send', 'send', { plannedBytes: 0 }],
    ['sent too fast to be watched', 'send', { sendMs: 199 }],
    ['never begun', 'send', { sendMs: undefined }],
  ])('are not there: %s', (_what, step, changes) => {
    expect(progressOf(step, changes)).toBeUndefined();
  });

  test('are not those of the request before', () => {
    const recorder = new Recorder(1_000, Redactor.of([]));
    recorder.noteProgress(1_200, 50);
    recorder.add('commit', exchangeOf(body));
    recorder.add('send', exchangeOf({ ...body, endedAtMs: 2_350 }));
    expect(recorder.requests[1]?.progress).toEqual([
      [1_100, 0],
      [1_300, 90],
    ]);
  });
});

test('what a request carries in confidence is not in the record of its answer', () => {
  const recorder = new Recorder(0, Redactor.of([]));
  const requestHeaders = { authorization: 'Bearer token-of-the-run' };
  recorder.add('send', exchangeOf({ requestHeaders, response: answerOf(200, { server: 'token-of-the-run' }) }));
  expect(JSON.stringify(recorder.requests)).not.toContain('token-of-the-run');
});

import { describe, expect, test } from 'vitest';
import { envoy, haproxy } from '../../../src/probe/explain/flagged-formats.ts';

describe('Envoy', () => {
  const line = (flags: string, { status = 503, service = '-' }: { status?: number; service?: string } = {}): string =>
    `[2026-11-28T22:00:00.000Z] "PATCH /v2/a/blobs/uploads/1?x HTTP/1.1" ${status} ${flags} 1048576 24 15001 ${service} "-" "docker/29.7.2" "5f1c" "h" "u"`;

  test('what a line says', () => {
    expect(envoy.read(line('UT', { status: 504 }))).toEqual({
      method: 'PATCH',
      uri: '/v2/a/blobs/uploads/1',
      status: 504,
      clientGone: false,
      answeredBy: 'envoy',
      names: 'envoy_route_timeout',
      answer: 'upstream request timeout',
      sentBytes: 1_048_576,
      elapsedMs: 15_001,
      userAgent: 'docker/29.7.2',
      words: 'response flags UT',
    });
  });

  test('with the details of newer versions', () => {
    const detailed = line('UT').replace(' UT ', ' UT response_timeout "-" - ');
    expect(envoy.read(detailed)).toMatchObject({ answeredBy: 'envoy', sentBytes: 1_048_576 });
  });

  test.each<[what: string, line: string, wanted: object]>([
    ['its own, by a flag', line('UF,URX', { service: '12' }), { answeredBy: 'envoy', words: 'response flags UF,URX' }],
    ['its own, without a flag, when the upstream did not answer', line('-', { status: 413 }), { answeredBy: 'envoy' }],
    ['its own 408, likewise', line('-', { status: 408 }), { answeredBy: 'envoy' }],
    ['passed on, when it did', line('-', { status: 413, service: '7' }), { answeredBy: 'other' }],
    ['passed on, of a status that it does not make', line('-', { status: 500 }), { answeredBy: 'other' }],
    ['a flag that tells of no answer of its own', line('URX', { status: 500 }), { answeredBy: 'other' }],
    ['a limit on silence', line('SI', { status: 408 }), { names: 'envoy_idle_timeout', answer: 'stream timeout' }],
    ['a client that went away', line('DC', { status: 0 }), { answeredBy: 'none', clientGone: true }],
    [
      'the same with a status',
      line('DC', { status: 503 }),
      { answeredBy: 'none', clientGone: true, status: undefined },
    ],
  ])('%s', (_what, text, wanted) => {
    expect(envoy.read(text)).toMatchObject(wanted);
  });

  // Envoy, access logging, RESPONSE_FLAGS: an answer of its own comes with each.
  test.each(['UF', 'UH', 'UT', 'UC', 'UR', 'UO', 'UMSDR', 'NR', 'LH', 'LR', 'RL', 'FI', 'IH', 'UAEX', 'DF', 'OM'])(
    'with the flag %s it is its own',
    (flag) => {
      expect(envoy.read(line(flag, { service: '7' }))).toMatchObject({ answeredBy: 'envoy' });
    },
  );

  test('a stream that the client reset is of a client that went away', () => {
    expect(envoy.read(line('DR'))).toMatchObject({ answeredBy: 'none', clientGone: true, status: undefined });
  });

  test('no flags are no words', () => {
    expect(envoy.read(line('-'))).toMatchObject({ words: undefined, names: undefined, answer: undefined });
  });

  test('another format is not read', () => {
    expect(envoy.read('x')).toBeUndefined();
  });
});

describe('HAProxy', () => {
  const line = (status: string, state: string, times = '0/0/1/-1/50002'): string =>
    `10.0.0.9:41234 [28/Nov/2026:22:00:00.123] fe be/registry ${times} ${status} 198 - - ${state} 1/1/0/0/0 0/0 {a|b} {} "PUT /v2/a/blobs/uploads/1?x HTTP/1.1"`;

  test('what a line says', () => {
    expect(haproxy.read(line('504', 'sH--'))).toEqual({
      method: 'PUT',
      uri: '/v2/a/blobs/uploads/1',
      status: 504,
      clientGone: false,
      registryGone: false,
      answeredBy: 'haproxy',
      names: 'haproxy_server_timeout',
      elapsedMs: 50_002,
      words: 'termination state sH--',
    });
  });

  test.each<[what: string, line: string, wanted: object]>([
    ['a body that rested', line('408', 'cD--'), { answeredBy: 'haproxy', names: 'haproxy_client_timeout' }],
    ['a head that rested', line('408', 'cR--'), { answeredBy: 'haproxy', names: undefined }],
    ['an upstream that rested in the middle of its answer', line('200', 'sD--'), { names: undefined }],
    ['a refusal of its own', line('413', 'PR--'), { answeredBy: 'haproxy', names: undefined }],
    ['an upstream that it cannot reach', line('503', 'SC--'), { answeredBy: 'haproxy' }],
    ['too many sessions', line('503', 'RQ--'), { answeredBy: 'haproxy' }],
    ['what a rule of it returns', line('413', 'LR--'), { answeredBy: 'haproxy', names: undefined }],
    ['an error within it', line('500', 'IH--'), { answeredBy: 'haproxy' }],
    ['a server that is taken for down', line('503', 'DS--'), { answeredBy: 'other' }],
    ['nobody answered, and the server was taken for down', line('-1', 'DS--'), { registryGone: false }],
    ['what was passed on', line('413', '----'), { answeredBy: 'other', status: 413, clientGone: false }],
    ['a client that hung up', line('400', 'CD--'), { answeredBy: 'none', status: undefined, clientGone: true }],
    ['nobody answered, and nobody knows why', line('-1', '----'), { answeredBy: 'none', clientGone: true }],
    [
      'the upstream closed without an answer',
      line('-1', 'SD--'),
      { answeredBy: 'none', status: undefined, clientGone: false, registryGone: true },
    ],
    ['a time that was still going on', line('504', 'sH--', '0/0/1/-1/+50002'), { elapsedMs: 50_002 }],
  ])('%s', (_what, text, wanted) => {
    expect(haproxy.read(text)).toMatchObject(wanted);
  });

  test('another format is not read', () => {
    expect(haproxy.read('x')).toBeUndefined();
  });
});

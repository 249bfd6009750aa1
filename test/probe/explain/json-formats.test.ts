import { describe, expect, test } from 'vitest';
import { jsonFormats } from '../../../src/probe/explain/json-formats.ts';

const [traefik, envoy, caddy, nginx] = jsonFormats;
type Read = ReturnType<(typeof jsonFormats)[number]['read']>;
const reading =
  (format: (typeof jsonFormats)[number] | undefined, usual: object) =>
  (changes: object = {}): Read =>
    format?.read(JSON.stringify({ ...usual, ...changes }));

const uri = '/v2/a/blobs/uploads/1';
const refusedPatch = { method: 'PATCH', uri, status: 413, clientGone: false, userAgent: 'docker/29.7.2' };

describe('Traefik', () => {
  const read = reading(traefik, {
    DownstreamStatus: 413,
    Duration: 51_000_000,
    OriginStatus: 413,
    OriginContentSize: 176,
    RequestContentSize: 7,
    RequestMethod: 'PATCH',
    RequestPath: `${uri}?x`,
    'request_User-Agent': 'docker/29.7.2',
  });

  test('what a line says', () => {
    expect(read()).toEqual({
      ...refusedPatch,
      answeredBy: 'other',
      sentBytes: 7,
      elapsedMs: 51,
    });
  });

  test.each<[what: string, changes: object, answeredBy: string]>([
    ['without an origin', { OriginStatus: undefined }, 'traefik'],
    ['with an origin that did not answer', { OriginStatus: 0 }, 'traefik'],
    ['whose client went away', { DownstreamStatus: 499, OriginStatus: 499 }, 'traefik'],
    ['with its own words for a server', { OriginStatus: 502, OriginContentSize: 11 }, 'traefik'],
    ['with words of the server', { OriginStatus: 502, OriginContentSize: 12 }, 'other'],
    ['with a length that its own words have for another status', { OriginStatus: 504, OriginContentSize: 11 }, 'other'],
  ])('an answer %s is of %s', (_what, changes, answeredBy) => {
    expect(read(changes)).toMatchObject({ answeredBy });
  });

  test('a time that is not there is none, and another object is not read', () => {
    for (const Duration of [undefined, '7']) expect(read({ Duration })).toMatchObject({ elapsedMs: 0 });
    expect(read({ DownstreamStatus: '413' })).toBeUndefined();
  });
});

describe('Envoy', () => {
  const usual = {
    method: 'PATCH',
    path: `${uri}?x`,
    response_code: 504,
    response_flags: 'UT',
    bytes_received: 99,
    duration: 15_001,
    upstream_service_time: null,
    user_agent: 'docker/29.7.2',
  };
  const read = reading(envoy, usual);

  test('what a line says', () => {
    expect(read()).toMatchObject({
      method: 'PATCH',
      uri,
      status: 504,
      answeredBy: 'envoy',
      sentBytes: 99,
      elapsedMs: 15_001,
      userAgent: 'docker/29.7.2',
      words: 'response flags UT',
    });
  });

  test('the other names of the same fields', () => {
    const other = reading(envoy, { response_code: '413', response_flags: '', 'user-agent': 'docker/29' });
    expect(other({ ':method': 'PUT', ':path': uri })).toMatchObject({ method: 'PUT', uri, userAgent: 'docker/29' });
    expect(other({ 'x-envoy-origin-path': uri, ':path': '/other' })).toMatchObject({ uri, status: 413 });
    expect(other({ path: uri, 'x-envoy-origin-path': '/other' })).toMatchObject({ uri, words: undefined });
  });

  test.each<[what: string, changes: object, answeredBy: string]>([
    ['took no time', { upstream_service_time: null }, 'envoy'],
    ['took its time', { upstream_service_time: '7' }, 'other'],
    ['is not logged', { upstream_service_time: undefined }, 'other'],
  ])('a 413 without a flag, whose upstream %s, is of %s', (_what, changes, answeredBy) => {
    expect(read({ response_code: 413, response_flags: '-', ...changes })).toMatchObject({ answeredBy });
  });

  test('an object without a status is not read', () => {
    expect(read({ response_code: undefined })).toBeUndefined();
  });
});

describe('Caddy', () => {
  const request = { method: 'PATCH', uri: `${uri}?x`, headers: { 'User-Agent': ['docker/29.7.2'] } };
  const read = reading(caddy, { msg: 'handled request', request, bytes_read: 9, duration: 0.5204, status: 502 });

  test('what a line says', () => {
    expect(read()).toEqual({
      method: 'PATCH',
      uri,
      status: 502,
      clientGone: false,
      userAgent: 'docker/29.7.2',
      answeredBy: 'caddy',
      sentBytes: 9,
      elapsedMs: 520,
      words: undefined,
    });
  });

  test.each<[what: string, changes: object, wanted: object]>([
    ['of its own, with its name', { resp_headers: { Server: ['Caddy'] } }, { answeredBy: 'caddy' }],
    ['that went through it', { resp_headers: { Server: ['Caddy'], Via: ['1.1 Caddy'] } }, { answeredBy: 'other' }],
    ["with another server's name", { resp_headers: { Server: 'nginx' } }, { answeredBy: 'other' }],
    ['with a name that only ends so', { resp_headers: { Server: ['NotCaddy'] } }, { answeredBy: 'other' }],
    ['with a name that only begins so', { resp_headers: { Server: ['CaddyX'] } }, { answeredBy: 'other' }],
    ['whose headers are none', { resp_headers: null }, { answeredBy: 'caddy' }],
    ['that no proxy makes', { status: 404 }, { answeredBy: 'other' }],
    ['in its own words, whatever the status', { status: 500, msg: 'EOF' }, { answeredBy: 'caddy', words: 'EOF' }],
    ['to a client that went away', { status: 0 }, { answeredBy: 'none', clientGone: true }],
    ['without times and agent', { request: { uri }, duration: undefined }, { method: '', elapsedMs: 0 }],
  ])('an answer %s', (_what, changes, wanted) => {
    expect(read(changes)).toMatchObject(wanted);
  });

  test.each([
    { request: undefined },
    { request: null },
    { request: 'x' },
    { request: [] },
    { request: {} },
    { status: undefined },
  ])('an object with %j is not read', (changes) => {
    expect(read(changes)).toBeUndefined();
  });
});

describe('nginx', () => {
  const read = reading(nginx, {
    request: `PATCH ${uri}?x HTTP/1.1`,
    status: 413,
    body_bytes_sent: '176',
    request_length: '1048800',
    request_time: '0.4126',
    upstream_status: '',
    http_user_agent: 'docker/29.7.2',
  });

  test('what a line says', () => {
    expect(read()).toEqual({
      ...refusedPatch,
      answeredBy: 'nginx',
      sentBytes: 1_048_800,
      elapsedMs: 413,
    });
  });

  test.each<[what: string, changes: object, wanted: object]>([
    ['passed on', { upstream_status: '413' }, { answeredBy: 'other' }],
    ['passed on by the number', { upstream_status: 413 }, { answeredBy: 'other' }],
    [
      'of its own, for an upstream that cannot be reached',
      { status: 502, upstream_status: '502' },
      { answeredBy: 'nginx' },
    ],
    ['of its own, for one that is silent', { status: 504, upstream_status: '504' }, { answeredBy: 'nginx' }],
    ['after several upstreams', { status: 502, upstream_status: '502, 502' }, { answeredBy: 'nginx' }],
    ['that no proxy makes', { status: 403 }, { answeredBy: 'other' }],
    ['to a client that went away', { status: 499 }, { answeredBy: 'none', clientGone: true }],
    [
      'to one that went away in its body',
      { status: 400, body_bytes_sent: 0 },
      { answeredBy: 'none', clientGone: true },
    ],
    ['the same by another name', { status: 400, body_bytes_sent: undefined, bytes_sent: '0' }, { clientGone: true }],
    [
      'that counts no time and no length',
      { request_time: '-', request_length: '' },
      { elapsedMs: 0, sentBytes: undefined },
    ],
  ])('an answer %s', (_what, changes, wanted) => {
    expect(read(changes)).toMatchObject(wanted);
  });

  test('the other names of method, path and agent', () => {
    const other = reading(nginx, { status: '413' });
    const wanted = { method: 'PUT', uri };
    expect(other({ request_method: 'PUT', request_uri: uri })).toMatchObject(wanted);
    expect(other({ method: 'PUT', uri })).toMatchObject(wanted);
    expect(other({ method: 'PUT', path: uri, user_agent: 'x' })).toMatchObject({ ...wanted, userAgent: 'x' });
    // One name that is nginx's alone is enough; none of these is.
    expect(other({ method: 'PUT', path: uri, request_time: '1' })).toMatchObject({ answeredBy: 'nginx' });
    expect(other({ method: 'PUT', path: uri })).toMatchObject({ answeredBy: 'other' });
  });

  test.each([
    { status: undefined },
    { status: 'ok' },
    { status: 1_413 },
    { request: 'x' },
    { request: `1${uri}` },
    { request: `x PATCH ${uri}` },
    { request: undefined },
  ])('an object with %j is not read', (changes) => {
    expect(read(changes)).toBeUndefined();
  });
});

test.each([{ uri }, { method: 'PUT' }])(
  "an object of nginx's with nothing but %j and a status is not read",
  (fields) => {
    expect(nginx?.read(JSON.stringify({ status: 413, ...fields }))).toBeUndefined();
  },
);

test.each(['x', '{', '[]', 'null', '"x"', ' {"status":413,"method":"PUT","path":"/v2/"}'])(
  '%j is no object',
  (line) => {
    expect(jsonFormats.map((format) => format.read(line))).toEqual([undefined, undefined, undefined, undefined]);
  },
);

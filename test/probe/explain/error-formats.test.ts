import { describe, expect, test } from 'vitest';
import { errorFormats } from '../../../src/probe/explain/error-formats.ts';

const [nginx, distribution, router, gitea, cloudflared] = errorFormats;
const uri = '/v2/a/blobs/uploads/1';

describe('nginx', () => {
  const read = (words: string, more = ', host: "git.example.org"') =>
    nginx?.read(
      `2026/11/28 22:00:00 [error] 7#7: *1 ${words}, client: 10.0.0.9, server: x, request: "PATCH ${uri}?_state=x HTTP/1.1"${more}`,
    );

  test.each<[words: string, said: object]>([
    [
      'client intended to send too large body: 104857600 bytes',
      { status: 413, answeredBy: 'nginx', sentBytes: 104_857_600, names: 'nginx_body_limit' },
    ],
    [
      'client intended to send too large chunked body: 1048384+65524 bytes',
      { status: 413, answeredBy: 'nginx', sentBytes: 1_113_908, names: 'nginx_body_limit' },
    ],
    ['client prematurely closed connection while sending to upstream', { answeredBy: 'none', clientGone: true }],
    ['client closed connection while waiting for request', { answeredBy: 'none', clientGone: true }],
    ['client closed keepalive connection', { answeredBy: 'none', clientGone: true }],
    [
      'a client request body is buffered to a temporary file /x/1',
      { answeredBy: 'none', harmless: 'nginx collects the body in a file before it goes on' },
    ],
    [
      'upstream timed out (110: Connection timed out) while reading response header from upstream',
      { status: 504, answeredBy: 'nginx', names: 'nginx_read_timeout' },
    ],
    [
      'upstream timed out (110: Connection timed out) while connecting to upstream',
      { status: 504, answeredBy: 'nginx' },
    ],
    ['no live upstreams while connecting to upstream', { status: 502, answeredBy: 'nginx' }],
    ['connect() failed (111: Connection refused) while x', { status: 502, answeredBy: 'nginx' }],
    ['upstream prematurely closed connection', { status: 502, answeredBy: 'nginx' }],
    ['upstream sent too big header', { status: 502, answeredBy: 'nginx' }],
    ['upstream sent invalid header', { status: 502, answeredBy: 'nginx' }],
    [
      'recv() failed (104: Connection reset by peer) while reading response from upstream',
      { status: 502, answeredBy: 'nginx' },
    ],
    ['SSL_do_handshake() failed while sending request to upstream', { status: 502, answeredBy: 'nginx' }],
    [
      'client timed out (110: Connection timed out) while reading client request body',
      { status: 408, answeredBy: 'nginx', names: 'nginx_client_body_timeout' },
    ],
    ['client timed out (110: Connection timed out) while sending to client', { status: 408, answeredBy: 'nginx' }],
  ])('%s', (words, said) => {
    expect(read(words)).toEqual({ method: 'PATCH', uri: `https://git.example.org${uri}`, words, ...said });
  });

  test('a line without a host has its path, one without a number of its connection is read, another one is not', () => {
    expect(read('client timed out', '')).toMatchObject({ uri });
    const line = `2026/11/28 22:00:00 [warn] 7#7: client timed out, client: ::1, request: "PUT ${uri} HTTP/1.1"`;
    expect(nginx?.read(line)).toMatchObject({ method: 'PUT', uri, status: 408 });
    // Numbers of more than one digit, and what stands around a line is for others to take off.
    expect(nginx?.read(line.replace('7#7:', '812#813: *14'))).toMatchObject({ status: 408, words: 'client timed out' });
    expect(nginx?.read(`x ${line}`)).toBeUndefined();
    expect(read('open() failed')).toBeUndefined();
    expect(nginx?.read('client timed out')).toBeUndefined();
  });
});

describe('distribution', () => {
  const head = `level=error http.request.method=PATCH http.request.uri="${uri}?_state=x"`;

  test('a line of key and value', () => {
    const line = `${head} http.request.host=git.example.org http.request.useragent="docker/29 \\"x\\"" http.response.duration=1m2.5s http.response.status=404 err.code="blob upload invalid" err.message="no such" err.detail="in detail"`;
    expect(distribution?.read(line)).toEqual({
      method: 'PATCH',
      uri: `https://git.example.org${uri}`,
      status: 404,
      clientGone: false,
      answeredBy: 'registry',
      sentBytes: undefined,
      registryCode: 'BLOB_UPLOAD_INVALID',
      userAgent: 'docker/29 \\"x\\"',
      elapsedMs: 62_500,
      words: 'in detail',
    });
  });

  test('the same in JSON, and with the message where there is no detail', () => {
    const fields = {
      'err.message': 'no such',
      'http.request.method': 'PATCH',
      'http.request.uri': uri,
      'http.response.status': 404,
    };
    expect(distribution?.read(JSON.stringify(fields))).toMatchObject({
      method: 'PATCH',
      uri,
      status: 404,
      words: 'no such',
    });
  });

  test.each([
    ['its status', `${head} http.response.status=499 copied=77`],
    ['its detail', `${head} http.response.status=500 copied=77 err.detail="client disconnected"`],
    ['a line of its own', `${head} copied=77 msg="client disconnected during blob PATCH"`],
  ])('a client that went away, by %s', (_what, line) => {
    expect(distribution?.read(line)).toMatchObject({
      status: undefined,
      clientGone: true,
      answeredBy: 'none',
      sentBytes: 77,
    });
  });

  test.each([
    ['method', `http.request.uri="${uri}" http.response.status=404`],
    ['address', 'http.request.method=PATCH http.response.status=404'],
    ['status', head],
    ['name that only ends as its own does', `${head} xhttp.response.status=404`],
  ])('a line without its %s is not read', (_what, line) => {
    expect(distribution?.read(line)).toBeUndefined();
  });

  test.each([
    ['1h2m3s', 3_723_000],
    ['12.5ms', 12.5],
    ['250µs', 0.25],
    ['250us', 0.25],
    ['500ns', 0.0005],
    ['0', undefined],
  ])('Go writes %s of %s ms', (duration, ms) => {
    expect(distribution?.read(`${head} http.response.status=404 http.response.duration=${duration}`)?.elapsedMs).toBe(
      ms,
    );
  });
});

describe('Gitea, router', () => {
  const read = (words: string, handler = 'container.PatchBlobsUpload') =>
    router?.read(`2026/11/28 22:00:00 HTTPRequest [I] router: ${words} @ container/container.go:355(${handler})`);
  const done = (status: string): string =>
    `completed PATCH ${uri}?x for 10.0.0.9:0, ${status} Words of it in 60000.4ms`;

  test('a request that was answered', () => {
    expect(read(done('500'), 'container.PatchBlobs')).toEqual({
      method: 'PATCH',
      uri,
      status: 500,
      elapsedMs: 60_000.4,
      answeredBy: 'registry',
      answer: undefined,
      names: undefined,
    });
  });

  test('one that goes on', () => {
    expect(read(`slow      PATCH ${uri} for 10.0.0.9:0, elapsed 3721.0ms`)).toEqual({
      method: 'PATCH',
      uri,
      elapsedMs: 3_721,
      answeredBy: 'none',
      harmless: 'the request is not over; another line says how it ended',
    });
  });

  test('one that ended in a panic is a 500', () => {
    expect(read(`failed PATCH ${uri} for 10.0.0.9:0, panic in 7ms`)).toMatchObject({ status: 500, elapsedMs: 7 });
  });

  test.each([
    ['401', 'packages.reqPackageAccess', 'reqPackageAccess', 'push_not_allowed'],
    ['403', 'packages.reqPackageAccess', 'reqPackageAccess', undefined],
    ['404', 'context.UserAssignmentWeb', 'Not found.', undefined],
    ['401', 'context.UserAssignmentWeb', 'Not found.', undefined],
    ['404', 'container.InitiateBlobsUpload', '', undefined],
    ['404', 'container.DeleteBlobsUploads', '', undefined],
    ['401', 'container.reqPackageAccessOf', undefined, undefined],
  ])('%s of %s is answered with %j', (status, handler, answer, names) => {
    expect(read(done(status), handler)).toMatchObject({ status: Number(status), answer, names });
  });

  test('another line is not read', () => {
    expect(router?.read('router: nothing')).toBeUndefined();
  });
});

describe('Gitea, errors', () => {
  const read = (words: string, where = 'PatchBlobsUpload') =>
    gitea?.read(
      `2026/11/28 22:00:00 .../container.go:387:${where}() [E] Package registry API internal error: 500 ${words}`,
    );

  test.each([
    ['PatchBlobsUpload', 'PATCH'],
    ['PutManifest', 'PUT'],
    ['apiError', ''],
  ])('an error in %s is of a %s', (where, method) => {
    const words = 'write /data: no space left on device';
    expect(read(words, where)).toEqual({
      method,
      uri: '',
      status: 500,
      clientGone: false,
      answeredBy: 'registry',
      words,
    });
  });

  test.each([
    ['unexpected EOF', true],
    ['context canceled', true],
    ['read tcp 10.0.0.5:3000->10.0.0.9:1: connection reset by peer', true],
    ['read tcp 10.0.0.5:3000->10.0.0.9:1: i/o timeout', true],
    ['dial tcp 10.0.0.7:9000: i/o timeout', false],
    ['Put "http://minio:9000/1": unexpected EOF', false],
    ['Get https://minio:9000/1: context canceled', false],
    ['no space left on device', false],
  ])('%s: the client went away: %s', (words, clientGone) => {
    const wanted = clientGone ? { status: undefined, answeredBy: 'none' } : { status: 500, answeredBy: 'registry' };
    expect(read(words)).toMatchObject({ clientGone, ...wanted });
  });

  test('another line is not read', () => {
    expect(gitea?.read('[E] Package registry API internal error: 500 x')).toBeUndefined();
  });
});

describe('cloudflared', () => {
  const read = (words: string, rest = `connIndex=0 dest=https://git.example.org${uri}?x type=http`) =>
    cloudflared?.read(`2026-11-28T22:00:00Z ERR  error="${words}" ${rest}`);

  test.each<[words: string, said: object]>([
    ['context canceled', { answeredBy: 'none', clientGone: true }],
    ['stream 5 canceled by remote with error code 0', { answeredBy: 'none', clientGone: true }],
    ['timeout awaiting response headers', { status: 504, answeredBy: 'cloudflare' }],
    ['read tcp: i/o timeout', { status: 504, answeredBy: 'cloudflare' }],
    ['Unable to reach the origin service', { status: 502, answeredBy: 'cloudflare' }],
    ['dial tcp: connection refused', { status: 502, answeredBy: 'cloudflare' }],
    ['lookup x: no such host', { status: 502, answeredBy: 'cloudflare' }],
    ['unexpected EOF', { status: 502, answeredBy: 'cloudflare' }],
    ['connection reset by peer', { status: 502, answeredBy: 'cloudflare' }],
    ['EOF', { status: 502, answeredBy: 'cloudflare' }],
  ])('%s', (words, said) => {
    expect(read(words)).toEqual({ method: '', uri: `https://git.example.org${uri}`, words, ...said });
  });

  test.each(['connIndex=0', 'originService=x', 'cfRay=x'])(
    'a line with %s alone is read, without an address',
    (rest) => {
      expect(read('EOF', rest)).toMatchObject({ uri: '', status: 502 });
    },
  );

  test('other words, and another line, are not read', () => {
    expect(read('something else')).toBeUndefined();
    expect(read('EOF', 'type=http')).toBeUndefined();
    expect(cloudflared?.read(`INF error="EOF" connIndex=0`)).toBeUndefined();
  });
});

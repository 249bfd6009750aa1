import { describe, expect, test } from 'vitest';
import { explainLine, logFormats } from '../../../src/probe/explain/explain-line.ts';
import { realLines } from './real-lines.ts';

/** What each real line is about, in their order. */
const wanted: readonly (readonly [reason: string, answeredBy: string, causes: string])[] = [
  ['body_too_large', 'nginx', 'likely nginx_body_limit'],
  ['body_too_large', 'nginx', 'likely nginx_body_limit'],
  ['origin_unreachable', 'nginx', 'open hop_cannot_reach_registry, open registry_down'],
  ['response_timeout', 'nginx', 'likely nginx_read_timeout'],
  ['body_too_large', 'nginx', 'open nginx_body_limit'],
  ['origin_unreachable', 'nginx', 'open hop_cannot_reach_registry, open registry_down'],
  ['response_timeout', 'nginx', 'open nginx_read_timeout, open request_time_limit'],
  ['connection_reset', 'none', 'nothing'],
  ['request_timeout', 'nginx', 'open nginx_client_body_timeout'],
  ['body_too_large', 'nginx', 'open nginx_body_limit'],
  ['body_too_large', 'nginx', 'open nginx_body_limit'],
  ['origin_unreachable', 'nginx', 'open hop_cannot_reach_registry, open registry_down'],
  ['response_timeout', 'nginx', 'open nginx_read_timeout, open request_time_limit'],
  ['connection_reset', 'none', 'nothing'],
  ['request_timeout', 'nginx', 'open nginx_client_body_timeout'],
  ['origin_unreachable', 'haproxy', 'open hop_cannot_reach_registry, open registry_down'],
  ['origin_unreachable', 'haproxy', 'open hop_cannot_reach_registry, open registry_down'],
  ['origin_unreachable', 'haproxy', 'open hop_cannot_reach_registry, open registry_down'],
  ['response_timeout', 'haproxy', 'likely haproxy_server_timeout'],
  ['response_timeout', 'haproxy', 'likely haproxy_server_timeout'],
  ['connection_reset', 'none', 'nothing'],
  ['body_too_large', 'traefik', 'open traefik_body_limit'],
  ['body_too_large', 'traefik', 'open traefik_body_limit'],
  ['origin_unreachable', 'traefik', 'open hop_cannot_reach_registry, open registry_down'],
  ['origin_unreachable', 'traefik', 'open hop_cannot_reach_registry, open registry_down'],
  ['origin_unreachable', 'traefik', 'open hop_cannot_reach_registry, open registry_down'],
  ['connection_reset', 'none', 'nothing'],
  ['origin_unreachable', 'envoy', 'open hop_cannot_reach_registry, open registry_down'],
  ['response_timeout', 'envoy', 'likely envoy_route_timeout'],
  ['connection_reset', 'none', 'nothing'],
  ['session_lost', 'registry', 'open upload_state_not_shared'],
  ['session_lost', 'registry', 'open upload_state_not_shared'],
  ['connection_reset', 'none', 'nothing'],
  ['connection_reset', 'none', 'nothing'],
  ['connection_reset', 'none', 'nothing'],
  ['connection_reset', 'none', 'nothing'],
  ['connection_reset', 'none', 'nothing'],
  ['response_timeout', 'traefik', 'open traefik_read_timeout, open traefik_gateway_timeout'],
  ['response_timeout', 'other', 'nothing'],
  ['origin_unreachable', 'traefik', 'open hop_cannot_reach_registry, open registry_down'],
  ['response_timeout', 'envoy', 'likely envoy_idle_timeout'],
  ['request_timeout', 'envoy', 'open envoy_idle_timeout, open envoy_request_timeout, open envoy_max_stream_duration'],
  ['connection_reset', 'none', 'nothing'],
  ['connection_reset', 'none', 'nothing'],
  ['quota_exceeded', 'registry', 'open quota'],
  ['quota_exceeded', 'registry', 'open quota'],
  ['auth_rejected', 'registry', 'likely push_not_allowed'],
  ['unexpected_response', 'registry', 'likely owner_missing'],
  ['connection_reset', 'none', 'nothing'],
  ['registry_error', 'registry', 'open storage_failing'],
  ['registry_error', 'registry', 'open storage_failing'],
  ['registry_error', 'registry', 'open storage_failing'],
  ['session_lost', 'registry', 'open upload_state_not_shared'],
  ['body_too_large', 'haproxy', 'open haproxy_body_limit'],
  ['blocked_by_policy', 'haproxy', 'open policy_block'],
];

test.each(realLines.map(([program, line], at) => [program, line, wanted[at]] as const))(
  '%s: %s',
  (_program, line, expected) => {
    const explained = explainLine(line);
    if (explained.kind !== 'failure') throw new Error(explained.kind);
    const { failure, findings, restsOn } = explained;
    const said = findings.map(({ confidence, cause }) => `${confidence} ${cause}`).join(', ') || 'nothing';
    expect([failure.reason, failure.answeredBy, said]).toEqual(expected);
    expect(restsOn).toBe(said.startsWith('likely') ? 'words of one line' : 'one line');
    expect(JSON.stringify(explained)).not.toContain('_state=');
  },
);

test('a body that nginx collects in a file is no failure', () => {
  const line =
    '2026/11/29 08:03:30 [warn] 4105#4105: *2 a client request body is buffered to a temporary file /var/lib/nginx/body/0000000001, client: 127.0.0.1, server: , request: "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1", host: "git.example.org"';
  expect(explainLine(line)).toMatchObject({ kind: 'no-failure', why: expect.stringContaining('collects the body') });
});

test('a line in the colours of a terminal, and one of a request that is not over', () => {
  const line = (words: string): string =>
    `2026/11/29 15:58:35 HTTPRequest [W] router: ${words} @ container/container.go:355(container.PatchBlobsUpload)`;
  const slow = 'slow      PATCH /v2/a/b/blobs/uploads/1 for 127.0.0.1:54472, elapsed 3721.0ms';
  expect(explainLine(line(slow))).toMatchObject({ kind: 'no-failure', why: expect.stringContaining('not over') });
  const coloured =
    '\u001B[1;32mcompleted\u001B[0m \u001B[1;34mPATCH\u001B[0m /v2/a/b/blobs/uploads/1 for 127.0.0.1:1, \u001B[1;31m500\u001B[0m \u001B[1;31mInternal Server Error\u001B[0m in \u001B[31m37.0ms\u001B[0m';
  expect(causesOf(line(coloured))).toEqual(['open storage_failing']);
});

test.each([
  ['165', 0],
  ['1049600', 1_049_600],
])('ingress-nginx: of a request of %s bytes a body of %d was read', (length, sentBytes) => {
  const [, line = ''] = realLines.find(([, one]) => one.includes('[gitea-3000]')) ?? [];
  const explained = explainLine(line.replace(/ 208 0\.000 /, ` ${length} 0.000 `));
  expect(explained.kind === 'failure' && explained.failure.sentBytes).toBe(sentBytes);
});

test('as many expectations as lines', () => expect(wanted).toHaveLength(realLines.length));

function causesOf(line: string): string[] {
  const explained = explainLine(line);
  return explained.kind === 'failure' ? explained.findings.map((one) => `${one.confidence} ${one.cause}`) : [];
}

describe('one line has no contrast', () => {
  const registry = (status: number, more: string): string =>
    `level=error http.request.method=PATCH http.request.uri="/v2/a/b/blobs/uploads/1" http.response.status=${status} ${more}`;
  const envoy = (flags: string): string =>
    `[x] "PATCH /v2/a/b/blobs/uploads/1 HTTP/1.1" 408 ${flags} 9 9 1001 - "-" "docker/29" "i" "h" "u"`;
  const nginx = (words: string): string =>
    `2026/11/28 22:00:00 [info] 7#7: *1 ${words}, client: 10.0.0.9, request: "PATCH /v2/a/b/blobs/uploads/1 HTTP/1.1"`;
  const timedOut = 'client timed out (110: Connection timed out)';
  const gitea = (words: string): string =>
    `2026/11/29 15:59:00 .../container/container.go:387:PatchBlobsUpload() [E] Package registry API internal error: 500 ${words}`;
  test.each<[string, string, readonly string[]]>([
    ['a client of Gitea that went away', gitea('read tcp 10.0.0.5:3000->10.0.0.9:4000: i/o timeout'), []],
    [
      'a store that Gitea cannot reach',
      gitea('Put "http://minio:9000/gitea/1": dial tcp 10.0.0.7:9000: i/o timeout'),
      ['likely storage_failing'],
    ],
    [
      'a store that hangs up on Gitea',
      gitea('Put "http://minio:9000/gitea/1": read: connection reset by peer'),
      ['likely storage_failing'],
    ],
    ['404 from a registry', registry(404, ''), ['open upload_state_not_shared']],
    ['500 from a registry', registry(500, 'err.code=unknown'), ['open storage_failing']],
    [
      '500 in words',
      registry(500, 'err.code=unknown err.detail="filesystem: write /data: no space left on device"'),
      ['likely storage_full'],
    ],
    ['the flag of a limit', envoy('SI'), ['likely envoy_idle_timeout']],
    [
      'a flag of no limit',
      envoy('LR'),
      ['open envoy_idle_timeout', 'open envoy_request_timeout', 'open envoy_max_stream_duration'],
    ],
    ['a body that rests', nginx(`${timedOut} while reading client request body`), ['likely nginx_client_body_timeout']],
    ['another wait', nginx(`${timedOut} while sending to client`), ['open nginx_client_body_timeout']],
  ])('%s', (_what, line, wantedCauses) => expect(causesOf(line)).toEqual(wantedCauses));

  test('no real line and no example is certain', () => {
    const lines = [...realLines.map(([, line]) => line), ...logFormats.map(({ example }) => example)];
    const all = lines.flatMap(causesOf);
    expect(all.length).toBeGreaterThan(lines.length / 2);
    expect(all.filter((one) => one.startsWith('certain'))).toEqual([]);
  });
});

describe('formats', () => {
  test.each(logFormats.map(({ name, example }) => [name, example] as const))(
    '%s reads its example',
    (name, example) => {
      const explained = explainLine(example);
      expect(explained).toMatchObject({ kind: 'failure', request: { format: name } });
      expect(explained).toEqual(explainLine(`  ${example}\r`));
    },
  );

  test.each<[string, string, readonly string[]]>([
    ['Traefik', 'body ended after a minute by itself', ['open traefik_read_timeout']],
    ['Gitea', 'the storage fails', ['open storage_failing']],
    ['Cloudflare tunnel', 'the origin does not answer', ['open hop_cannot_reach_registry', 'open registry_down']],
  ])('%s: %s', (name, _what, wantedCauses) => {
    const { example = '' } = logFormats.find((format) => format.name.startsWith(name)) ?? {};
    expect(causesOf(example)).toEqual(wantedCauses);
  });

  test.each<[string, string]>([
    ['docker/29.7.2 go/go1.26 git-commit/x kernel/6.12 os/linux arch/amd64 UpstreamClient(Docker-Client/29)', 'docker'],
    ['docker/29.7.2 go/go1.26 containerd-client/2.3.3 storage-driver/overlayfs', 'docker-containerd'],
    ['skopeo/1.9.3', 'skopeo'],
    ['curl/8.0', 'docker'],
  ])('the user agent %s is %s', (agent, client) => {
    const line = `1.2.3.4 - - [x] "PATCH /v2/a/b/blobs/uploads/1 HTTP/1.1" 413 1 "-" "${agent}"`;
    expect(explainLine(line)).toMatchObject({ client });
  });
});

describe('what is not explained', () => {
  const access = (request: string, status: number): string =>
    `1.2.3.4 - - [x] "${request} HTTP/1.1" ${status} 1 "-" "docker/29"`;
  test.each<[string, string, string, string]>([
    ['no log line', 'something went wrong', 'unknown', 'no format that is known'],
    ['an endless line', 'x'.repeat(20_000), 'unknown', '16 KiB'],
    ['another site', access('GET /favicon.ico', 404), 'unknown', 'no request to a registry'],
    ['a login', access('GET /v2/', 401), 'no-failure', 'a login begins with 401'],
    ['a look', access('HEAD /v2/a/b/blobs/sha256:1', 404), 'no-failure', 'clients look'],
    ['a success', access('PATCH /v2/a/b/blobs/uploads/1', 202), 'no-failure', '202'],
    ['JSON of something else', '{"level":"info"}', 'unknown', 'no format'],
  ])('%s', (_what, line, kind, why) => {
    expect(explainLine(line)).toMatchObject({ kind, why: expect.stringContaining(why) as string });
  });
});

const pushed = '"PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1"';
const refusedByNginx = `10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] ${pushed} 413 176 "-" "docker/29.7.2"`;

test.each([
  ['a file of Docker', JSON.stringify({ log: `${refusedByNginx}\n`, stream: 'stdout', time: '2026-11-28T22:00:00Z' })],
  ['the journal as JSON', JSON.stringify({ PRIORITY: '6', MESSAGE: refusedByNginx })],
  ['a container runtime', `2026-11-28T22:00:00.123456789Z stdout F ${refusedByNginx}`],
  ['kubectl logs --timestamps', `2026-11-28T22:00:00.123456789Z ${refusedByNginx}`],
  ['kubectl logs --prefix', `[pod/ingress-7d4/controller] ${refusedByNginx}`],
  ['kubectl logs with both', `[pod/ingress-7d4/controller] 2026-11-28T22:00:00.123Z ${refusedByNginx}`],
  ['docker compose logs', `nginx-1  | ${refusedByNginx}`],
  ['journalctl', `Nov 28 22:00:00 web nginx[812]: ${refusedByNginx}`],
  ['journalctl with full times', `2026-11-28T22:00:00+0000 web nginx[812]: ${refusedByNginx}`],
  ['syslog', `<134>Nov  8 22:00:00 web nginx: ${refusedByNginx}`],
  ['grep over files', `/var/log/nginx/access.log.1:1204:${refusedByNginx}`],
  ['Apache with its virtual host', `git.example.org:443 ${refusedByNginx}`],
  ['a client of IPv6', refusedByNginx.replace('10.0.0.9', '2001:db8::9')],
])('what stands around a line is taken off: %s', (_what, line) => {
  expect(explainLine(line)).toMatchObject({ kind: 'failure', failure: { reason: 'body_too_large', status: 413 } });
});

const caddyLine = (more: object): string =>
  JSON.stringify({
    level: 'error',
    logger: 'http.log.access',
    msg: 'handled request',
    request: {
      method: 'PATCH',
      uri: '/v2/team/app/blobs/uploads/1?_state=x',
      headers: { 'User-Agent': ['crane/v0.22'] },
    },
    bytes_read: 1_048_576,
    duration: 0.52,
    status: 502,
    ...more,
  });
const envoyLine = (more: object): string =>
  JSON.stringify({
    method: 'PATCH',
    path: '/v2/team/app/blobs/uploads/1?_state=x',
    response_code: 504,
    response_flags: 'UT',
    bytes_received: 99,
    duration: 15_001,
    upstream_service_time: null,
    ...more,
  });
const nginxLine = (more: object): string =>
  JSON.stringify({
    request: 'PATCH /v2/team/app/blobs/uploads/1?_state=x HTTP/1.1',
    status: 413,
    body_bytes_sent: '176',
    request_length: '1048800',
    request_time: '0.412',
    upstream_status: '',
    ...more,
  });

test.each<[what: string, line: string, reason: string, answeredBy: string]>([
  ['Caddy says 502', caddyLine({}), 'origin_unreachable', 'caddy'],
  [
    'Caddy passes a 502 on',
    caddyLine({ resp_headers: { Server: ['nginx'], Via: ['1.1 Caddy'] } }),
    'origin_unreachable',
    'other',
  ],
  [
    'Caddy tells its error',
    caddyLine({ logger: 'http.log.error', msg: 'dial tcp 10.0.0.5:5000: connect: connection refused' }),
    'origin_unreachable',
    'caddy',
  ],
  ['Envoy ends a request', envoyLine({}), 'response_timeout', 'envoy'],
  [
    'Envoy passes an answer on',
    envoyLine({ response_code: 413, response_flags: '', upstream_service_time: '7' }),
    'body_too_large',
    'other',
  ],
  [
    'Envoy does not say who answered',
    envoyLine({ response_code: 413, response_flags: '-', upstream_service_time: undefined }),
    'body_too_large',
    'other',
  ],
  ['a client leaves Envoy', envoyLine({ response_code: 0, response_flags: 'DC' }), 'connection_reset', 'none'],
  ['nginx refuses', nginxLine({}), 'body_too_large', 'nginx'],
  ['nginx passes an answer on', nginxLine({ upstream_status: '413' }), 'body_too_large', 'other'],
  ['a client leaves nginx', nginxLine({ status: 499 }), 'connection_reset', 'none'],
  [
    'JSON of nobody who is known',
    JSON.stringify({ method: 'PATCH', path: '/v2/team/app/blobs/uploads/1?_state=x', status: 502 }),
    'origin_unreachable',
    'other',
  ],
])('JSON: %s', (_what, line, reason, answeredBy) => {
  const explained = explainLine(line);
  expect(explained).toMatchObject({ kind: 'failure', failure: { reason, answeredBy } });
  expect(JSON.stringify(explained)).not.toContain('_state');
});

test.each([
  ['{"level":"info","msg":"server running"}'],
  ['{"status":"ok"}'],
  ['{"status":413}'],
  ['["PATCH /v2/ HTTP/1.1",413]'],
  ['{"log":{"log":"x"}}'],
  ['{'],
  ['nginx-1  | '],
  ['Nov 28 22:00:00 web nginx[812]: signal process started'],
])('what tells of no request is not known: %s', (line) => {
  expect(explainLine(line)).toMatchObject({ kind: 'unknown' });
});

/** A line of nginx's access log, of a request that nginx refused. */
const refused = (request: string, status: number, agent = 'docker/29'): string =>
  `1.2.3.4 - - [x] "${request} HTTP/1.1" ${status} 1 "-" "${agent}"`;

test.each([
  ['POST /v2/a/blobs/uploads/', 'start'],
  ['POST /v2/a/blobs/uploads', 'start'],
  ['POST /v2/a/blobs/uploads/?digest=sha256:1', 'start'],
  ['POST /token', 'auth'],
  ['PATCH /v2/a/blobs/uploads/1', 'send'],
  ['PUT /v2/a/blobs/uploads/1', 'send'],
  ['PUT /v2/a/manifests/latest', 'commit'],
  ['DELETE /v2/a/blobs/sha256:1', 'cleanup'],
  ['HEAD /v2/a/blobs/sha256:1', 'verify'],
  ['GET /v2/a/blobs/sha256:1', 'pull'],
  ['GET /v2/a/manifests/latest', 'pull'],
  ['GET /v2/a/tags/list', 'pull'],
  ['GET /v2/', 'auth'],
  ['GET /v2', 'auth'],
])('%s is in %s', (request, phase) => {
  expect(explainLine(refused(request, 503))).toMatchObject({ kind: 'failure', failure: { phase, status: 503 } });
});

test('what a failure of a line holds', () => {
  const line =
    '2026/11/28 22:00:00 [error] 7#7: *1 client intended to send too large body: 104857600 bytes, client: 10.0.0.9, request: "PATCH /v2/a/blobs/uploads/1?_state=x HTTP/1.1"';
  const words = 'client intended to send too large body: 104857600 bytes';
  expect(explainLine(line)).toMatchObject({
    restsOn: 'words of one line',
    client: 'docker',
    failure: {
      reason: 'body_too_large',
      phase: 'send',
      answeredBy: 'nginx',
      blame: 'ingress',
      status: 413,
      sentBytes: 104_857_600,
      elapsedMs: 0,
      blob: 'blob',
      evidence: { message: words, method: 'PATCH', url: '/v2/a/blobs/uploads/1', code: undefined, body: undefined },
    },
  });
  expect(explainLine(refused('PUT /v2/a/blobs/uploads/1', 413))).toMatchObject({
    restsOn: 'one line',
    failure: { evidence: { message: "combined access log, taken for nginx's", method: 'PUT' } },
  });
});

test.each([
  ['PUT /v2/a/blobs/uploads/1', 'quota_exceeded'],
  ['POST /v2/a/blobs/uploads/', 'auth_rejected'],
  ['GET /v2/', 'auth_rejected'],
])("a registry's empty 403 to %s is %s: a quota refuses what was sent", (request, reason) => {
  const line = `1.2.3.4 - - [x] "${request} HTTP/1.1" 403 0 "" "docker/29"`;
  expect(explainLine(line)).toMatchObject({ failure: { reason, answeredBy: 'registry' } });
});

test("a registry's own words are what it answers, and a hop's are not", () => {
  const line = (more: string): string =>
    `level=error http.request.method=PATCH http.request.uri="/v2/a/blobs/uploads/1" http.response.status=500 ${more}`;
  expect(explainLine(line('err.code=unknown err.detail="disk is full"'))).toMatchObject({
    failure: {
      answeredBy: 'registry',
      registryCode: 'UNKNOWN',
      evidence: { message: 'disk is full', body: 'disk is full' },
    },
  });
  expect(explainLine(line(''))).toMatchObject({ failure: { evidence: { body: undefined } } });
});

test.each([
  [400, '', 'unexpected_response', []],
  [400, 'err.code="digest invalid"', 'body_corrupted', ['open body_corrupted']],
  [400, 'err.code="size invalid"', 'range_conflict', ['open range_refused']],
  [403, '', 'auth_rejected', ['open credentials_rejected']],
  [403, 'err.detail="quota exceeded"', 'quota_exceeded', ['likely quota']],
  [404, 'err.code="blob upload unknown"', 'session_lost', ['open upload_state_not_shared']],
  [404, 'err.code="name unknown"', 'session_lost', ['likely owner_missing']],
])("a registry's %d with %j is read by its code and its words", (status, more, reason, causes) => {
  const line = `level=error http.request.method=PUT http.request.uri="/v2/a/blobs/uploads/1" http.response.status=${status} ${more}`;
  expect(explainLine(line)).toMatchObject({ failure: { reason } });
  expect(causesOf(line)).toEqual(causes);
});

describe('a client that went away', () => {
  const gone = (request: string): string => refused(request, 499);

  test.each([
    ['in its body', 'PATCH /v2/a/blobs/uploads/1', 'connection_reset', 'send'],
    ['while it waited', 'PUT /v2/a/manifests/latest', 'connection_reset', 'commit'],
  ])('%s: a cut, which nobody answered', (_what, request, reason, phase) => {
    expect(explainLine(gone(request))).toMatchObject({
      kind: 'failure',
      failure: { reason, phase, answeredBy: 'none', status: undefined, evidence: { code: 'ECONNRESET' } },
    });
  });

  test.each([
    [57_999, 'none'],
    [58_000, 'traefik'],
    [62_000, 'traefik'],
    [62_001, 'none'],
  ])("Traefik's 499 after %d ms is of %s: it ends bodies itself after a minute", (ms, answeredBy) => {
    const line = `${refused('PATCH /v2/a/blobs/uploads/1', 499)} 7 "r@docker" "http://10.0.0.5:5000" ${ms}ms`;
    expect(explainLine(line)).toMatchObject({ failure: { answeredBy, elapsedMs: ms } });
  });
});

test('a registry that closed the connection is a cut as well', () => {
  const line =
    '10.0.0.9:41234 [28/Nov/2026:22:00:00.123] fe be/registry 0/0/1/-1/5 -1 198 - - SD-- 1/1/0/0/0 0/0 "PUT /v2/a/blobs/uploads/1 HTTP/1.1"';
  expect(explainLine(line)).toMatchObject({
    kind: 'failure',
    failure: { reason: 'connection_reset', answeredBy: 'none', evidence: { code: 'ECONNRESET' } },
  });
});

describe('borders of what is explained', () => {
  test('what a tunnel says without a method is of a body', () => {
    const line = '2026-11-28T22:00:00Z ERR  error="EOF" connIndex=0 dest=https://git.example.org/v2/a/blobs/uploads/1';
    expect(explainLine(line)).toMatchObject({ failure: { phase: 'send', answeredBy: 'cloudflare' } });
  });

  test("another hop's 499 after a minute is no end of its own", () => {
    const line =
      '1.2.3.4 - - [x] "PATCH /v2/a/blobs/uploads/1 HTTP/1.1" 499 0 "-" "docker/29" 2205 60.001 [gitea-3000] [] 10.0.0.5:3000 0 60.001 - 7c91';
    expect(explainLine(line)).toMatchObject({ failure: { answeredBy: 'none', elapsedMs: 60_001 } });
  });

  test.each([
    ['16 KiB of anything', 'x'.repeat(16 * 1024), 'the line is in no format that is known'],
    ['a character more', 'x'.repeat(16 * 1024 + 1), 'the line is longer than 16 KiB'],
    ['an address that only begins so', refused('GET /v2x/', 404), 'it is no request to a registry'],
    ['an answer without a number', envoyLine({ response_code: '-' }), 'the line has neither a status nor an end'],
    [
      'a request of something else',
      'level=error http.request.method=PATCH http.request.uri="/other" http.response.status=500',
      'it is no request to a registry',
    ],
  ])('%s is not known', (_what, line, why) => {
    expect(explainLine(line)).toEqual({ kind: 'unknown', why });
  });

  test.each([
    [refused('PATCH /v2/a/blobs/uploads/1', 399), '399 is no failure'],
    [refused('POST /v2/a/blobs/uploads/', 202), '202 is no failure'],
    [refused('GET /token', 401), 'a login begins with 401; it is a failure when nothing comes after it'],
    [refused('GET /v2/a/manifests/1', 404), 'clients look before they push, and 404 is the usual answer'],
  ])('%s is no failure', (line, why) => {
    expect(explainLine(line)).toMatchObject({ kind: 'no-failure', why });
  });

  test.each(['PATCH /v2/a/blobs/uploads/1', 'PUT /v2/a/manifests/1', 'DELETE /v2/a/blobs/sha256:1'])(
    '404 to %s is a failure',
    (request) => {
      expect(explainLine(refused(request, 404))).toMatchObject({ kind: 'failure' });
    },
  );

  test('around a line there are four things at most', () => {
    const line = refused('PATCH /v2/a/blobs/uploads/1', 413);
    const wrapped = (times: number): string => `${'web-1 | '.repeat(times)}${line}`;
    expect([4, 5].map((times) => explainLine(wrapped(times)).kind)).toEqual(['failure', 'unknown']);
  });

  test('what was passed on has no findings: nobody knows whose words it is in', () => {
    expect(explainLine(refused('PATCH /v2/a/blobs/uploads/1', 403))).toMatchObject({
      kind: 'failure',
      failure: { answeredBy: 'other' },
      findings: [],
      restsOn: 'one line',
    });
  });

  test('each cause is named once', () => {
    const causes = causesOf(refused('PATCH /v2/a/blobs/uploads/1', 504));
    expect(causes.length).toBeGreaterThan(1);
    expect(new Set(causes).size).toBe(causes.length);
  });
});

test.each([
  ['crane/v0.22.1 go-containerregistry/v0.22.1', 'crane'],
  ['containerd/2.4.2', 'containerd'],
  ['buildkit/v0.34', 'buildkit'],
  ['-', 'docker'],
  ['docker/29', 'docker'],
  ['x docker/29', 'docker'],
])('the user agent %s is of %s', (agent, client) => {
  expect(explainLine(refused('PATCH /v2/a/blobs/uploads/1', 413, agent))).toMatchObject({ client });
});

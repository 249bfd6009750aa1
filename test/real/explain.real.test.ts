import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { explainLine } from '../../src/probe/explain/explain-line.ts';
import { describeWithComponents } from '../support/component.ts';
import { observe, type WireRequest } from '../support/wire.ts';
import { Opened } from '../support/servers.ts';
import { startRegistry } from './support/docker-registry.ts';
import { envoyFilter } from './hops/envoy.ts';
import { type HopName, type HopOptions, hopPrograms, startHop } from './hops/hop.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const upload = '/v2/team/app/blobs/uploads/1?_state=secret';
const large = Buffer.alloc(2_000_000);
const docker = { 'user-agent': 'docker/29.7.2 go/go1.26' };

/** What is behind the hop: nobody, somebody who never answers, or who closes after so many bytes. */
type Behind = 'nobody' | 'silent' | { readonly closesAfterBytes: number };

async function startBehind(behind: Behind, opened: Opened): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let bytes = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (typeof behind === 'object' && bytes > behind.closesAfterBytes) socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  if (behind === 'nobody') await close();
  else opened.own({ close });
  return port;
}

interface Scene {
  readonly behind: Behind;
  readonly more: HopOptions['more'];
  readonly wire: WireRequest;
}

/** Sends the request over the hop, and gives what reads the lines about it in all its logs. */
async function logsOf(name: HopName, scene: Scene, opened: Opened): Promise<() => readonly string[]> {
  const directory = temporaryDirectory('explain');
  opened.own({ close: () => directory.remove() });
  const files = ['combined', 'ingress', 'error'].map((log) => join(directory.path, log));
  const { wire, behind } = scene;
  const more = { ...scene.more, ...logging(name, files, scene.more ?? {}) };
  const hop = opened.own(await startHop(name, { upstreamPort: await startBehind(behind, opened), more }));
  await observe(`${hop.origin}${upload}`, {
    method: 'PATCH',
    headers: docker,
    body: large,
    patienceMs: 8_000,
    ...wire,
  });
  return () =>
    [hop.output(), ...files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))]
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.includes('/v2/team/app/'));
}

const ingressFormat =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [registry-5000] [] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $request_id';

function logging(
  name: HopName,
  [combined, ingress, error]: readonly string[],
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (name === 'nginx') {
    return {
      http: `log_format upstreaminfo '${ingressFormat}';`,
      server: `access_log ${combined} combined; access_log ${ingress} upstreaminfo; error_log ${error} info; ${more['server'] ?? ''}`,
    };
  }
  if (name === 'haproxy') {
    return {
      global: 'log stdout format raw local0',
      defaults: `log global\n  option httplog\n  ${more['defaults'] ?? ''}`,
    };
  }
  if (name === 'traefik') return { arguments: `--accesslog=true\n${more['arguments'] ?? ''}` };
  const log = { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog' };
  const access_log = [{ name: 'stdout', typed_config: log }];
  return { manager: JSON.stringify({ access_log, ...(JSON.parse(more['manager'] ?? '{}') as object) }) };
}

const stalls: WireRequest = { pause: { afterBytes: 500_000, ms: 6_000 }, patienceMs: 5_000 };
const goesAway: WireRequest = { abortAfterBytes: 500_000 };
const small: WireRequest = { body: Buffer.alloc(2_000) };
const impatient: WireRequest = { ...small, patienceMs: 500 };
const closes: Behind = { closesAfterBytes: 300_000 };
const json = '--accesslog.format=json';
const unreachable = (hop: string): string =>
  `origin_unreachable by ${hop}, open hop_cannot_reach_registry, open registry_down`;
const gone = 'connection_reset by none, client gone';
/** What the three logs of nginx say. */
const nginxSays = (access: string, error?: string): readonly string[] => [
  `combined access log, taken for nginx's: ${access}`,
  `ingress-nginx access log: ${access}`,
  ...(error === undefined ? [] : [`nginx error log: ${error}`]),
];
const haproxySays = (words: string): readonly string[] => [`HAProxy HTTP log: ${words}`];
const traefikSays = (words: string): readonly string[] => [`Traefik access log: ${words}`];
const traefikJson = (words: string): readonly string[] => [`Traefik access log in JSON: ${words}`];
const envoySays = (words: string): readonly string[] => [`Envoy access log: ${words}`];

/** `said`: patterns, in their order. */
type Row = readonly [what: string, behind: Behind, wire: WireRequest, more: Scene['more'], said: readonly string[]];

const nginxRows: readonly Row[] = [
  [
    'limit',
    'silent',
    {},
    { location: 'client_max_body_size 1m;' },
    nginxSays('body_too_large by nginx, open nginx_body_limit', 'body_too_large by nginx, likely nginx_body_limit'),
  ],
  [
    'limit, chunked',
    'silent',
    { chunked: true },
    { location: 'client_max_body_size 1m;' },
    nginxSays('body_too_large by nginx, open nginx_body_limit', 'body_too_large by nginx, likely nginx_body_limit'),
  ],
  ['nobody behind', 'nobody', small, {}, nginxSays(unreachable('nginx'), unreachable('nginx'))],
  [
    'read timeout',
    'silent',
    small,
    { location: 'proxy_read_timeout 1s;' },
    nginxSays(
      'response_timeout by nginx, open nginx_read_timeout, open request_time_limit',
      'response_timeout by nginx, likely nginx_read_timeout',
    ),
  ],
  // Its error log says nothing of it.
  [
    'body timeout',
    'silent',
    stalls,
    { server: 'client_body_timeout 1s;' },
    nginxSays('request_timeout by nginx, open nginx_client_body_timeout'),
  ],
  ['client gone', 'silent', goesAway, {}, nginxSays(gone, gone)],
  [
    'client gone, passed on as it comes',
    'silent',
    goesAway,
    { location: 'proxy_request_buffering off; proxy_http_version 1.1;' },
    nginxSays(gone, gone),
  ],
  ['client gone while waiting', 'silent', impatient, {}, nginxSays(gone, gone)],
  ['registry closes', closes, {}, {}, nginxSays(unreachable('nginx'), unreachable('nginx'))],
];
const haproxyRows: readonly Row[] = [
  ['nobody behind', 'nobody', small, {}, haproxySays(unreachable('haproxy'))],
  [
    'server timeout',
    'silent',
    small,
    { backend: 'timeout server 1s' },
    haproxySays('response_timeout by haproxy, likely haproxy_server_timeout'),
  ],
  ['client gone', 'silent', goesAway, {}, haproxySays(gone)],
  ['client gone while waiting', 'silent', impatient, { defaults: 'option abortonclose' }, haproxySays(gone)],
  // It answers 502, or closes without an answer when it was still writing.
  [
    'registry closes',
    closes,
    {},
    {},
    haproxySays(`(?:${unreachable('haproxy')}|connection_reset by none, registry gone)`),
  ],
  [
    'limit',
    'silent',
    {},
    {
      frontend:
        'http-request deny deny_status 413 if { req.hdr(content-length) -m int gt 1000000 }\n  default_backend back',
    },
    haproxySays('body_too_large by haproxy, open haproxy_body_limit'),
  ],
];
const traefikLimit = '{"buffering":{"maxRequestBodyBytes":1000000}}';
const traefikWait = '{"forwardingTimeouts":{"responseHeaderTimeout":"1s"}}';
const traefikLate = 'response_timeout by traefik, open traefik_read_timeout, open traefik_gateway_timeout';
const traefikRows: readonly Row[] = [
  [
    'limit',
    'silent',
    {},
    { middleware: traefikLimit },
    traefikSays('body_too_large by traefik, open traefik_body_limit'),
  ],
  [
    'limit, JSON',
    'silent',
    {},
    { middleware: traefikLimit, arguments: json },
    traefikJson('body_too_large by traefik, open traefik_body_limit'),
  ],
  ['nobody behind', 'nobody', small, {}, traefikSays(unreachable('traefik'))],
  ['nobody behind, JSON', 'nobody', small, { arguments: json }, traefikJson(unreachable('traefik'))],
  ['answer timeout', 'silent', small, { transport: traefikWait }, traefikSays(traefikLate)],
  ['answer timeout, JSON', 'silent', small, { transport: traefikWait, arguments: json }, traefikJson(traefikLate)],
  ['client gone while waiting', 'silent', impatient, {}, traefikSays(gone)],
  ['client gone while waiting, JSON', 'silent', impatient, { arguments: json }, traefikJson(gone)],
  ['registry closes', closes, {}, {}, traefikSays(unreachable('traefik'))],
];
const envoyLimit = JSON.stringify([envoyFilter('buffer', { max_request_bytes: 1_000_000 })]);
const envoyRows: readonly Row[] = [
  ['limit', 'silent', {}, { filters: envoyLimit }, envoySays('body_too_large by envoy, open envoy_body_limit')],
  ['nobody behind', 'nobody', small, {}, envoySays(unreachable('envoy'))],
  [
    'route timeout',
    'silent',
    small,
    { route: '{"timeout":"1s"}' },
    envoySays('response_timeout by envoy, likely envoy_route_timeout'),
  ],
  [
    'idle timeout in the body',
    'silent',
    stalls,
    { manager: '{"stream_idle_timeout":"1s"}' },
    envoySays('request_timeout by envoy, likely envoy_idle_timeout'),
  ],
  [
    'idle timeout in the wait',
    'silent',
    small,
    { manager: '{"stream_idle_timeout":"1s"}' },
    envoySays('response_timeout by envoy, likely envoy_idle_timeout'),
  ],
  [
    'request timeout',
    'silent',
    stalls,
    { manager: '{"request_timeout":"1s"}' },
    envoySays(
      'request_timeout by envoy, open envoy_idle_timeout, open envoy_request_timeout, open envoy_max_stream_duration',
    ),
  ],
  ['client gone', 'silent', goesAway, {}, envoySays(gone)],
  ['registry closes', closes, {}, {}, envoySays(unreachable('envoy'))],
];

/** `nginx error log: body_too_large by nginx, likely nginx_body_limit`. */
function said(line: string): string {
  const one = explainLine(line);
  if (one.kind === 'unknown') return `not known: ${line}`;
  if (one.kind === 'no-failure') return `${one.request.format}: no failure`;
  const { failure, findings, request } = one;
  const end = request.clientGone === true ? ', client gone' : request.registryGone === true ? ', registry gone' : '';
  const causes = findings.map(({ confidence, cause }) => `, ${confidence} ${cause}`).join('');
  return `${request.format}: ${failure.reason} by ${failure.answeredBy}${end}${causes}`;
}

const programs = { nginx: nginxRows, haproxy: haproxyRows, traefik: traefikRows, envoy: envoyRows } as const;

describe.concurrent('side by side', () => {
  for (const [name, rows] of Object.entries(programs) as [keyof typeof programs, readonly Row[]][]) {
    describeWithComponents(hopPrograms[name].components, `log lines of ${name}, explained`, () => {
      test.for(rows)('%s', { timeout: 60_000 }, async ([_what, behind, wire, more, wanted], { expect }) => {
        const opened = new Opened();
        try {
          const lines = await logsOf(name, { behind, wire, more }, opened);
          // That a body goes into a file is said beside what happens to it.
          const told = (): string[] => [...new Set(lines().map(said))].filter((one) => !one.endsWith(': no failure'));
          const patterns = wanted.map((one) => expect.stringMatching(new RegExp(`^${one}$`)));
          await expect.poll(() => told().toSorted(), { timeout: 20_000 }).toEqual(patterns);
        } finally {
          await opened.closeAll();
        }
      });
    });
  }
});

describeWithComponents(['docker-registry'], 'log lines of docker-registry, explained', () => {
  const uploads = '/v2/team/app/blobs/uploads/';
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  /** Opens a session, does something with it, and gives what is said of the lines about requests of this method. */
  async function told(method: string, act: (session: string, origin: string) => Promise<unknown>): Promise<string[]> {
    const registry = opened.own(await startRegistry());
    const { response } = await observe(`${registry.origin}${uploads}`, { method: 'POST', headers: docker });
    await act(response?.headers['location'] ?? '', registry.origin);
    const lines = (): string[] =>
      registry
        .log()
        .split('\n')
        .filter((line) =>
          new RegExp(`"${method} /v2/team/app|msg="(?:response completed with error|client disc)`).test(line),
        );
    await expect.poll(() => lines().length, { timeout: 20_000 }).toBeGreaterThan(1);
    return [...new Set(lines().map(said))].toSorted();
  }

  test('an upload that it does not know', async () => {
    const lines = await told('PATCH', (session) =>
      observe(session.replace(/[0-9a-f]{8}-/, '00000000-'), { method: 'PATCH', headers: docker, body: large }),
    );
    expect(lines).toEqual([
      'access log of a registry (Gitea, Forgejo, distribution): session_lost by registry, open upload_state_not_shared',
      'distribution (registry) log: session_lost by registry, open upload_state_not_shared',
    ]);
  });

  test('another digest than that of the body', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const lines = await told('PUT', (session) =>
      observe(`${session}&digest=${digest}`, { method: 'PUT', headers: docker, body: Buffer.from('x') }),
    );
    expect(lines).toEqual([
      'access log of a registry (Gitea, Forgejo, distribution): unexpected_response by registry',
      'distribution (registry) log: body_corrupted by registry, open body_corrupted',
    ]);
  });

  test('a client that goes away in the middle of its body', async () => {
    const lines = await told('PATCH', (session) =>
      observe(session, { method: 'PATCH', headers: docker, body: large, abortAfterBytes: 500_000 }),
    );
    expect(lines).toEqual([
      'access log of a registry (Gitea, Forgejo, distribution): registry_error by other',
      'distribution (registry) log: connection_reset by none, client gone',
    ]);
  });
});

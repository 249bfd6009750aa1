import { mkdirSync, writeFileSync } from 'node:fs';
import { hashSync } from 'bcryptjs';
import { join } from 'node:path';
import { freePort } from '../support/process.ts';
import { startFront } from '../support/backends.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { envoyFilter } from '../hops/envoy.ts';
import { type Case, pathsOf, type Stage } from './case.ts';

const unreached = /hop_cannot_reach_registry/;

export async function folderWith(stage: Stage, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = temporaryDirectory('files');
  await stage.keep(Promise.resolve({ close: () => directory.remove() }));
  mkdirSync(directory.path, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory.path, name), text);
  return directory.path;
}

/** Where requests go, who they are told to be for, and what stands there instead of a registry. */
const wrongPlaces: readonly Case[] = [
  {
    name: 'the portal answers /v2/: nginx, try_files',
    source: 'goharbor/harbor#22459, goharbor/harbor-helm#1492, distribution/distribution#2386',
    expected: { right: /portal|HTML|not a registry|no registry|\/v2\//i, hops: ['ingress'], never: /method_blocked/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const root = await folderWith(stage, { 'index.html': '<html><body>Harbor</body></html>' });
      const front = await stage.hop('nginx', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: { server: `root ${root}; location = /index.html { } location /v2/ { try_files $uri /index.html; }` },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'the portal answers /v2/: Caddy, file_server',
    source: 'go-gitea/gitea#24042',
    expected: { right: /portal|HTML|not a registry|no registry|\/v2\//i, hops: ['ingress'], never: /method_blocked/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const root = await folderWith(stage, { 'index.html': '<!doctype html><title>Portal</title>' });
      const front = await stage.hop('caddy', {
        upstreamPort: registry.port,
        more: { site: `root * ${root}\n handle /v2/* {\n try_files {path} /index.html\n file_server\n }` },
      });
      return { size: '1MB', client: 'docker-containerd', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'no router of Traefik matches',
    source: 'doc.traefik.io routers',
    expected: {
      right: /rout|host/i,
      hops: ['ingress'],
      never: /upload_state_not_shared|http\.secret|hop_fails_always/,
      unknown: /404 page not found/,
    },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('traefik', {
        upstreamPort: registry.port,
        more: { router: '{"rule":"Host(`other.example.test`)"}' },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'no virtual host of Envoy matches',
    source: 'envoyproxy.io route matching',
    expected: { right: /rout|host/i, hops: ['ingress'], never: /upload_state_not_shared|http\.secret/, unknown: /404/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('envoy', {
        upstreamPort: registry.port,
        more: { host: '{"domains":["other.example.test"]}' },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'Host without the port: nginx, $host',
    source: 'openshift/origin#11337, distribution/distribution#2572',
    expected: { right: /Host/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('nginx', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: { location: 'proxy_set_header Host $host;' },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'Host of the registry: Apache without ProxyPreserveHost',
    source: 'distribution/distribution#2572',
    // The registry goes by X-Forwarded-Host, which mod_proxy sends by itself.
    expected: 'healthy',
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('apache', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: { host: 'ProxyPreserveHost off' },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'X-Forwarded-Proto is missing: nginx',
    source: 'goharbor/harbor#14201, SUSE/Portus#1584',
    expected: { right: /X-Forwarded-Proto/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('nginx', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: { location: 'proxy_set_header X-Forwarded-Proto "";' },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'X-Forwarded-Proto is missing: Caddy takes it off',
    source: 'goharbor/harbor-helm#1833',
    expected: { right: /X-Forwarded-Proto/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('caddy', {
        upstreamPort: registry.port,
        tls: stage.tls,
        http2: true,
        more: { proxy: 'header_up -X-Forwarded-Proto' },
      });
      return { size: '1MB', client: 'crane', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'http is redirected to https',
    source: 'goharbor/harbor#14201',
    expected: { right: /https/, hops: ['ingress', 'edge', 'client_network', 'prober'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('nginx', {
        upstreamPort: registry.port,
        more: { server: 'if ($request_method != "") { return 301 https://$http_host$request_uri; }' },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'nginx speaks HTTP/1.0 to Envoy',
    source: 'rpardini/docker-registry-proxy#128',
    expected: { right: /proxy_http_version/, hops: ['ingress'], unknown: /426/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const inner = await stage.hop('envoy', { upstreamPort: registry.port });
      const front = await stage.hop('nginx', { upstreamPort: inner.port, tls: stage.tls });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
];

/** Some of the requests fail, or all do for a reason that is not the way to the registry. */
const loads: readonly Case[] = [
  {
    name: 'one server of two is dead: HAProxy without health checks',
    source: 'distribution/distribution#1017, moby/moby#10614',
    expected: { right: /server|upstream/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const dead = await freePort();
      const front = await stage.hop('haproxy', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: {
          defaults: 'retries 0',
          servers: `balance roundrobin\n  server a 127.0.0.1:${registry.port}\n  server b 127.0.0.1:${dead}`,
        },
      });
      return { size: '2MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'all servers are elsewhere: Apache',
    source: 'httpd.apache.org mod_proxy',
    expected: { right: /reach|upstream|ProxyPass/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('apache', { upstreamPort: await freePort() });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'all servers are elsewhere: Varnish',
    source: 'varnish-cache.org backends',
    expected: { right: /reach|upstream|backend/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('varnish', { upstreamPort: await freePort() });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'Envoy sheds load: its circuit breaker is open',
    source: 'envoyproxy.io circuit breaking',
    expected: { right: /load|overflow|circuit|breaker/i, hops: ['ingress'], never: unreached },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('envoy', {
        upstreamPort: registry.port,
        more: {
          cluster:
            '{"circuit_breakers":{"thresholds":[{"max_requests":0,"max_connections":1,"max_pending_requests":0}]}}',
        },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'Envoy limits requests',
    source: 'envoyproxy.io local rate limit',
    expected: { right: /rate|requests/i, hops: ['ingress'], never: unreached },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const enabled = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
      const limit = envoyFilter('local_ratelimit', {
        stat_prefix: 'limit',
        token_bucket: { max_tokens: 3, tokens_per_fill: 1, fill_interval: '60s' },
        filter_enabled: enabled,
        filter_enforced: enabled,
      });
      (limit as { typed_config: Record<string, string> }).typed_config['@type'] =
        'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
      const front = await stage.hop('envoy', {
        upstreamPort: registry.port,
        more: { filters: JSON.stringify([limit]) },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'nginx limits requests: limit_req',
    source: 'nginx.org ngx_http_limit_req_module: 503 by default',
    expected: { right: /limit_req|rate|load|passes others on/i, hops: ['ingress'], never: unreached, unknown: /503/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('nginx', {
        upstreamPort: registry.port,
        more: {
          http: 'limit_req_zone $binary_remote_addr zone=one:1m rate=6r/m;',
          location: 'limit_req zone=one burst=2 nodelay;',
        },
      });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'headers are larger than nginx takes',
    source: 'nginx.org ngx_http_core_module, large_client_header_buffers',
    expected: {
      right: /header/i,
      hops: ['ingress', 'prober', 'client_network'],
      never: unreached,
      unknown: /header|cookie/i,
    },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('nginx', {
        upstreamPort: registry.port,
        more: { http: 'client_header_buffer_size 512; large_client_header_buffers 2 1k;' },
      });
      const headers = { 'x-forwarded-identity': 'i'.repeat(3_000) };
      return { size: '1MB', paths: pathsOf(stage, front, registry.port, { headers }) };
    },
  },
  {
    name: 'headers are larger than Apache takes',
    source: 'httpd.apache.org core, LimitRequestFieldSize',
    expected: {
      right: /header|LimitRequestFieldSize/i,
      hops: ['ingress', 'prober', 'client_network'],
      never: unreached,
      unknown: /header|field/i,
    },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('apache', {
        upstreamPort: registry.port,
        more: { server: 'LimitRequestFieldSize 1000' },
      });
      const headers = { 'x-forwarded-identity': 'i'.repeat(3_000) };
      return { size: '1MB', paths: pathsOf(stage, front, registry.port, { headers }) };
    },
  },
];

const credentials = { username: 'probe', password: 'secret' };

/** Logins. */
const logins: readonly Case[] = [
  ...(['docker', 'docker-containerd'] as const).map(
    (client): Case => ({
      name: `/v2/ needs no login, writes do, as ${client}: nginx, limit_except`,
      source: 'moby/moby#40290, #22300, #50896',
      // docker asks /v2/ for what it has to log in with; containerd answers the challenge of each request.
      expected:
        client === 'docker'
          ? { right: /\/v2\//, hops: ['ingress', 'auth_server'], never: /user and password/ }
          : 'healthy',
      setUp: async (stage) => {
        const registry = await stage.registry();
        const root = await folderWith(stage, { htpasswd: `probe:${hashSync('secret', 4).replace('$2b$', '$2y$')}\n` });
        const rule = `limit_except GET HEAD OPTIONS { auth_basic "Registry realm"; auth_basic_user_file ${root}/htpasswd; }`;
        const front = await stage.hop('nginx', {
          upstreamPort: registry.port,
          tls: stage.tls,
          buffers: false,
          more: { location: rule },
        });
        return { size: '1MB', client, credentials, paths: pathsOf(stage, front, registry.port) };
      },
    }),
  ),
  {
    name: '/v2/ needs no login, writes do: Caddy, basicauth',
    source: 'moby/moby#50896',
    expected: { right: /\/v2\//, hops: ['ingress', 'auth_server'], never: /user and password/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const hash = hashSync('secret', 4).replace('$2b$', '$2a$');
      const front = await stage.hop('caddy', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: { site: `@writes not method GET HEAD\n  basicauth @writes {\n    probe ${hash}\n  }` },
      });
      return { size: '1MB', credentials, paths: pathsOf(stage, front, registry.port) };
    },
  },
  ...(['roundrobin', 'random'] as const).map(
    (balance): Case => ({
      name: `two replicas sign tokens with different keys, ${balance}`,
      source: 'goharbor/harbor#23799 #12229 #10352, moby/moby#37206',
      expected: {
        right: /keys?\b|replica/i,
        hops: ['auth_server', 'registry_app', 'ingress'],
        never: /credentials_rejected|token_expired/,
      },
      setUp: async (stage) => {
        const registry = await stage.registry();
        const cores = [await startCore(stage, registry.port, 'A'), await startCore(stage, registry.port, 'B')];
        const front = await stage.hop('haproxy', {
          upstreamPort: registry.port,
          more: {
            servers: `balance ${balance}\n${cores.map((port, index) => `  server s${index} 127.0.0.1:${port}`).join('\n')}`,
          },
        });
        const direct = { url: `http://127.0.0.1:${cores[0]}`, kind: 'internal' };
        return { size: '1MB', credentials, paths: { ...pathsOf(stage, front, registry.port), direct } };
      },
    }),
  ),
  {
    name: 'the registry takes no token of its own token service',
    source: 'distribution/distribution, token authentication: audience and key',
    expected: {
      right: /keys?\b|audience|service|clock/i,
      hops: ['auth_server', 'registry_app'],
      never: /credentials_rejected|token_expired/,
      unknown: /unauthorized/i,
    },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const port = await startCore(stage, registry.port, 'A', 'B');
      return { size: '1MB', credentials, paths: { public: { url: `http://127.0.0.1:${port}`, kind: 'ingress' } } };
    },
  },
];

/** A Harbor-like core with a key of its own: its token service takes any login, its registry only tokens of that key. */
export async function startCore(stage: Stage, upstreamPort: number, signs: string, takes = signs): Promise<number> {
  const { port } = await stage.keep(
    startFront({
      upstreamPort,
      instead: (request, response) => {
        if (request.url?.startsWith('/service/token')) {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ token: `token-of-${signs}`, expires_in: 1800 }));
          return true;
        }
        if (request.headers.authorization === `Bearer token-of-${takes}`) return false;
        const realm = `http://${request.headers.host}/service/token`;
        response.writeHead(401, {
          'docker-distribution-api-version': 'registry/2.0',
          'www-authenticate': `Bearer realm="${realm}",service="harbor-registry",scope="repository:team/probe:pull,push"`,
          'content-type': 'application/json',
        });
        const message = 'unauthorized to access repository: team/probe, action: push';
        response.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message }] }));
        return true;
      },
    }),
  );
  return port;
}

export const routeCases: readonly Case[] = [...wrongPlaces, ...loads, ...logins];

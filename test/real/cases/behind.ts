import type { HopName } from '../hops/hop.ts';
import { freePort } from '../support/process.ts';
import { type Case, type Fault, pathsOf } from './case.ts';
import { startCore } from './routes.ts';
import { slowRegistry } from './times.ts';

interface Behind {
  readonly front: HopName;
  readonly hop: HopName;
  readonly what: string;
  readonly source: string;
  readonly more: Readonly<Record<string, string>>;
  readonly right: RegExp;
  /** What the first hop would be told to do. */
  readonly never: RegExp;
  readonly client?: string;
  readonly size?: string;
  /** The registry takes so long to commit. */
  readonly commitMs?: number;
}

const namesAll = 'nginx.org ngx_http_proxy_module: Server of what is passed on is nginx’s own';

/** Two hops, and the second one is at fault: the first puts its name on what the second says. */
const second: readonly Behind[] = [
  {
    front: 'nginx',
    hop: 'traefik',
    what: 'maxRequestBodyBytes',
    source: namesAll,
    more: { middleware: JSON.stringify({ buffering: { maxRequestBodyBytes: 1_000_000 } }) },
    right: /maxRequestBodyBytes/,
    never: /nginx_body_limit|hop_fails_request/,
    size: '4MB',
  },
  {
    front: 'nginx',
    hop: 'traefik',
    what: 'responseHeaderTimeout',
    source: namesAll,
    more: { transport: '{"forwardingTimeouts":{"responseHeaderTimeout":"2s"}}' },
    right: /responseHeaderTimeout/,
    never: /proxy_read_timeout/,
    commitMs: 4_000,
  },
  {
    front: 'nginx',
    hop: 'apache',
    what: 'ProxyTimeout',
    source: namesAll,
    more: { host: 'ProxyTimeout 2' },
    right: /ProxyTimeout/,
    never: /proxy_read_timeout/,
    commitMs: 4_000,
  },
  {
    front: 'nginx',
    hop: 'haproxy',
    what: 'no server',
    source: namesAll,
    more: { servers: 'server one 127.0.0.1:1' },
    right: /hop_cannot_reach_registry/,
    never: /nginx_says_503/,
  },
  {
    front: 'apache',
    hop: 'haproxy',
    what: 'bodies are refused by their length, of which Apache makes a 502',
    source: 'httpd.apache.org mod_proxy: Error reading from remote server',
    more: {
      frontend:
        'http-request deny deny_status 413 if { req.hdr_val(content-length) gt 1000000 }\n  default_backend back',
    },
    right: /`http-request deny`/,
    never: /ProxyTimeout|hop_fails_request/,
    client: 'docker-containerd',
    size: '4MB',
  },
];

/** A registry with TLS behind a hop that speaks plain HTTP to it, which passes on what the registry says of that. */
const plainToTls: readonly HopName[] = ['haproxy', 'envoy', 'traefik'];

interface TokenPath {
  readonly what: string;
  readonly source: string;
  readonly answer: string;
  readonly right: RegExp;
  readonly hops: Fault['hops'];
}

/** What stands where the token service should be. */
const tokenPaths: readonly TokenPath[] = [
  {
    what: 'leads nowhere',
    source: 'goharbor/harbor#14201: only /v2/ is routed to the registry',
    answer: 'return 404;',
    right: /token_service_missing/,
    hops: ['auth_server'],
  },
  {
    what: 'is forbidden',
    source: 'nginx.org ngx_http_access_module',
    answer: 'deny all;',
    right: /rule on the way/,
    hops: ['ingress'],
  },
  {
    what: 'lets nobody in for a while',
    source: 'docs.docker.com Docker Hub usage: 429',
    answer: 'return 429;',
    right: /rate_limited/,
    hops: ['ingress', 'auth_server'],
  },
];

const credentials = { username: 'probe', password: 'secret' };

export const behindCases: readonly Case[] = [
  ...second.map(
    ({ front, hop, what, source, more, right, never, client, size = '1MB', commitMs }): Case => ({
      name: `the second hop of two: ${hop} behind ${front}, ${what}`,
      source,
      expected: { right, hops: ['ingress', ...(commitMs === undefined ? [] : (['registry_storage'] as const))], never },
      setUp: async (stage) => {
        const port = commitMs === undefined ? (await stage.registry()).port : await slowRegistry(stage, commitMs);
        const inner = await stage.hop(hop, { upstreamPort: port, more });
        const outer = await stage.hop(front, { upstreamPort: inner.port });
        return { size, client, paths: pathsOf(stage, outer, port) };
      },
    }),
  ),
  ...plainToTls.map(
    (hop): Case => ({
      name: `plain HTTP to a registry with TLS, which the hop passes on: ${hop}`,
      source:
        'kubernetes/ingress-nginx annotation backend-protocol; golang/go net/http: an HTTP request to an HTTPS server',
      expected: { right: /agree on TLS/, hops: ['ingress'], never: /in the URL of this path/ },
      setUp: async (stage) => {
        const tls = { certificate: stage.tls.certFile, key: stage.tls.keyFile };
        const { port } = await stage.registry({ http: { tls } });
        const front = await stage.hop(hop, { upstreamPort: port });
        const direct = { url: `https://127.0.0.1:${port}`, kind: 'internal', tls: { caFile: stage.tls.caFile } };
        return { size: '1MB', paths: { ...pathsOf(stage, front, port), direct } };
      },
    }),
  ),
  ...tokenPaths.map(
    ({ what, source, answer, right, hops }): Case => ({
      name: `the path of the token service ${what}: nginx`,
      source,
      expected: { right, hops, never: /credentials_rejected|login_differs_by_path/ },
      setUp: async (stage) => {
        const registry = await stage.registry();
        const core = await startCore(stage, registry.port, 'A');
        const more = { server: `location /service/ { ${answer} }` };
        const front = await stage.hop('nginx', { upstreamPort: core, more });
        return { size: '1MB', credentials, paths: pathsOf(stage, front, core) };
      },
    }),
  ),
  {
    name: 'a hop counts new connections for a minute, and then lets nobody in: HAProxy',
    source: 'HAProxy configuration manual, src_conn_rate',
    expected: { right: /no_more_connections|connections_limited/, hops: ['ingress'], never: /closed_unanswered/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const table = 'stick-table type ip size 1k expire 60s store conn_rate(60s)';
      const rules = `${table}\n  tcp-request connection reject if { src_conn_rate gt 8 }\n  tcp-request connection track-sc0 src`;
      const more = { frontend: `${rules}\n  default_backend back` };
      const front = await stage.hop('haproxy', { upstreamPort: registry.port, more });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'a filter resets connections after a megabyte',
    source: 'iptables-extensions(8), connbytes',
    hosts: [],
    expected: { right: /size_cut/, hops: ['edge', 'client_network'] },
    setUp: async (stage) => {
      const [through, beside] = [await stage.registry(), await stage.registry()];
      const counted = '-m connbytes --connbytes 1000000: --connbytes-dir original --connbytes-mode bytes';
      const all = `-A INPUT -p tcp --dport ${through.port} ${counted} -j REJECT --reject-with tcp-reset`;
      await stage.network!.run(['iptables', ...all.split(' ')]);
      return {
        size: '4MB',
        paths: {
          public: { url: `http://127.0.0.1:${through.port}`, kind: 'edge' },
          direct: { url: `http://127.0.0.1:${beside.port}`, kind: 'internal' },
        },
      };
    },
  },
  {
    name: 'awkward and fine: one of two servers is dead, and nginx asks the next one',
    source: 'nginx.org proxy_next_upstream',
    expected: 'healthy',
    setUp: async (stage) => {
      const registry = await stage.registry();
      const servers = `server 127.0.0.1:${registry.port}; server 127.0.0.1:${await freePort()};`;
      const more = {
        http: `upstream two { ${servers} }`,
        server: 'location /v2/ { proxy_pass http://two; proxy_set_header Host $http_host; }',
      };
      const front = await stage.hop('nginx', { upstreamPort: registry.port, more });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
];

import { freePort } from '../support/process.ts';
import { type FrontOptions, startFront } from '../support/backends.ts';
import type { HopName } from '../hops/hop.ts';
import { type Case, type Fault, pathsOf, type Stage } from './case.ts';
import { folderWith } from './routes.ts';

const credentials = { username: 'probe', password: 'secret' };

interface Answered {
  readonly name: string;
  readonly source: string;
  readonly right: RegExp;
  readonly hops?: Fault['hops'];
  readonly never?: RegExp;
  readonly hop: HopName;
  readonly more: (stage: Stage, registryPort: number) => Promise<Readonly<Record<string, string>>>;
  readonly registry?: Parameters<Stage['registry']>[0];
}

function server(port: number): object {
  return { url: `http://127.0.0.1:${port}` };
}

/** A hop answers in its own words, or in nobody’s: not its status tells what is wrong, but what else was answered, and by whom. */
const byHops: readonly Answered[] = [
  {
    name: 'nginx asks a login service that is away: auth_request',
    source: 'nginx.org ngx_http_auth_request_module: 500 to every request',
    hop: 'nginx',
    more: async () => ({
      server: `location = /auth { internal; proxy_pass http://127.0.0.1:${await freePort()}; }`,
      location: 'auth_request /auth;',
    }),
    right: /auth_request/,
    never: /client_body_temp_path/,
  },
  {
    name: 'Traefik: one of two servers is dead',
    source: 'doc.traefik.io load balancing: 502 without a word to every other request',
    hop: 'traefik',
    more: async (_stage, port) => ({ service: JSON.stringify({ servers: [server(port), server(await freePort())] }) }),
    right: /health checks/,
    never: /hop_cannot_reach_registry/,
  },
  {
    name: 'HAProxy: one of two servers is a portal',
    source: 'distribution/distribution#2386',
    hop: 'haproxy',
    more: async (stage, port) => {
      const portal = await stage.keep(
        startFront({
          upstreamPort: port,
          instead: (_request, response) => {
            response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome</body></html>');
            return true;
          },
        }),
      );
      return { servers: `balance roundrobin\n  server a 127.0.0.1:${port}\n  server b 127.0.0.1:${portal.port}` };
    },
    right: /take the server that is no registry out/,
    never: /error_page/,
  },
  {
    name: 'nginx puts a page in the place of what a read-only registry says',
    source: 'nginx.org proxy_intercept_errors',
    hop: 'nginx',
    registry: { storage: { maintenance: { readonly: { enabled: true } } } },
    more: async (stage) => ({
      server: `proxy_intercept_errors on; error_page 405 /405.html; location = /405.html { root ${await folderWith(stage, { '405.html': '<html>no</html>' })}; }`,
    }),
    right: /read-only/,
    hops: ['registry_app'],
    never: /method_blocked/,
  },
  {
    name: 'the registry has its API below a prefix',
    source: 'distribution.github.io configuration, http.prefix',
    hop: 'caddy',
    registry: { http: { prefix: '/registry/' } },
    more: () => Promise.resolve({}),
    right: /http\.prefix/,
    hops: ['registry_app'],
    never: /owner/,
  },
  {
    name: 'nginx tells the registry of TLS that is not there',
    source: 'distribution/distribution#1177: a fixed X-Forwarded-Proto',
    hop: 'nginx',
    more: () => Promise.resolve({ location: 'proxy_set_header X-Forwarded-Proto https;' }),
    right: /X-Forwarded-Proto \$scheme/,
    never: /not one of this path/,
  },
  {
    name: 'the registry has another public URL: http.host',
    source: 'distribution.github.io configuration, http.host; docker-archive/docker-registry#545',
    hop: 'nginx',
    registry: { http: { host: 'https://registry.corp.invalid:5000' } },
    more: () => Promise.resolve({}),
    right: /public URL of the registry.*http\.host/,
    hops: ['registry_app'],
    never: /pass the Host/,
  },
  {
    name: 'Envoy speaks HTTP/2 to a registry of HTTP/1.1',
    source: 'envoyproxy.io upstream HTTP protocols; Kubernetes appProtocol',
    hop: 'envoy',
    more: () => {
      const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
      const options = { explicit_http_config: { http2_protocol_options: {} } };
      const typed = { [type]: { '@type': `type.googleapis.com/${type}`, ...options } };
      return Promise.resolve({ cluster: JSON.stringify({ typed_extension_protocol_options: typed }) });
    },
    right: /appProtocol/,
    never: /hop_cannot_reach_registry/,
  },
  {
    name: 'HAProxy hangs up on PATCH: reject',
    source: 'HAProxy configuration manual, http-request reject',
    hop: 'haproxy',
    more: () => Promise.resolve({ frontend: 'http-request reject if { method PATCH }\n  default_backend back' }),
    right: /hangs up/,
    never: /keepalive_timeout/,
  },
  {
    name: 'nginx takes Location off',
    source: 'nginx.org proxy_hide_header',
    hop: 'nginx',
    more: () => Promise.resolve({ location: 'proxy_hide_header Location;' }),
    right: /has no Location: a hop removes it/,
    never: /allowHosts/,
  },
];

interface TokenService {
  readonly name: string;
  readonly source: string;
  readonly right: RegExp;
  readonly never: RegExp;
  /** What it answers to a login. */
  readonly type: string;
  readonly body: string;
}

const tokenServices: readonly TokenService[] = [
  {
    name: 'the login may pull and not push: insufficient_scope',
    source: 'distribution.github.io spec/auth/token',
    right: /may not push/,
    never: /keys, clocks/,
    type: 'application/json',
    body: '{"token":"pull","expires_in":300}',
  },
  {
    name: 'the token service answers with a page of single sign-on',
    source: 'cesanta/docker_auth#230',
    right: /a page, as single sign-on does/,
    never: /Check user, password/,
    type: 'text/html',
    body: '<html>Sign in</html>',
  },
];

/** A registry that lets tokens pull, and says why it refuses a push. */
function guarding({ type, body }: TokenService): NonNullable<FrontOptions['instead']> {
  return (request, response) => {
    if (request.url?.startsWith('/service/token') === true) {
      response.writeHead(200, { 'content-type': type }).end(body);
      return true;
    }
    const known = request.headers.authorization === 'Bearer pull';
    if (known && request.method !== 'POST') return false;
    const realm = `http://${request.headers.host}/service/token`;
    const scope = 'repository:team/probe:pull,push';
    response.writeHead(401, {
      'docker-distribution-api-version': 'registry/2.0',
      'content-type': 'application/json',
      'www-authenticate': `Bearer realm="${realm}",service="r",scope="${scope}"${known ? ',error="insufficient_scope"' : ''}`,
    });
    response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
    return true;
  };
}

/** A forward proxy that is away, or that reaches nobody. */
const proxied: readonly Case[] = (['the proxy', 'the registry behind the proxy'] as const).map((away) => ({
  name: `${away} takes no connections: squid`,
  source: 'rpardini/docker-registry-proxy#96',
  expected: {
    right: away === 'the proxy' ? /proxy_away/ : /proxy_reaches_nobody/,
    hops: ['client_network'],
    never: /SSL_ports|nothing_listens/,
  },
  setUp: async (stage) => {
    const tls = { certificate: stage.tls.certFile, key: stage.tls.keyFile };
    const registry = await stage.registry({ http: { tls } });
    const forward = 'acl CONNECT method CONNECT';
    const running = await stage.hop('squid', { upstreamPort: 9, more: { forward } });
    const dead = await freePort();
    const proxyPort = away === 'the proxy' ? dead : running.port;
    const trusted = { tls: { caFile: stage.tls.caFile } };
    const url = `https://127.0.0.1:${away === 'the proxy' ? registry.port : dead}`;
    return {
      size: '1MB',
      paths: {
        public: { url, kind: 'edge', proxy: { url: `http://127.0.0.1:${proxyPort}` }, ...trusted },
        direct: { url: `https://127.0.0.1:${registry.port}`, kind: 'internal', ...trusted },
      },
    };
  },
}));

/** Answers of registries that cannot be had here, in their words. */
const refusals: readonly Case[] = (
  [
    [
      403,
      'the login has expired',
      'Your authorization token has expired. Reauthenticate and try again.',
      /login_expired/,
    ],
    [403, 'this address is not allowed', "client with IP '203.0.113.7' is not allowed access.", /address_not_allowed/],
    [412, 'for a reason that no rule knows', 'the project is locked by a garbage collection', /uploads_refused/],
  ] as const
).map(([status, name, message, right]) => ({
  name: `the registry refuses uploads with ${status}: ${name}`,
  source:
    'aws/aws-cli#3687; learn.microsoft.com container-registry-access-selected-networks; goharbor/harbor: 412 PROJECTPOLICYVIOLATION',
  expected: { right, hops: ['auth_server', 'registry_app'], never: /push_not_allowed/ },
  setUp: async (stage) => {
    const registry = await stage.registry();
    const instead: FrontOptions['instead'] = (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(status, {
        'docker-distribution-api-version': 'registry/2.0',
        'content-type': 'application/json',
      });
      response.end(JSON.stringify({ errors: [{ code: status === 403 ? 'DENIED' : 'PRECONDITION', message }] }));
      return true;
    };
    const front = await stage.keep(startFront({ upstreamPort: registry.port, instead }));
    const origin = `http://127.0.0.1:${front.port}`;
    return { size: '1MB', credentials, paths: pathsOf(stage, { origin }, front.port) };
  },
}));

/** A forward proxy that gets whole URLs, since the registry is without TLS. */
const proxiedPlain: readonly Case[] = (
  [
    ['denies the host', 'acl no dst 127.0.0.0/8\nhttp_access deny no', '127.0.0.1', /proxy_forbids/],
    ['finds no address', '', 'registry.invalid', /proxy_reaches_nobody/],
  ] as const
).map(([what, rules, host, right]) => ({
  name: `the proxy before a registry without TLS ${what}: squid`,
  source: 'distribution/distribution#2147',
  expected: { right, hops: ['client_network'], never: /upstream address|Allow the methods/ },
  setUp: async (stage) => {
    const registry = await stage.registry();
    const forward = `acl CONNECT method CONNECT\n${rules}`;
    const proxy = {
      url: `http://127.0.0.1:${(await stage.hop('squid', { upstreamPort: 9, more: { forward } })).port}`,
    };
    const direct = { url: `http://127.0.0.1:${registry.port}`, kind: 'internal' };
    return { size: '1MB', paths: { public: { url: `http://${host}:${registry.port}`, kind: 'edge', proxy }, direct } };
  },
}));

/** Whom the hop speaks to, and how: a registry with TLS gets plain HTTP. */
const plainToTls: Case = {
  name: 'nginx speaks plain HTTP to a registry with TLS',
  source: 'kubernetes/ingress-nginx annotation backend-protocol',
  expected: { right: /agree on TLS/, hops: ['ingress'], never: /in the URL of this path/ },
  setUp: async (stage) => {
    const tls = { certificate: stage.tls.certFile, key: stage.tls.keyFile };
    const registry = await stage.registry({ http: { tls } });
    const front = await stage.hop('nginx', { upstreamPort: registry.port, tls: stage.tls });
    const direct = { url: `https://127.0.0.1:${registry.port}`, kind: 'internal', tls: { caFile: stage.tls.caFile } };
    return { size: '1MB', paths: { ...pathsOf(stage, front, registry.port), direct } };
  },
};

export const answerCases: readonly Case[] = [
  ...byHops.map(
    ({ name, source, right, hops = ['ingress'], never, hop, more, registry: options }): Case => ({
      name,
      source,
      expected: { right, hops, never },
      setUp: async (stage) => {
        const registry = await stage.registry(options);
        const front = await stage.hop(hop, { upstreamPort: registry.port, more: await more(stage, registry.port) });
        return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
      },
    }),
  ),
  ...tokenServices.map(
    (service): Case => ({
      name: service.name,
      source: service.source,
      expected: { right: service.right, hops: ['auth_server'], never: service.never },
      setUp: async (stage) => {
        const registry = await stage.registry();
        const guard = await stage.keep(startFront({ upstreamPort: registry.port, instead: guarding(service) }));
        const front = await stage.hop('nginx', { upstreamPort: guard.port });
        return { size: '1MB', credentials, paths: pathsOf(stage, front, guard.port) };
      },
    }),
  ),
  ...proxied,
  ...proxiedPlain,
  ...refusals,
  plainToTls,
];

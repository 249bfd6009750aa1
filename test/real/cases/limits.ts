import type { HopName } from '../hops/hop.ts';
import { envoyFilter } from '../hops/envoy.ts';
import { type Case, type Fault, pathsOf } from './case.ts';

const MB = 1_000_000;

interface Killer {
  readonly hop: HopName;
  readonly what: string;
  readonly more: (stage: { readonly limitBytes: number }) => Readonly<Record<string, string>>;
  readonly right: RegExp;
  readonly source: string;
  readonly besides?: RegExp;
  readonly hops?: Fault['hops'];
  readonly never?: RegExp;
  readonly unknown?: RegExp;
  /** Client that shows it; default docker. */
  readonly client?: 'docker' | 'docker-containerd';
  readonly limitBytes?: number;
}

const notReached = /hop_cannot_reach_registry/;

/** What each hop has to refuse large bodies with. 8 MB are pushed. */
const bodyLimits: readonly Killer[] = [
  {
    hop: 'nginx',
    what: 'client_max_body_size',
    more: ({ limitBytes }) => ({ location: `client_max_body_size ${limitBytes};` }),
    right: /client_max_body_size/,
    source: 'nginx.org ngx_http_core_module, client_max_body_size',
  },
  {
    hop: 'apache',
    what: 'SecRequestBodyLimit of mod_security',
    more: ({ limitBytes }) => ({
      modules: 'LoadModule security2_module /usr/lib/apache2/modules/mod_security2.so',
      host: `SecRuleEngine On\nSecRequestBodyAccess On\nSecRequestBodyLimit ${limitBytes}\nSecRequestBodyNoFilesLimit ${limitBytes}`,
    }),
    right: /SecRequestBodyLimit|LimitRequestBody|size/,
    source: 'ModSecurity reference manual, SecRequestBodyLimit',
    never: notReached,
  },
  {
    hop: 'haproxy',
    what: 'deny above a declared length',
    more: ({ limitBytes }) => ({
      frontend: `http-request deny deny_status 413 if { req.hdr_val(content-length) gt ${limitBytes} }\n  default_backend back`,
    }),
    right: /http-request deny|size/,
    source: 'HAProxy configuration manual, http-request deny',
    client: 'docker-containerd',
  },
  {
    hop: 'haproxy',
    what: 'a rule answers 403 above a declared length',
    more: ({ limitBytes }) => ({
      frontend: `http-request deny if { req.hdr_val(content-length) gt ${limitBytes} }\n  default_backend back`,
    }),
    right: /large_bodies_refused/,
    source: 'HAProxy configuration manual, http-request deny: 403 unless deny_status is set',
    never: /policy_block/,
    client: 'docker-containerd',
  },
  {
    hop: 'haproxy',
    what: 'a rule hangs up above a declared length',
    more: ({ limitBytes }) => ({
      frontend: `http-request reject if { req.hdr_val(content-length) gt ${limitBytes} }\n  default_backend back`,
    }),
    right: /size_cut/,
    source: 'HAProxy configuration manual, http-request reject',
    client: 'docker-containerd',
  },
  {
    hop: 'caddy',
    what: 'request_body max_size',
    more: ({ limitBytes }) => ({ site: `request_body {\n max_size ${limitBytes}\n }` }),
    right: /max_size|size limit/,
    source: 'caddyserver.com directives/request_body',
    never: notReached,
  },
  {
    hop: 'traefik',
    what: 'maxRequestBodyBytes of the buffering middleware',
    more: ({ limitBytes }) => ({ middleware: JSON.stringify({ buffering: { maxRequestBodyBytes: limitBytes } }) }),
    right: /maxRequestBodyBytes/,
    source: 'doc.traefik.io buffering',
  },
  {
    hop: 'envoy',
    what: 'max_request_bytes of the buffer filter',
    more: ({ limitBytes }) => ({ filters: JSON.stringify([envoyFilter('buffer', { max_request_bytes: limitBytes })]) }),
    right: /max_request_bytes/,
    source: 'envoyproxy.io buffer filter',
  },
  {
    hop: 'squid',
    what: 'request_body_max_size',
    more: ({ limitBytes }) => ({ rules: `request_body_max_size ${Math.round(limitBytes / 1024)} KB` }),
    right: /request_body_max_size|size limit/,
    source: 'squid-cache.org request_body_max_size',
  },
  {
    hop: 'lighttpd',
    what: 'server.max-request-size',
    more: ({ limitBytes }) => ({ server: `server.max-request-size = ${Math.round(limitBytes / 1024)}` }),
    right: /max-request-size|size/,
    source: 'lighttpd server.max-request-size',
  },
  {
    hop: 'trafficserver',
    what: 'max_post_size',
    more: ({ limitBytes }) => ({ records: `http.max_post_size INT ${limitBytes}` }),
    right: /max_post_size|size/,
    source: 'docs.trafficserver.apache.org proxy.config.http.max_post_size',
    client: 'docker-containerd',
  },
];

/** Methods that a hop does not let through. */
const methodBlocks: readonly Killer[] = [
  {
    hop: 'nginx',
    what: 'PATCH and PUT are not let through',
    more: () => ({ location: 'if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; }' }),
    right: /method/i,
    source: 'docker/hub-feedback#1956',
  },
  {
    hop: 'apache',
    what: 'LimitExcept',
    more: () => ({
      host: '<Location />\n<LimitExcept GET POST HEAD>\nRequire all denied\n</LimitExcept>\n</Location>',
    }),
    right: /method|PATCH/,
    source: 'httpd.apache.org core, LimitExcept',
  },
  {
    hop: 'haproxy',
    what: 'PATCH is denied',
    more: () => ({ frontend: 'http-request deny deny_status 403 if { method PATCH }\n  default_backend back' }),
    right: /method|PATCH|http-request deny/,
    source: 'HAProxy configuration manual, http-request deny',
  },
  {
    hop: 'caddy',
    what: 'PATCH is answered 405',
    more: () => ({ site: '@patch method PATCH\n  respond @patch 405' }),
    right: /method|PATCH/,
    source: 'caddyserver.com directives/respond',
  },
  {
    hop: 'apache',
    what: 'a rule of mod_security denies PATCH',
    more: () => ({
      modules: 'LoadModule security2_module /usr/lib/apache2/modules/mod_security2.so',
      host: 'SecRuleEngine On\nSecRule REQUEST_METHOD "@rx ^(PATCH|PUT|DELETE)$" "id:911100,phase:1,deny,status:403"',
    }),
    right: /method|PATCH|rule/i,
    source: 'OWASP core rule set 911100: methods that are not allowed',
  },
];

export const limitCases: readonly Case[] = [
  ...bodyLimits.map((killer, index) => caseOf(killer, `limit on size: ${killer.hop}, ${killer.what}`, index)),
  ...methodBlocks.map((killer, index) => caseOf(killer, `methods: ${killer.hop}, ${killer.what}`, index)),
];

function caseOf(killer: Killer, name: string, index: number): Case {
  const { hop, more, right, source, client = 'docker', hops = ['ingress'] } = killer;
  // Another number for each: what is found is found by trying.
  const limitBytes = killer.limitBytes ?? Math.round((1 + (index % 4) * 0.7) * MB);
  return {
    name,
    source,
    expected: { right, hops, besides: killer.besides, never: killer.never, unknown: killer.unknown },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop(hop, { upstreamPort: registry.port, more: more({ limitBytes }) });
      return { client, paths: pathsOf(stage, front, registry.port) };
    },
  };
}

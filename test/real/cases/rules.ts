import { hashSync } from 'bcryptjs';
import type { HopName } from '../hops/hop.ts';
import { envoyFilter } from '../hops/envoy.ts';
import { type Case, type Fault, pathsOf, type Stage } from './case.ts';
import { folderWith, startCore } from './routes.ts';

export const credentials = { username: 'probe', password: 'secret' };
const htpasswdOf = (password: string): string => `probe:${hashSync(password, 4).replace('$2b$', '$2y$')}\n`;
const htpasswd = htpasswdOf(credentials.password);

/** The section of a registry that lets only `credentials` in, or the same user with another password. */
export async function loginOf(stage: Stage, password = credentials.password): Promise<object> {
  const folder = await folderWith(stage, { htpasswd: htpasswdOf(password) });
  return { auth: { htpasswd: { realm: 'registry', path: `${folder}/htpasswd` } } };
}

interface Rule {
  readonly hop: HopName;
  readonly what: string;
  readonly source: string;
  readonly more: (stage: Stage) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** `healthy`, or what is right to say; at the ingress. */
  readonly right: 'healthy' | RegExp;
  readonly never?: Fault['never'];
  readonly loggedIn?: true;
  /** What stands behind the hop: a registry open to all, one with a login of its own, one with a token service. */
  readonly registry?: 'login' | 'tokens';
}

const unreached = /hop_cannot_reach_registry/;
const login = /Authorization|login of its own/;
const rewritten = /\/v2\/… at the root|another URL/;

/** A hop that answers in the place of the registry, or changes what it is asked: each with a rule that somebody wrote. */
const rules: readonly Rule[] = [
  {
    hop: 'nginx',
    what: 'allow and deny by address',
    source: 'nginx.org ngx_http_access_module',
    more: () => ({ server: 'allow 10.0.0.0/8; deny all;' }),
    right: /rule on the way/,
    never: /credentials_rejected/,
    loggedIn: true,
    registry: 'login',
  },
  {
    hop: 'nginx',
    what: 'return 444 to this client',
    source: 'nginx.org ngx_http_rewrite_module, return',
    more: () => ({ server: 'if ($http_user_agent !~ Mozilla) { return 444; }' }),
    right: /closed without an answer/,
  },
  {
    hop: 'nginx',
    what: 'a login of its own before tokens',
    source: 'distribution.github.io recipes/nginx',
    more: async (stage) => ({
      server: `auth_basic "private"; auth_basic_user_file ${await folderWith(stage, { htpasswd })}/htpasswd;`,
    }),
    right: login,
    never: /credentials_rejected/,
    loggedIn: true,
    registry: 'tokens',
  },
  {
    hop: 'nginx',
    what: 'the login is taken off',
    source: 'nginx.org proxy_set_header Authorization',
    more: () => ({ location: 'proxy_set_header Authorization "";' }),
    right: login,
    never: /credentials_rejected/,
    loggedIn: true,
    registry: 'login',
  },
  {
    hop: 'traefik',
    what: 'basicAuth before an open registry',
    source: 'doc.traefik.io basicAuth',
    more: () => ({ middleware: JSON.stringify({ basicAuth: { users: [htpasswd.trim()] } }) }),
    right: 'healthy',
    loggedIn: true,
  },
  {
    hop: 'apache',
    what: '421 Misdirected Request',
    source: 'httpd.apache.org SSLStrictSNIVHostCheck',
    more: () => ({ host: 'RewriteEngine on\nRewriteRule ^/v2/.* - [R=421,L]' }),
    right: /refuses or fails every request/,
  },
  {
    hop: 'apache',
    what: 'LimitRequestLine',
    source: 'httpd.apache.org core, LimitRequestLine',
    more: () => ({ host: 'LimitRequestLine 200' }),
    right: /LimitRequestLine/,
  },
  {
    hop: 'nginx',
    what: 'return 503',
    source: 'nginx.org ngx_http_rewrite_module, return',
    more: () => ({ server: 'location /v2/ { return 503; }' }),
    right: /return 503/,
    never: unreached,
  },
  {
    hop: 'haproxy',
    what: 'a page for maintenance',
    source: 'HAProxy configuration manual, http-request return',
    more: () => ({
      frontend:
        'http-request return status 503 content-type text/html string "<html><h1>Scheduled maintenance</h1></html>"\n  default_backend back',
    }),
    right: /maintenance/,
    never: unreached,
  },
  {
    hop: 'caddy',
    what: 'strip_prefix',
    source: 'caddyserver.com directives/uri',
    more: () => ({ site: 'uri strip_prefix /v2' }),
    right: rewritten,
  },
  {
    hop: 'traefik',
    what: 'stripPrefix',
    source: 'doc.traefik.io stripPrefix',
    more: () => ({ middleware: JSON.stringify({ stripPrefix: { prefixes: ['/v2'] } }) }),
    right: rewritten,
  },
  {
    hop: 'nginx',
    what: 'writes are redirected with 308 to https of the same port',
    source: 'distribution/distribution#2862',
    more: () => ({ server: 'if ($request_method ~ "POST|PATCH|PUT") { return 308 https://$http_host$request_uri; }' }),
    right: /redirected/,
    never: /location_elsewhere/,
  },
  {
    hop: 'envoy',
    what: 'RBAC denies PATCH',
    source: 'envoyproxy.io RBAC filter',
    more: () => {
      const permissions = [{ header: { name: ':method', string_match: { exact: 'PATCH' } } }];
      const policies = { patch: { permissions, principals: [{ any: true }] } };
      const filter = JSON.stringify([envoyFilter('rbac', { rules: { action: 'DENY', policies } })]);
      return { filters: filter.replace('v3.Rbac', 'v3.RBAC') };
    },
    right: /rule on the way/,
  },
  {
    hop: 'envoy',
    what: 'no route for PATCH',
    source: 'envoyproxy.io route matching',
    more: () => ({
      match: JSON.stringify({
        headers: [{ name: ':method', string_match: { safe_regex: { regex: 'GET|HEAD|POST|PUT' } } }],
      }),
    }),
    right: /Route every method/,
    never: /http\.secret/,
  },
  {
    hop: 'nginx',
    what: 'the query is dropped',
    source: 'nginx.org proxy_pass: `$uri` has no query',
    more: () => ({ location: 'set $args "";' }),
    right: /drops or changes its query/,
    never: /http\.secret/,
  },
  {
    hop: 'nginx',
    what: 'the query of the request that closes an upload is dropped',
    source: 'nginx.org ngx_http_rewrite_module, set $args',
    more: () => ({ location: 'if ($request_method = PUT) { set $args ""; }' }),
    right: /drops or changes its query/,
    never: /http\.secret/,
  },
  {
    hop: 'haproxy',
    what: 'bodies without a length are hung up on',
    source: 'HAProxy configuration manual, http-request reject; rules against request smuggling',
    more: () => ({
      frontend: 'http-request reject if { req.hdr_cnt(transfer-encoding) gt 0 }\n  default_backend back',
    }),
    right: /without a length/,
    never: /method_blocked/,
  },
  {
    hop: 'nginx',
    what: 'bodies without a length are answered 501',
    source: 'rfc9112, 6.1: a server may refuse a transfer coding with 501',
    more: () => ({ location: 'if ($http_transfer_encoding) { return 501; }' }),
    right: /without a length/,
    never: /method_blocked/,
  },
  {
    hop: 'nginx',
    what: 'a redirect to a login in the place of 404',
    source: 'nginx.org core module, error_page',
    more: () => ({
      server:
        'proxy_intercept_errors on; error_page 404 =302 /login; location = /login { default_type text/html; return 200 "<html>login</html>"; }',
    }),
    right: /page_for_missing/,
    never: /redirected\n/,
  },
  {
    hop: 'haproxy',
    what: 'new connections are refused above a rate, for a while',
    source: 'HAProxy configuration manual, sc_conn_rate',
    more: () => ({
      frontend:
        'stick-table type ip size 1k expire 8s store conn_rate(8s)\n  tcp-request connection reject if { src_conn_rate gt 8 }\n  tcp-request connection track-sc0 src\n  default_backend back',
    }),
    // As long as none gets in it may be a ban.
    right: /connections_limited|no_more_connections/,
  },
  {
    hop: 'nginx',
    what: 'uploads lead to files, which are answered 405',
    source: 'nginx.org core module, location: the regular expression wins',
    more: async (stage) => ({
      server: `location ~ ^/v2/.*/blobs/uploads/.+ { root ${await folderWith(stage, {})}; }`,
    }),
    right: /Route every method/,
    never: /method_blocked/,
  },
  {
    hop: 'nginx',
    what: 'WWW-Authenticate is taken off',
    source: 'nginx.org proxy_hide_header',
    more: () => ({ location: 'proxy_hide_header WWW-Authenticate;' }),
    right: /takes WWW-Authenticate off/,
    never: /credentials_rejected|realm_wrong/,
    loggedIn: true,
    registry: 'login',
  },
  {
    hop: 'nginx',
    what: 'Range is taken off',
    source: 'nginx.org proxy_hide_header; go-gitea/gitea#34792',
    more: () => ({ location: 'proxy_hide_header Range;' }),
    right: /range_not_said/,
    never: /streamed_body_dropped/,
  },
  {
    hop: 'nginx',
    what: 'a page and 200 in the place of 404',
    source: 'nginx.org core module, error_page',
    more: async (stage) => ({
      server: `error_page 404 =200 /index.html; proxy_intercept_errors on; location = /index.html { root ${await folderWith(stage, { 'index.html': '<html>Portal</html>' })}; }`,
    }),
    right: /page_for_missing/,
  },
  {
    hop: 'nginx',
    what: 'another Content-Type is set, by which the registry reads a body as a form',
    source: 'nginx.org proxy_set_header; golang/go net/http, ParseForm',
    more: () => ({ location: 'proxy_set_header Content-Type application/x-www-form-urlencoded;' }),
    right: /registry_fails_here|body_corrupted/,
    never: /storage_failing/,
  },
  {
    hop: 'apache',
    what: 'ProxyErrorOverride On',
    source: 'httpd.apache.org mod_proxy, ProxyErrorOverride',
    more: () => ({ host: 'ProxyErrorOverride On' }),
    right: 'healthy',
    loggedIn: true,
    registry: 'login',
  },
  {
    hop: 'haproxy',
    what: 'the login is taken off PUT',
    source: 'HAProxy configuration manual, http-request del-header',
    more: () => ({ frontend: 'http-request del-header Authorization if { method PUT }\n  default_backend back' }),
    right: /login_refused_at_times/,
    never: /token_expired/,
    loggedIn: true,
    registry: 'login',
  },
  {
    hop: 'nginx',
    what: 'PATCH is answered 202',
    source: 'nginx.org ngx_http_rewrite_module, return',
    more: () => ({ location: 'if ($request_method = PATCH) { return 202; }' }),
    right: /patch_not_passed_on/,
    never: /streamed_body_dropped/,
  },
  {
    hop: 'haproxy',
    what: 'PATCH becomes POST',
    source: 'HAProxy configuration manual, http-request set-method',
    more: () => ({ frontend: 'http-request set-method POST if { method PATCH }\n  default_backend back' }),
    right: /patch_not_passed_on/,
    never: /streamed_body_dropped/,
  },
  {
    hop: 'haproxy',
    what: 'PUT is answered 201',
    source: 'HAProxy configuration manual, http-request return',
    more: () => ({ frontend: 'http-request return status 201 if { method PUT }\n  default_backend back' }),
    right: /blob_not_passed_on/,
    never: /not_stored/,
  },
  {
    hop: 'haproxy',
    what: 'HEAD is answered 200, with nothing in it',
    source: 'HAProxy configuration manual, http-request return: a rule for health checks that takes every HEAD',
    more: () => ({ frontend: 'http-request return status 200 if { method HEAD }\n  default_backend back' }),
    right: /blob_not_passed_on/,
    never: /not_stored/,
  },
  {
    hop: 'varnish',
    what: 'a 404 is kept',
    source: 'varnish-cache.org, default_ttl: answers without Cache-Control are kept for two minutes, 404 too',
    more: () => ({ receive: 'if (req.method == "GET" || req.method == "HEAD") { return (hash); }' }),
    right: /blob_not_passed_on[^]*cache no 404/,
    never: /not_stored/,
  },
  ...(['default_type application/json; return 200 "{}";', 'return 204;'] as const).map(
    (answer): Rule => ({
      hop: 'nginx',
      what: `everything is answered ${/20\d/.exec(answer)?.[0] ?? answer}`,
      source: 'kubernetes/ingress-nginx: a health check, or another service, in the place of the registry',
      more: () => ({ server: `location /v2/ { ${answer} }` }),
      right: /no registry, answers instead/,
      never: /hop_fails_request/,
    }),
  ),
  {
    hop: 'nginx',
    what: 'everything is compressed',
    source: 'nginx.org ngx_http_gzip_module',
    more: () => ({
      server: 'gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any; gzip_http_version 1.0;',
    }),
    right: 'healthy',
  },
  {
    hop: 'apache',
    what: 'KeepAlive Off',
    source: 'httpd.apache.org core, KeepAlive',
    more: () => ({ server: 'KeepAlive Off' }),
    right: 'healthy',
  },
];

export const ruleCases: readonly Case[] = rules.map(
  ({ hop, what, source, more, right, never, loggedIn, registry: kind }) => ({
    name: `a rule of the hop: ${hop}, ${what}`,
    source,
    expected: right === 'healthy' ? right : { right, hops: ['ingress'], never },
    setUp: async (stage) => {
      const registry = await stage.registry(kind === 'login' ? { sections: await loginOf(stage) } : {});
      const upstreamPort = kind === 'tokens' ? await startCore(stage, registry.port, 'A') : registry.port;
      const front = await stage.hop(hop, { upstreamPort, more: await more(stage) });
      return { size: '1MB', paths: pathsOf(stage, front, upstreamPort), ...(loggedIn && { credentials }) };
    },
  }),
);

import type { HopName } from '../hops/hop.ts';
import { envoyFilter } from '../hops/envoy.ts';
import { startFront } from '../support/backends.ts';
import { type Case, type Fault, pathsOf, type Stage } from './case.ts';
import { credentials, loginOf } from './rules.ts';

const docker = 'application/vnd.docker.distribution.manifest.v2+json';
const oci = 'application/vnd.oci.image.manifest.v1+json';

/** What is not to be said where blobs get through with the same method and login. */
const never = /method_blocked|policy_block|credentials_rejected|push_not_allowed|session/;

interface Rule {
  readonly hop: HopName;
  readonly what: string;
  readonly source: string;
  readonly more: (
    stage: Stage,
    port: number,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** `healthy`, or what is right to say; at the ingress. */
  readonly right: 'healthy' | RegExp;
  readonly client?: string;
  /** The registry asks for a login. */
  readonly loggedIn?: true;
  readonly registry?: Parameters<Stage['registry']>[0];
}

/** A location of nginx for manifests alone. */
function manifestsOfNginx(port: number, rule: string): string {
  return `location ~ ^/v2/.+/manifests/ { ${rule} proxy_pass http://127.0.0.1:${port}; proxy_set_header Host $http_host; }`;
}

const modSecurity = 'LoadModule security2_module /usr/lib/apache2/modules/mod_security2.so';

/** Hops that let every blob through, and have a rule about manifests. */
const rules: readonly Rule[] = [
  {
    hop: 'nginx',
    what: 'limit_except GET where manifests are',
    source: 'nginx.org core module, limit_except',
    more: (_, port) => ({ server: manifestsOfNginx(port, 'limit_except GET { deny all; }') }),
    right: /manifest_blocked/,
  },
  {
    hop: 'haproxy',
    what: 'PUT is let through with a digest in its query only',
    source: 'HAProxy configuration manual, http-request deny; the PUT that ends an upload has one',
    more: () => ({
      frontend:
        'http-request deny deny_status 405 if { method PUT } !{ urlp(digest) -m found }\n  default_backend back',
    }),
    right: /manifest_blocked/,
  },
  {
    hop: 'apache',
    what: 'mod_security with a list of content types',
    source: 'OWASP Core Rule Set, rule 920420: request content type is not allowed by policy',
    more: () => ({
      modules: modSecurity,
      server:
        'SecRuleEngine On\nSecRule REQUEST_HEADERS:Content-Type "!@rx ^(?:application/octet-stream|application/json)" "id:1,phase:1,deny,status:403"',
    }),
    right: /manifest_blocked/,
  },
  {
    hop: 'nginx',
    what: 'manifests are hung up on',
    source: 'nginx.org ngx_http_rewrite_module, return 444',
    more: (_, port) => ({ server: manifestsOfNginx(port, 'if ($request_method = PUT) { return 444; }') }),
    right: /manifest_blocked/,
  },
  {
    hop: 'nginx',
    what: 'a filter answers manifests with a page and 200',
    source: 'F5 ASM: the requested URL was rejected, with 200',
    more: (_, port) => ({
      server: manifestsOfNginx(
        port,
        'default_type text/html; if ($request_method = PUT) { return 200 "<html>The requested URL was rejected</html>"; }',
      ),
    }),
    right: /manifest_blocked/,
  },
  {
    hop: 'nginx',
    what: 'the same page, and a client that reads the status only',
    source: 'go.podman.io/image docker/docker_image_dest.go: any success counts',
    more: (_, port) => ({
      server: manifestsOfNginx(
        port,
        'default_type text/html; if ($request_method = PUT) { return 200 "<html>The requested URL was rejected</html>"; }',
      ),
    }),
    client: 'skopeo',
    right: /manifest_not_passed_on/,
  },
  {
    hop: 'nginx',
    what: 'the login is taken off where manifests are',
    source: 'nginx.org proxy_set_header Authorization',
    more: (_, port) => ({ server: manifestsOfNginx(port, 'proxy_set_header Authorization "";') }),
    loggedIn: true,
    right: /manifest_login_lost/,
  },
  {
    hop: 'envoy',
    what: 'RBAC denies docker’s media type alone',
    source: 'envoyproxy.io RBAC filter',
    more: () => {
      const permissions = [{ header: { name: 'content-type', string_match: { exact: docker } } }];
      const policies = { kinds: { permissions, principals: [{ any: true }] } };
      const filter = JSON.stringify([envoyFilter('rbac', { rules: { action: 'DENY', policies } })]);
      return { filters: filter.replace('v3.Rbac', 'v3.RBAC') };
    },
    right: /manifest_kind_blocked/,
  },
  {
    hop: 'nginx',
    what: 'manifests lead to another registry',
    source: 'opencontainers/distribution-spec, MANIFEST_BLOB_UNKNOWN',
    more: async (stage) => ({ server: manifestsOfNginx((await stage.registry()).port, '') }),
    right: /manifest_led_elsewhere/,
  },
  {
    hop: 'nginx',
    what: 'Docker-Content-Digest is taken off',
    source: 'nginx.org proxy_hide_header; docker/distribution v2.8.3 registry/client/repository.go, Put',
    more: () => ({ location: 'proxy_hide_header Docker-Content-Digest;' }),
    right: /manifest_digest_lost/,
  },
  {
    hop: 'haproxy',
    what: 'the Content-Type of manifests becomes text/plain',
    source: 'HAProxy configuration manual, http-request set-header',
    more: () => ({
      frontend:
        'http-request set-header Content-Type text/plain if { method PUT } { path_sub /manifests/ }\n  default_backend back',
    }),
    right: /manifest_altered/,
  },
  {
    hop: 'haproxy',
    what: 'a limit of 4 kB on JSON',
    source: 'HAProxy configuration manual, http-request deny with req.hdr_val(content-length)',
    more: () => ({
      frontend:
        'http-request deny deny_status 413 if { req.hdr(content-type) -m end json } { req.hdr_val(content-length) gt 4096 }\n  default_backend back',
    }),
    right: /HAProxy refuses bodies above a size/,
  },
  {
    hop: 'nginx',
    what: 'Docker-Content-Digest is taken off, and the client does not need it',
    source: 'go.podman.io/image docker/docker_image_dest.go: it is optional',
    more: () => ({ location: 'proxy_hide_header Docker-Content-Digest;' }),
    client: 'skopeo',
    right: 'healthy',
  },
  {
    hop: 'apache',
    what: 'mod_security with a list of content types that has those of images',
    source: 'OWASP Core Rule Set, tx.allowed_request_content_type',
    more: () => ({
      modules: modSecurity,
      server: `SecRuleEngine On\nSecRule REQUEST_HEADERS:Content-Type "!@within |application/octet-stream|${docker}|${oci}|" "id:1,phase:1,deny,status:403"`,
    }),
    right: 'healthy',
  },
  {
    hop: 'traefik',
    what: 'a registry that deletes nothing',
    source: 'distribution.github.io configuration, storage.delete: off by default',
    more: () => ({}),
    registry: { storage: { delete: { enabled: false } } },
    right: 'healthy',
  },
  {
    hop: 'haproxy',
    what: 'a place of its own for manifests',
    source: 'HAProxy configuration manual, use_backend',
    more: (_, port) => ({
      frontend: 'use_backend manifests if { path_sub /manifests/ }\n  default_backend back',
      servers: `server one 127.0.0.1:${port}\nbackend manifests\n  server two 127.0.0.1:${port}`,
    }),
    right: 'healthy',
  },
];

interface Refusing {
  readonly what: string;
  readonly source: string;
  /** Answer to the PUT of a manifest of this type; undefined: the registry's own. */
  readonly refuses: (type: string, url: string) => { readonly status: number; readonly body: string } | undefined;
  readonly expected: 'healthy' | Fault;
}

function error(status: number, code: string, message: string): { readonly status: number; readonly body: string } {
  return { status, body: JSON.stringify({ errors: [{ code, message }] }) };
}

const atRegistry = { hops: ['registry_app', 'registry_storage'], never } as const;

/** Registries that take every blob and refuse manifests over every path. */
const refusing: readonly Refusing[] = [
  {
    what: 'a webhook wants signatures',
    source: 'goharbor.io, content trust: 412 and the policy in words',
    refuses: () => error(403, 'DENIED', 'admission policy require-signature: the image is not signed'),
    expected: { right: /manifest_policy/, ...atRegistry },
  },
  {
    what: 'only OCI’s kind is taken',
    source: 'zotregistry.dev, http.compat: docker’s manifests are refused by default',
    refuses: (type) => (type === docker ? error(415, 'MANIFEST_INVALID', 'manifest invalid') : undefined),
    expected: { right: /manifest_kind_refused/, ...atRegistry },
  },
  {
    what: 'it does not know the blobs that it took',
    source: 'opencontainers/distribution-spec, MANIFEST_BLOB_UNKNOWN',
    refuses: () => error(404, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry'),
    expected: { right: /manifest_blobs_missing/, ...atRegistry },
  },
  {
    what: 'for a reason that no rule knows',
    source: 'opencontainers/distribution-spec, MANIFEST_INVALID',
    refuses: () => error(400, 'MANIFEST_INVALID', 'the moon is in the wrong phase'),
    expected: { right: /manifest_refused[\s\S]*the moon is in the wrong phase/, ...atRegistry },
  },
  {
    what: 'tags that exist are not moved',
    source: 'goharbor.io, tag immutability: what has no tag is not concerned',
    refuses: (_, url) =>
      url.includes('sha256') ? undefined : error(412, 'PRECONDITION', 'configured as immutable, cannot be updated'),
    expected: 'healthy',
  },
];

export const manifestCases: readonly Case[] = [
  ...rules.map(
    ({ hop, what, source, more, right, client, loggedIn, registry: options }): Case => ({
      name: `manifests: ${hop}, ${what}`,
      source,
      expected: right === 'healthy' ? right : { right, hops: ['ingress'], never },
      setUp: async (stage) => {
        const registry = await stage.registry(loggedIn ? { sections: await loginOf(stage) } : options);
        const front = await stage.hop(hop, { upstreamPort: registry.port, more: await more(stage, registry.port) });
        return {
          size: '1MB',
          paths: pathsOf(stage, front, registry.port),
          ...(client && { client }),
          ...(loggedIn && { credentials }),
        };
      },
    }),
  ),
  ...refusing.map(
    ({ what, source, refuses, expected }): Case => ({
      name: `manifests: a registry, ${what}`,
      source,
      expected,
      setUp: async (stage) => {
        const behind = await stage.registry({ program: 'distribution3' });
        const registry = await stage.keep(
          startFront({
            upstreamPort: behind.port,
            instead: ({ method, url = '', headers }, response) => {
              const isPut = method === 'PUT' && url.includes('/manifests/');
              const refusal = isPut ? refuses(headers['content-type'] ?? '', url) : undefined;
              if (refusal === undefined) return false;
              const marks = { 'content-type': 'application/json', 'docker-distribution-api-version': 'registry/2.0' };
              response.writeHead(refusal.status, marks).end(refusal.body);
              return true;
            },
          }),
        );
        const front = await stage.hop('nginx', { upstreamPort: registry.port });
        return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
      },
    }),
  ),
];

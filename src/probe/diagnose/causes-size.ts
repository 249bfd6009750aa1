import type { AnsweredBy } from '../failure.ts';
import type { Cause } from './cause.ts';
import { haproxyManual, nginxCore } from './manuals.ts';
import type { Match } from './match.ts';
import { is, isEmpty, isPushed } from './predicates.ts';
import { shortestClockMs } from '../judge/pull-cuts.ts';

const searchBoth =
  '`blobprobe limit` on this path and on the direct one: the hop whose removal lifts the limit has it.';
const common = {
  hop: 'ingress',
  refutedBy: ['largerAlikePassed'],
  nextTest: searchBoth,
} as const satisfies Partial<Cause>;

/** The rows of the hops that refuse a body for its size, alike but for who refuses, in which words and what to do. */
function bodyLimitOf(hop: AnsweredBy, row: Omit<Cause, keyof typeof common | 'explains'> & Partial<Cause>): Cause {
  // A 502 in the place of a 413 is that of the next hop, or of the registry.
  const isOwn: Match = (f, x) => isPushed(f, x) && (f.status ?? 0) < 500;
  return { ...common, explains: is('body_too_large', hop, isOwn), ...row };
}

/** With which a rule may refuse a body for its size; 413 says so itself, and 502 is that of a hop before it. */
const statusesOfRules: ReadonlySet<number> = new Set([400, 403, 406, 500, 501, 503]);

/** Limits on the size of bodies. */
export const sizeCauses = {
  cloudflare_body_limit: bodyLimitOf('cloudflare', {
    title: 'Cloudflare refuses bodies above the size limit of the plan',
    hop: 'edge',
    remedy:
      'Push large layers over another way: a DNS-only record that bypasses Cloudflare, or the internal address. Or raise the limit: Maximum Upload Size under Network of the zone (100 MB on Free and Pro, 200 MB on Business, 500 MB on Enterprise).',
    reference:
      'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/4xx-client-error/error-413/',
    provenBy: [/^413\b.*(?:too large|cloudflare)/i, 'size'],
  }),
  nginx_body_limit: bodyLimitOf('nginx', {
    title: 'nginx refuses bodies above its size limit',
    remedy:
      'Set `client_max_body_size 0;` in the server or location of the registry; on ingress-nginx the annotation `nginx.ingress.kubernetes.io/proxy-body-size: "0"`; on NGINX Gateway Fabric a `ClientSettingsPolicy` with `body.maxSize: "0"`.',
    reference: `${nginxCore}#client_max_body_size`,
    provenBy: [/^413\b.*request entity too large/i, 'size'],
  }),
  traefik_body_limit: bodyLimitOf('traefik', {
    title: 'Traefik refuses bodies above its size limit',
    remedy:
      'Raise `maxRequestBodyBytes` of the buffering middleware of this router, or take the middleware off (Gateway API: the `ExtensionRef` filter of the HTTPRoute).',
    reference: 'https://doc.traefik.io/traefik/middlewares/http/buffering/',
    provenBy: [/^413\b.*request entity too large/i, 'size'],
  }),
  envoy_body_limit: bodyLimitOf('envoy', {
    title: 'Envoy refuses bodies above the size of its buffer',
    remedy:
      'Take the buffering filter off this route, or raise its `max_request_bytes` (Envoy Gateway: `requestBuffer.limit` of a `BackendTrafficPolicy`) and the listener’s `per_connection_buffer_limit_bytes` (1 MiB by default).',
    reference: 'https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/flow_control',
    provenBy: [/^413\b.*payload too large/i, 'size'],
  }),
  haproxy_body_limit: bodyLimitOf('haproxy', {
    title: 'HAProxy refuses bodies above a size',
    remedy:
      'Look for an `http-request deny` or `return` with `req.body_size` or `req.hdr(content-length)` in the frontend.',
    reference: `${haproxyManual}#4.2-http-request`,
    provenBy: [/^413\b.*(?:payload|entity|content) too large/i, 'size'],
  }),
  caddy_body_limit: bodyLimitOf('caddy', {
    title: 'Caddy refuses bodies above its size limit',
    remedy: 'Raise `request_body { max_size }` of this site, or take it out.',
    reference: 'https://caddyserver.com/docs/caddyfile/directives/request_body',
    // It says nothing but the status.
    provenBy: ['size'],
  }),
  apache_body_limit: bodyLimitOf('apache', {
    title: 'Apache refuses bodies above its size limit',
    remedy:
      'Raise `LimitRequestBody` (0 is no limit; 1 GiB is the default since 2.4.54) for this location, and `SecRequestBodyLimit` where mod_security is loaded.',
    reference: 'https://httpd.apache.org/docs/2.4/mod/core.html#limitrequestbody',
    provenBy: [/^413\b.*request entity too large/i, 'size'],
  }),
  squid_body_limit: bodyLimitOf('squid', {
    title: 'squid refuses bodies above its size limit',
    // Where it failed: squid is a forward proxy, or stands before the registry.
    hop: undefined,
    remedy:
      'Set `request_body_max_size 0` in squid; if it is a forward proxy, you may exempt the registry from it instead (`NO_PROXY`).',
    reference: 'http://www.squid-cache.org/Doc/config/request_body_max_size/',
    provenBy: [/ERR_TOO_BIG|too large/i, 'size'],
  }),
  registry_body_limit: bodyLimitOf('registry', {
    title: 'the registry itself refuses bodies of this size',
    hop: 'registry_app',
    remedy:
      'Raise the limit in the registry (Gitea: `LIMIT_SIZE_CONTAINER`; hosted registries: their maximum layer size).',
    reference: 'https://docs.gitea.com/administration/config-cheat-sheet#packages-packages',
    provenBy: [/^413\b|REQUESTED_RANGE_NOT_SATISFIABLE|too large/i, 'size'],
    nextTest: '`blobprobe limit` on the direct path.',
  }),
  gitea_size_limit: {
    title: 'the registry refuses a package above its size limit, in silence and after the whole body',
    hop: 'registry_app',
    remedy:
      'Raise `LIMIT_SIZE_CONTAINER` in the section `[packages]` of Gitea or Forgejo (-1 is no limit; administrators are exempt).',
    reference: 'https://docs.gitea.com/administration/config-cheat-sheet#packages-packages',
    explains: (f, x) =>
      f.status === 403 && f.answeredBy === 'registry' && isEmpty(f) && f.sentBytes > 0 && x.smallPassed,
    refutedBy: ['largerAlikePassed'],
    provenBy: ['size'],
    nextTest: '`blobprobe limit` on the direct path: a limit that no hop has is the registry’s.',
  },
  large_body_refused_behind: {
    title: 'a hop answers 502 to large bodies alone: what is behind it refuses them, or hangs up on them',
    remedy:
      'Look for a limit on the size of bodies at the next hop behind the one that answers, which hangs up while it is still written to (Traefik `maxRequestBodyBytes`, Caddy `request_body max_size`, nginx `client_max_body_size`, HAProxy `http-request deny`, mod_security), and whether the registry dies of them (memory, its log at that time).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9112#name-tear-down',
    rank: 'inferred',
    explains: (f, x) =>
      f.status === 502 && f.answeredBy !== 'registry' && f.sentBytes > 0 && isPushed(f, x) && x.proven.has('size'),
    refutedBy: ['largerAlikePassed', 'failsEverywhere', 'waited', 'comesByTurns'],
    provenBy: ['size'],
    nextTest: 'Read the error log of the hop that answers: “broken pipe” or “prematurely closed” name the next one.',
  },
  large_bodies_refused: {
    title: 'a hop refuses or fails large bodies alone, and does not say that it is their size',
    remedy:
      'Look for a limit on the size of bodies at the hop that answers, in rules that give it another status than 413 (HAProxy `http-request deny` with `req.body_size` or `req.hdr(content-length)`; firewalls for web applications that look into so many bytes and refuse what is longer, as AWS WAF does; scripts), and exempt /v2/* from it; or it has no room to collect them (memory, temporary disk space).',
    reference: 'https://docs.aws.amazon.com/waf/latest/developerguide/waf-oversize-request-components.html',
    rank: 'inferred',
    explains: (f, x) =>
      statusesOfRules.has(f.status ?? 0) &&
      f.answeredBy !== 'registry' &&
      f.sentBytes > 0 &&
      isPushed(f, x) &&
      !x.isSlowBody &&
      x.proven.has('size') &&
      // It came so soon that no limit on time is set to it, or small bodies took longer and passed.
      (f.elapsedMs < shortestClockMs || x.slowPassedMs > f.elapsedMs),
    refutedBy: ['largerAlikePassed', 'failsEverywhere', 'comesByTurns', 'overloaded', 'inMaintenance'],
    provenBy: ['size'],
    nextTest: searchBoth,
  },
  proxy_body_limit: {
    title: 'a proxy refuses bodies above its size limit',
    remedy:
      'Raise the limit on the size of request bodies at the hop that answers 413 (nginx, with a page of its own in `error_page`: `client_max_body_size 0;`; Caddy `request_body max_size`; Go servers’ `MaxBytesReader`; Apache, with an `ErrorDocument` of its own, `LimitRequestBody 0`; mod_security `SecRequestBodyLimit`), or push large layers over another path.',
    reference: 'https://github.com/moby/moby/issues/27877',
    rank: 'general',
    explains: is('body_too_large', undefined, isPushed),
    refutedBy: ['largerAlikePassed'],
    provenBy: [/^413\b.*(?:too large|exceeds|limit)/i, 'size'],
    nextTest: searchBoth,
  },
} as const satisfies Readonly<Record<string, Cause>>;

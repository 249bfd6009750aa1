import type { Cause } from './cause.ts';
import { albTroubleshooting, nginxCore, nginxProxy } from './manuals.ts';
import { isPortal } from './observed.ts';
import {
  blockWords,
  either,
  headerWords,
  is,
  isRefusal,
  lengthDecides,
  ofNoRegistry,
  redirectsRead,
  says,
  saysBlocked,
  status,
} from './predicates.ts';
import { hopRefusesToken } from './predicates-hop.ts';

/** Rules and routes of hops. */
export const routeCauses = {
  web_portal: {
    title:
      'a web portal, or another service that is no registry, answers instead of the registry: its API is not routed to it, or not every time',
    remedy:
      'Route /v2/ (and the token service’s path) to the registry before the rule that serves the portal (nginx: a `location /v2/` of its own; ingress: path /v2/ with type Prefix; single sign-on: exempt /v2/). Where it answers at times: take the server that is no registry out of the load balancer.',
    reference: 'https://github.com/goharbor/harbor/issues/22459',
    explains: (f, x) =>
      isPortal(f) ||
      ofNoRegistry(f, x) ||
      (x.portal && !x.registryAnswered && f.answeredBy !== 'registry' && f.status !== undefined),
    refutedBy: ['onlyReadsPaged', 'tokenReplyPaged', 'saysBlocked', 'ofManifest'],
    provenBy: [/^20\d\b.*written as text\/html/i, 'path'],
    nextTest: '`curl -i URL/v2/`: a registry answers in JSON, with 401 or 200 and `Docker-Distribution-Api-Version`.',
  },
  page_for_missing: {
    title:
      'a hop answers with a page or a redirect where the registry answers 404: clients that ask first take what is missing for there, or give up',
    remedy:
      'Let the registry’s 404 through on /v2/* (nginx: no `error_page 404 =200` or `=302`, `proxy_intercept_errors off`; CDN and single-page portals: no fallback page for /v2/).',
    reference: `${nginxCore}#error_page`,
    explains: (f, x) => (isPortal(f) && x.registryAnswered) || redirectsRead(f, x),
    refutedBy: ['neverRegistry', 'failsEverywhere', 'pagedElsewhere', 'tokenReplyPaged', 'ofManifest'],
    provenBy: [/^20\d\b.*written as text\/html/i, 'path'],
    nextTest: '`curl -i URL/v2/REPO/tags/list` of a repository that does not exist: a registry answers 404.',
  },
  no_route: {
    title: 'nothing on this path leads to the registry: every request is answered 404',
    remedy:
      'Add a router for this host and the path /v2/ at the hop that answers (Traefik: `Host(…)` rule and entry point; Envoy: virtual host `domains`, also with the port; ingress: host and path /v2/), or write https:// in the URL where the router is one for TLS.',
    reference: 'https://doc.traefik.io/traefik/routing/routers/',
    rank: 'inferred',
    explains: (f, x) => (f.status === 404 || f.status === 410) && x.everything404,
    refutedBy: ['registryAnswered'],
    provenBy: ['path', /404 page not found|default backend|no (?:matching )?route/i],
    nextTest: '`curl -i URL/v2/` with the Host that clients use, and the routing table of the hop that answers.',
  },
  owner_missing: {
    title: 'the registry does not know the repository, or its owner',
    hop: 'registry_app',
    remedy:
      'Create it, or write its full name: Gitea and Forgejo want `owner/name` of an owner that exists, Harbor `project/name`, ECR a repository that was made before.',
    reference: 'https://docs.gitea.com/usage/packages/container',
    explains: (f, x) =>
      f.answeredBy === 'registry' &&
      f.status === 404 &&
      f.registryCode !== 'BLOB_UNKNOWN' &&
      (f.phase === 'start' || f.phase === 'auth' || f.registryCode === 'NAME_UNKNOWN') &&
      !x.portal,
    refutedBy: ['worksElsewhere', 'pingMissing', 'uploadOpened', 'blobsTaken'],
    provenBy: [/NAME_UNKNOWN|not found\.|(?:project|repository|namespace|owner)\b.*not (?:found|known|exist)/i],
    nextTest: '`docker push` to the same repository name.',
  },
  path_rewritten: {
    title: 'a hop changes the URL of requests: it removes a part, or adds one in front',
    hop: 'path',
    remedy:
      'Pass the path on as it is (Traefik: no `stripPrefix`; Caddy: `handle` for `handle_path`; nginx: `proxy_pass` without a path of its own; ingress: no `rewrite-target`): clients ask for /v2/… at the root of the host.',
    reference: 'https://distribution.github.io/distribution/spec/api/',
    explains: (f, x) =>
      f.answeredBy === 'registry' &&
      f.status === 404 &&
      f.registryCode === undefined &&
      f.phase === 'start' &&
      x.direct === 'ok',
    refutedBy: ['failsEverywhere', 'uploadOpened'],
    provenBy: ['path'],
    nextTest: 'Look in the registry’s access log which URL arrives.',
  },
  servers_differ: {
    title: 'the registry takes and refuses the same request by turns: servers behind a load balancer differ',
    hop: 'registry_app',
    remedy:
      'Look at each server that the load balancer leads to: one may be read-only, be a cache of another registry, or have another configuration, login or storage. Make them the same, or take it out.',
    reference: 'https://distribution.github.io/distribution/about/deploying/#load-balancing-considerations',
    rank: 'inferred',
    explains: (f, x) =>
      f.answeredBy === 'registry' && isRefusal(f) && f.status !== 401 && f.status !== 429 && x.refusedByTurns,
    refutedBy: ['saysOtherReason'],
    provenBy: 'nothing',
    nextTest: 'Push straight to each server, one after the other.',
  },
  cloudflare_waf: {
    title: 'a rule of Cloudflare blocks the request',
    hop: 'edge',
    remedy:
      'Look the ray id up under Security > Events and add a WAF skip rule for the path /v2/* (bot protection and challenges break every registry client).',
    reference: 'https://developers.cloudflare.com/waf/custom-rules/skip/',
    explains: is('blocked_by_policy', 'cloudflare'),
    refutedBy: ['cameOnce'],
    provenBy: [/^403\b.*(?:cloudflare|blocked|attention required|just a moment)/i, 'path'],
    nextTest: 'Look the ray id up under Security > Events.',
  },
  cloudfront_methods: {
    title: 'CloudFront does not let this method through',
    hop: 'edge',
    remedy: 'Set AllowedMethods of the cache behaviour for /v2/* to GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE.',
    reference: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-403-permission-denied.html',
    explains: is('blocked_by_policy', 'cloudfront'),
    refutedBy: ['cameOnce', 'blobsTaken'],
    provenBy: [/^403\b.*(?:not (?:configured to )?allow|distribution)/i, 'path'],
    nextTest: '`curl -X PATCH` and `curl -X GET` of the same URL.',
  },
  policy_block: {
    title: 'a rule on the way blocks the request',
    remedy:
      'Allow the methods POST, PATCH, PUT, HEAD and DELETE and bodies of type application/octet-stream on /v2/* in the rules of this hop. Where even GET /v2/ is refused: allow the address of this host (lists of addresses, countries), and look whether the service runs that the hop asks for permission (Envoy `ext_authz` refuses when it is away).',
    reference: 'https://github.com/moby/moby/issues/27877',
    rank: 'general',
    explains: either(is('blocked_by_policy'), saysBlocked, hopRefusesToken),
    refutedBy: ['cameOnce', 'storeRefused', 'forwardProxySaidIt'],
    provenBy: [blockWords, 'path'],
    nextTest: '`curl -X PATCH` and `curl -X GET` of the same URL on this path and on the direct one.',
  },
  method_blocked: {
    title: 'a hop does not let this method through',
    remedy:
      'Allow PATCH, PUT, POST and DELETE on /v2/* (IIS: request filtering’s verb list; WAF and CDN: allowed methods). A route that leads to files in the place of the registry is answered 405 as well (nginx: a `location` that catches these URLs).',
    reference: 'https://github.com/go-gitea/gitea/issues/24042',
    explains: either(
      is('method_not_allowed', undefined, (f) => f.answeredBy !== 'alb' || f.status !== 501),
      says(/request verb is (?:invalid|not allowed)|invalid verb/i),
    ),
    refutedBy: ['neverRegistry', 'registrySaidIt', 'leadsElsewhere', 'lengthDecides', 'blobsTaken'],
    provenBy: [
      'path',
      /request verb is (?:invalid|not allowed)|invalid verb|method (?:is )?not allowed|method .*not (?:allowed|supported)/i,
    ],
    nextTest: '`curl -X PATCH` of an upload URL on this path and on the direct one.',
  },
  length_wanted: {
    title: 'a hop refuses requests without a length',
    remedy:
      'Make the hop take `Transfer-Encoding: chunked` and bodies of length 0, or push with a client that sends a Content-Length. Behind Cloudflare: update cloudflared.',
    reference: 'https://github.com/cloudflare/cloudflared/issues/544',
    explains: either((f) => f.answeredBy === 'alb' && f.status === 501, is('length_required'), lengthDecides),
    refutedBy: ['largerAlikePassed'],
    provenBy: [/^411\b/, 'length'],
    nextTest: 'Push the same size with `--client=skopeo`, which declares the length.',
  },
  headers_too_large: {
    title: 'a hop refuses the request because its headers or its URL are too large',
    remedy:
      'Raise the limits on headers at this hop (nginx `large_client_header_buffers` and `proxy_buffer_size`, HAProxy `tune.bufsize`, Apache `LimitRequestFieldSize`, `LimitRequestFields` and `LimitRequestLine`, Node `--max-http-header-size`). Tokens make headers large; the state of the session makes the URLs of uploads long.',
    reference: `${nginxCore}#large_client_header_buffers`,
    explains: either(status(414, 431), says(headerWords)),
    refutedBy: ['cameOnce'],
    provenBy: [headerWords, /^(?:414|431)\b/],
    nextTest: 'Push anonymously, or with a token of fewer scopes: smaller headers pass. 414 is about the URL alone.',
  },
  http_version_refused: {
    title: 'a server on the way does not take the client’s version of HTTP',
    remedy:
      'Make the hop in front of it speak HTTP/1.1 to its upstream (nginx: `proxy_http_version 1.1;`, which speaks 1.0 by default).',
    reference: `${nginxProxy}#proxy_http_version`,
    explains: status(426, 505),
    refutedBy: ['cameOnce'],
    provenBy: [/^(?:426|505)\b/],
    nextTest: 'Look at the protocol that each hop speaks to the next one (nginx: `proxy_http_version`).',
  },
  alb_forwarding_loop: {
    title: 'the AWS load balancer gets requests that went through more than 30 proxies',
    hop: 'ingress',
    remedy:
      'Look for proxies that forward to each other: X-Forwarded-For holds more than 30 addresses (463). Where they are sent by others, set `routing.http.xff_header_processing.mode` of the load balancer to `remove`.',
    reference: albTroubleshooting,
    explains: (f) => f.answeredBy === 'alb' && f.status === 463,
    refutedBy: ['cameOnce'],
    provenBy: [/^463\b/],
    nextTest: '`curl -sI URL/v2/` and the X-Forwarded-For that arrives at the registry.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

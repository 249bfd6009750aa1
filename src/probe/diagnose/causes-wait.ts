import { isCut } from '../judge/is-cut.ts';
import type { AnsweredBy } from '../failure.ts';
import type { Cause } from './cause.ts';
import { albTroubleshooting, cloudflare5xx, envoyTimeouts, haproxyManual, nginxProxy } from './manuals.ts';
import type { Match } from './match.ts';
import { either, inWait, is, isCutWith, isGateway, isPushed, ofStranger } from './predicates.ts';

const timeDirectly =
  'Time the same push over the direct path: the phase `wait` or `commit` there is how long the registry takes.';
const common = {
  hop: 'ingress',
  refutedBy: ['bodyUnfinished', 'asksInVain'],
  nextTest: timeDirectly,
} as const satisfies Partial<Cause>;

/** The rows of the hops that give up waiting for the registry, alike but for who does and what to do. */
function waitLimitOf(hop: AnsweredBy, row: Omit<Cause, keyof typeof common | 'explains'> & Partial<Cause>): Cause {
  return { ...common, explains: is('response_timeout', hop, isPushed), ...row };
}

/** A status that many troubles have: after the whole body, always after the same time; or the registry needs longer over another path. */
const lostPatience: Match = (f, x) =>
  isGateway(f, x) && (x.direct === 'slow' || (inWait(f, x) && x.constantMs !== undefined));

/** Answers that do not come, or come too late. */
export const waitCauses = {
  cloudflare_read_timeout: {
    title: 'Cloudflare gives up waiting for the answer of the origin',
    hop: 'edge_to_origin',
    remedy:
      'Answer within Cloudflare’s proxy read timeout of 120 s: faster storage behind the registry, no buffering of bodies on the way (`proxy_request_buffering off`); on Enterprise raise `proxy_read_timeout`; or push over a way without Cloudflare.',
    reference: `${cloudflare5xx}/error-524/`,
    explains: (f) => f.status === 524 && f.phase !== 'send',
    refutedBy: ['bodyUnfinished'],
    provenBy: [/^524\b/],
    nextTest: timeDirectly,
  },
  cloudfront_response_timeout: waitLimitOf('cloudfront', {
    title: 'CloudFront gives up waiting for the answer of the origin',
    hop: 'edge_to_origin',
    remedy:
      'Raise the response timeout of the origin (`OriginReadTimeout`: 30 s by default, up to 120 s, more by a quota increase).',
    reference: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-504-gateway-timeout.html',
    provenBy: [/^504\b/, 'clock'],
  }),
  nginx_read_timeout: waitLimitOf('nginx', {
    title: 'nginx gives up waiting for the registry: for its answer, or for it to take more of the body',
    remedy:
      'Raise `proxy_read_timeout` (60 s by default, 900 is what distribution recommends; on ingress-nginx the annotation `nginx.ingress.kubernetes.io/proxy-read-timeout`, on NGINX Gateway Fabric a `ProxySettingsPolicy`), and set `proxy_request_buffering off` with `proxy_http_version 1.1`, so that the registry gets the bytes while they come. Where the registry stops reading in the middle of a body, it is `proxy_send_timeout` (60 s by default).',
    reference: `${nginxProxy}#proxy_read_timeout`,
    refutedBy: ['neverRegistry', 'asksInVain'],
    provenBy: [/^504\b.*time-?out/i, 'clock'],
  }),
  haproxy_server_timeout: waitLimitOf('haproxy', {
    title: 'HAProxy gives up waiting for the answer of the registry',
    remedy: 'Raise `timeout server` of the backend to several minutes.',
    reference: `${haproxyManual}#4.2-timeout%20server`,
    // It counts the time in which the registry takes nothing of a body as well; a client that pauses is answered 408.
    refutedBy: ['neverRegistry', 'asksInVain'],
    provenBy: [/^504\b.*time-?out/i, 'clock'],
  }),
  alb_response_timeout: waitLimitOf('alb', {
    title: 'the AWS load balancer gives up waiting for the answer of the registry',
    remedy:
      'Raise the attribute `idle_timeout.timeout_seconds` of the load balancer (60 s by default) above the longest commit.',
    reference: albTroubleshooting,
    provenBy: [/^504\b/, 'clock'],
  }),
  envoy_route_timeout: waitLimitOf('envoy', {
    title: 'Envoy gives up waiting for the answer of the registry',
    remedy:
      'Set the `timeout` of the route to 0s (15 s by default), and `per_try_timeout` of its `retry_policy` above the longest commit (Istio: `timeout` of the VirtualService’s route; Gateway API: `timeouts.request` of the HTTPRoute’s rule; Envoy Gateway also `timeout.http.requestTimeout` of a `BackendTrafficPolicy`; Cilium `http-request-timeout` of the agent).',
    reference: envoyTimeouts,
    refutedBy: ['neverRegistry', 'asksInVain', 'saysStreamTimeout'],
    provenBy: [/upstream request timeout/i, 'clock'],
  }),
  traefik_gateway_timeout: waitLimitOf('traefik', {
    title: 'Traefik gives up waiting for the answer of the registry',
    remedy: 'Raise `forwardingTimeouts.responseHeaderTimeout` of the serversTransport of this service.',
    reference: 'https://doc.traefik.io/traefik/routing/services/',
    refutedBy: ['bodyUnfinished', 'asksInVain', 'notWaited', 'endsBodiesThen'],
    // Its page is the same when `readTimeout` ends a body: the words do not tell.
    provenBy: ['clock'],
  }),
  apache_proxy_timeout: {
    title: 'Apache gives up waiting for the answer of the registry',
    hop: 'ingress',
    remedy:
      'Raise `ProxyTimeout`, or `timeout=` of this `ProxyPass`, above the longest commit (900 s): Apache answers 502 “Error reading from remote server” when it runs out.',
    reference: 'https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxytimeout',
    explains: (f, x) => f.answeredBy === 'apache' && isPushed(f, x) && (f.status === 504 || lostPatience(f, x)),
    refutedBy: ['bodyUnfinished', 'bareFailsFast', 'saysUnreachable'],
    provenBy: [/timeout specified has expired|time-?out/i, 'clock'],
    nextTest: timeDirectly,
  },
  slow_commit: {
    title: 'the registry takes longer to store a blob than the client waits',
    hop: 'registry_storage',
    remedy:
      'Speed up the storage (distribution copies each blob at the commit: use a driver that renames), or wait longer in the client; containerd waits 30 s for response headers.',
    reference: 'https://github.com/moby/moby/issues/53700',
    rank: 'inferred',
    explains: either(is('response_timeout', 'none', isPushed), is('response_timeout', 'registry', isPushed)),
    refutedBy: ['fasterElsewhere'],
    provenBy: ['everywhere'],
    nextTest: timeDirectly,
  },
  gateway_timeout: {
    title: 'a proxy gives up waiting for the answer of the registry',
    remedy:
      'Raise the response timeout of the hop that answers (Varnish `first_byte_timeout`, squid `read_timeout`, Caddy `response_header_timeout`) above the longest time that the registry needs, which is that of a commit.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-504-gateway-timeout',
    rank: 'inferred',
    explains: either(
      is(
        'response_timeout',
        undefined,
        (f, x) => f.answeredBy !== 'none' && f.status !== 524 && ofStranger(f) && isPushed(f, x),
      ),
      (f, x) => f.answeredBy !== 'apache' && f.status !== 504 && lostPatience(f, x),
    ),
    refutedBy: ['bodyUnfinished', 'bareFailsFast', 'saysUnreachable'],
    provenBy: [/^504\b.*time-?out|first byte timeout|ERR_READ_TIMEOUT/i, 'clock'],
    nextTest: timeDirectly,
  },
  answer_time_limit: {
    title: 'a hop cuts the connection when the answer takes too long, without a word',
    remedy:
      'Raise the limits on the answer at this hop (Traefik `respondingTimeouts.writeTimeout`, Go servers’ `WriteTimeout`, Varnish `pipe_timeout`, idle timeouts of load balancers and firewalls) above the longest commit.',
    reference: 'https://doc.traefik.io/traefik/routing/entrypoints/#respondingtimeouts',
    rank: 'inferred',
    explains: (f, x) =>
      isCut(f) &&
      inWait(f, x) &&
      f.evidence.timer === undefined &&
      (x.proven.has('clock') || (x.constantMs !== undefined && x.direct === 'slow')),
    refutedBy: ['endsSilence', 'fasterElsewhere', 'longerAnswered'],
    provenBy: ['clock'],
    nextTest:
      'Diagnose with slow bodies (without `--quick`): a body that rests tells a limit on silence from one on the whole request.',
  },
  answer_lost: {
    title: 'the whole body reached the registry, and its answer did not come back',
    remedy:
      'Look for a hop that closes connections on which nothing moves while the registry stores the blob (nginx `proxy_read_timeout`, idle timeouts of load balancers and firewalls), and in the registry’s log for this request.',
    reference: `${nginxProxy}#proxy_read_timeout`,
    rank: 'general',
    explains: isCutWith('whole'),
    refutedBy: ['failsEverywhere', 'notAllArrived'],
    provenBy: ['arrived'],
    nextTest: 'Look in the registry’s log whether it answered this request.',
  },
  no_answer_here: {
    title: 'no answer comes over this path, while it does over another',
    remedy:
      'Look for a hop that holds the request or its answer back: full disk or queue, a filter that waits for the whole body, an idle timeout that closes its upstream side only.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-504-gateway-timeout',
    rank: 'general',
    explains: either(
      is('response_timeout', 'none', (_, x) => x.direct === 'ok'),
      is('deadline', 'none', (_, x) => x.direct === 'ok'),
    ),
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: 'Look in the access logs of the hops how far the request came.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

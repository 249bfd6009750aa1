import { isHardlyTaken, staleWithinMs } from '../judge/fact-tests.ts';
import { maintenanceWords, overloadWords } from '../judge/words.ts';
import type { Cause } from './cause.ts';
import { isPageOfHop, ofMaintenance, says, saysItself } from './predicates.ts';
import { hopTlsDiffers, hopTlsWords, httpVersionWords, notHttp } from './predicates-hop.ts';

/** A hop that does not ask the registry: it answers itself, refuses, or hangs up. */
export const hopCauses = {
  hop_in_maintenance: {
    title: 'a hop answers with a maintenance page and does not ask the registry',
    remedy:
      'End the maintenance at the hop that answers (nginx `return 503` and `error_page`, HAProxy `http-request return`, a switch of the CDN), or exempt /v2/* from it.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-503-service-unavailable',
    explains: ofMaintenance,
    refutedBy: ['cameOnce'],
    provenBy: [maintenanceWords],
    nextTest: 'Ask whoever runs this hop whether the maintenance is over.',
  },
  nginx_says_503: {
    title:
      'nginx answers 503 by itself: it limits requests or connections, was told to, or knows no server for this service',
    hop: 'ingress',
    remedy:
      'Look in its error log for `limiting requests` and `limiting connections` (`limit_req`, `limit_conn`), and in its configuration for `return 503`; on ingress-nginx also whether the Service has endpoints. A server that it does not reach makes nginx say 502 or 504.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_limit_req_module.html#limit_req_status',
    explains: (f) => f.answeredBy === 'nginx' && saysItself(f),
    refutedBy: ['failsEverywhere', 'inMaintenance'],
    provenBy: ['path'],
    nextTest: '`curl -i URL/v2/` once, then ten times at once: only a limit lets the first one through.',
  },
  traefik_says_503: {
    title: 'Traefik answers 503 by itself: a circuit breaker is open, or it has no server for this route',
    hop: 'ingress',
    remedy:
      'Take the middleware `circuitBreaker` off the route of the registry, or keep 4xx out of its expression (clients ask for blobs that are not there yet, and 404 is the right answer); else look in its dashboard whether the service has servers.',
    reference: 'https://doc.traefik.io/traefik/middlewares/http/circuitbreaker/',
    explains: (f) => f.answeredBy === 'traefik' && saysItself(f),
    refutedBy: ['failsEverywhere', 'inMaintenance'],
    provenBy: ['path'],
    nextTest: '`curl -i URL/v2/` once a second for a minute: a breaker closes again by itself.',
  },
  hop_overloaded: {
    title: 'a hop is overloaded, or configured to take no more',
    remedy:
      'Raise its limits on memory, connections and pending requests (Envoy: overload manager, `circuit_breakers`; HAProxy: `maxconn`, `timeout queue`; nginx: `worker_connections`, `limit_conn`), or push less at once.',
    reference: 'https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking',
    explains: (f, x) => (f.status ?? 0) >= 429 && f.answeredBy !== 'registry' && says(overloadWords)(f, x),
    refutedBy: ['neverRegistry', 'tokenServiceSaidIt'],
    provenBy: [overloadWords],
    nextTest: 'Look at the load of this hop at that time, and push again when it is idle.',
  },
  hop_fails_always: {
    title: 'a proxy refuses or fails every request by itself, or passes it on in a form that nobody behind it takes',
    remedy:
      'Read the error log of the proxy that answers: the login service that it asks first is away (nginx `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz`), its rules lead in a circle (`rewrite`), it speaks TLS to a registry without (Traefik: `http://` in the URL of the server), it takes the name in TLS for another host’s than the one asked for (421), it takes no heads as large as those of this path (400; HAProxy `tune.bufsize`, Varnish `http_req_hdr_len`), it speaks the PROXY protocol to a registry that does not (400; HAProxy `send-proxy`), or a script or module of it fails.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_auth_request_module.html',
    rank: 'inferred',
    explains: (f, x) =>
      ((f.status ?? 0) >= 500 || ((f.status ?? 0) >= 400 && f.reason === 'unexpected_response')) &&
      f.reason !== 'origin_unreachable' &&
      f.reason !== 'response_timeout' &&
      f.answeredBy !== 'registry' &&
      x.bareFails,
    refutedBy: [
      'registryAnswered',
      'neverRegistry',
      'failsEverywhere',
      'tokenServiceSaidIt',
      'inMaintenance',
      'saysTlsDiffers',
      'notHttp',
    ],
    provenBy: ['path'],
    nextTest: 'Ask the login service of this proxy by itself, and switch it off for /v2/ for a moment.',
  },
  hop_fails_request: {
    title: 'a proxy refuses or fails this request, though it passes others on to the registry',
    remedy:
      'Read the error log of the proxy that answers, at the time of the push: rules, timeouts, temporary disk space (for bodies that it collects), limits on headers and connections of its upstream side, connections that the registry closed.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-502-bad-gateway',
    rank: 'general',
    explains: (f, x) =>
      f.answeredBy !== 'registry' &&
      (f.reason === 'registry_error'
        ? x.direct === 'ok' || isPageOfHop(f)
        : ((f.status ?? 0) >= 500 && x.registryAnswered) || (f.reason === 'unexpected_response' && x.direct === 'ok')),
    refutedBy: [
      'neverRegistry',
      'failsEverywhere',
      'storeRefused',
      'failsAlways',
      'comesByTurns',
      'registrySlow',
      'saysBlocked',
      'ofNoRegistry',
    ],
    // Words that the server behind hung up do not say why it did.
    provenBy: ['path'],
    nextTest: 'Read the error log of this hop at the time of the failing push.',
  },
  hop_tls_differs: {
    title: 'a hop and the registry behind it do not agree on TLS: one of them speaks it, the other does not',
    remedy:
      'Write the scheme of the registry at the hop that passes requests on to it (nginx: `proxy_pass https://…`; Traefik: `https://` in the URL of the server, or `serversScheme`; HAProxy: `ssl` on the `server` line; Envoy: `transport_socket` of the cluster; ingress-nginx: annotation `backend-protocol: HTTPS`), or take it off there where the registry speaks plain HTTP.',
    reference:
      'https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#backend-protocol',
    explains: hopTlsDiffers,
    refutedBy: ['registryAnswered', 'failsEverywhere'],
    provenBy: [hopTlsWords],
    nextTest:
      'On the host of this hop: `curl -v http://ADDRESS/v2/` and `curl -vk https://ADDRESS/v2/` of the registry.',
  },
  hop_http2_upstream: {
    title: 'a hop and the registry behind it do not speak the same version of HTTP',
    remedy:
      'Speak HTTP/1.1 to the registry, unless it takes HTTP/2 without TLS (Envoy: no `http2_protocol_options` at this cluster; Kubernetes: no `appProtocol: kubernetes.io/h2c` and no port name `grpc` or `http2` at its Service; HAProxy: no `proto h2`; Traefik: no `h2c://`).',
    reference: 'https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upstream_http_protocol',
    explains: (f, x) => (f.status ?? 0) >= 500 && says(httpVersionWords)(f, x),
    refutedBy: ['registryAnswered', 'failsEverywhere'],
    provenBy: [httpVersionWords],
    nextTest: 'On the host of this hop: `curl -v --http1.1` and `curl -v --http2-prior-knowledge` of the registry.',
  },
  not_http: {
    title: 'the server at this host and port does not speak HTTP',
    hop: 'path',
    remedy:
      'Check host and port of the URL, and the scheme: a port of TLS may answer plain HTTP with bytes of its own; ports of other services (SSH, databases) greet in their words.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9112',
    explains: notHttp,
    refutedBy: ['registryAnswered', 'failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`curl -v URL/v2/`, and `openssl s_client -connect HOST:PORT`.',
  },
  closed_unanswered: {
    title: 'connections of this path are closed without an answer when a request begins',
    hop: 'path',
    remedy:
      'Look for a rule that hangs up on this client, this address or this method (nginx `return 444`, HAProxy `silent-drop` and `reject`, limits on connections, firewalls and filters of content), whether it waits for the PROXY protocol, which only a load balancer speaks (nginx `listen … proxy_protocol`, HAProxy `accept-proxy`), and whether the port speaks another protocol than the URL says: HAProxy and Envoy close plain HTTP on a port of TLS without a word (write https://).',
    reference: 'https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#return',
    rank: 'general',
    explains: (f, x) =>
      (f.reason === 'connection_reset' || (f.reason === 'stale_connection' && x.freshPassed === false)) &&
      f.answeredBy === 'none' &&
      (f.sentBytes === 0 || (isHardlyTaken(f.sentBytes, f.evidence.kernel) && f.elapsedMs <= staleWithinMs)) &&
      f.phase !== 'commit' &&
      (x.direct === 'ok' || x.direct === 'slow'),
    refutedBy: ['failsEverywhere', 'cameOnce', 'largerAlikePassed', 'noneAnsweredSince'],
    provenBy: ['path'],
    nextTest: '`curl -v URL/v2/` with and without `-A docker/27.0`, and from another host.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

import { staleSentBytes, staleWithinMs } from '../judge/fact-tests.ts';
import type { Cause } from './cause.ts';
import { isPageOfHop, ofMaintenance, overloadWords, says, saysItself } from './predicates.ts';
import { maintenanceWords } from './words.ts';

/** A hop that does not ask the registry: it answers itself, refuses, or hangs up. */
export const hopCauses = {
  hop_in_maintenance: {
    title: 'a hop answers with a page that speaks of maintenance, and does not ask the registry',
    hop: 'failure',
    remedy:
      'End the maintenance at the hop that answers (nginx `return 503` and `error_page`, HAProxy `http-request return`, a switch of the CDN), or exempt /v2/* from it.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-503-service-unavailable',
    rank: 'named',
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
    rank: 'named',
    explains: (f) => f.status === 503 && saysItself(f),
    refutedBy: ['failsEverywhere', 'inMaintenance'],
    provenBy: ['path'],
    nextTest: '`curl -i URL/v2/` once, then ten times at once: only a limit lets the first one through.',
  },
  hop_overloaded: {
    title: 'a hop has too much to do, or was told to take no more',
    hop: 'failure',
    remedy:
      'Raise its limits on memory, connections and pending requests (Envoy: overload manager, `circuit_breakers`; HAProxy: `maxconn`, `timeout queue`; nginx: `worker_connections`, `limit_conn`), or push less at once.',
    reference: 'https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking',
    rank: 'named',
    explains: (f, x) => (f.status ?? 0) >= 429 && f.answeredBy !== 'registry' && says(overloadWords)(f, x),
    refutedBy: ['neverRegistry', 'tokenServiceSaidIt'],
    provenBy: [overloadWords],
    nextTest: 'Look at the load of this hop at that time, and push again when it is idle.',
  },
  hop_fails_always: {
    title: 'a proxy refuses or fails every request by itself, before it asks the registry',
    hop: 'failure',
    remedy:
      'Read the error log of the proxy that answers: the login service that it asks first is away (nginx `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz`), its rules lead in a circle (`rewrite`), it takes the name in TLS for another host’s than the one asked for (421), or a script or module of it fails.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_auth_request_module.html',
    rank: 'inferred',
    explains: (f, x) =>
      ((f.status ?? 0) >= 500 || ((f.status ?? 0) >= 400 && f.reason === 'unexpected_response')) &&
      f.reason !== 'origin_unreachable' &&
      f.reason !== 'response_timeout' &&
      f.answeredBy !== 'registry' &&
      x.bareFails,
    refutedBy: ['registryAnswered', 'failsEverywhere', 'tokenServiceSaidIt', 'inMaintenance'],
    provenBy: ['path'],
    nextTest: 'Ask the login service of this proxy by itself, and switch it off for /v2/ for a moment.',
  },
  hop_fails_request: {
    title: 'a proxy refuses or fails this request, though it passes others on to the registry',
    hop: 'failure',
    remedy:
      'Read the error log of the proxy that answers, at the time of the push: rules, timeouts, temporary disk space (for bodies that it collects), limits on headers and connections of its upstream side, connections that the registry closed.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-502-bad-gateway',
    rank: 'general',
    explains: (f, x) =>
      f.answeredBy !== 'registry' &&
      (f.reason === 'registry_error'
        ? x.direct === 'ok' || isPageOfHop(f)
        : ((f.status ?? 0) >= 500 && x.registryAnswered) || (f.reason === 'unexpected_response' && x.direct === 'ok')),
    refutedBy: ['neverRegistry', 'failsEverywhere', 'storeRefused', 'failsAlways', 'comesByTurns'],
    provenBy: [
      'path',
      /error reading from remote server|invalid response|upstream (?:sent|prematurely)|reset before headers/i,
    ],
    nextTest: 'Read the error log of this hop at the time of the failing push.',
  },
  closed_unanswered: {
    title: 'connections of this path are closed without an answer where a request begins',
    hop: 'path',
    remedy:
      'Look for a rule that hangs up on this client, this address or this method (nginx `return 444`, HAProxy `silent-drop` and `reject`, firewalls and filters of content), and whether the port speaks another protocol than the URL says.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#return',
    rank: 'general',
    explains: (f, x) =>
      (f.reason === 'connection_reset' || (f.reason === 'stale_connection' && x.freshPassed === false)) &&
      f.answeredBy === 'none' &&
      (f.sentBytes === 0 || (f.sentBytes <= staleSentBytes && f.elapsedMs <= staleWithinMs)) &&
      f.phase !== 'commit' &&
      (x.direct === 'ok' || x.direct === 'slow'),
    refutedBy: ['failsEverywhere', 'cameOnce', 'largerAlikePassed'],
    provenBy: ['path'],
    nextTest: '`curl -v URL/v2/` with and without `-A docker/27.0`, and from another host.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

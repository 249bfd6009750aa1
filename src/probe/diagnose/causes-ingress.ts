import type { Cause } from './finding.ts';

const nginxCore = 'https://nginx.org/en/docs/http/ngx_http_core_module.html';
const nginxProxy = 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html';
const alb = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html';
const envoyTimeouts = 'https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts';
const haproxy = 'https://docs.haproxy.org/2.8/configuration.html';

/** Limits on size and time of the proxies in front of a registry. */
export const ingressCauses = {
  nginx_body_limit: {
    title: 'nginx refuses bodies above its size limit',
    hop: 'ingress',
    remedy:
      'Set `client_max_body_size 0;` in the server or location of the registry; on ingress-nginx the annotation `nginx.ingress.kubernetes.io/proxy-body-size: "0"`.',
    reference: `${nginxCore}#client_max_body_size`,
  },
  nginx_client_body_timeout: {
    title: 'nginx ends uploads that pause for too long',
    hop: 'ingress',
    remedy: 'Raise `client_body_timeout` (60 s between two reads by default).',
    reference: `${nginxCore}#client_body_timeout`,
  },
  nginx_read_timeout: {
    title: 'nginx gives up waiting for the answer of the registry',
    hop: 'ingress',
    remedy:
      'Raise `proxy_read_timeout` (60 s by default, 900 is what distribution recommends; on ingress-nginx the annotation `nginx.ingress.kubernetes.io/proxy-read-timeout`), and set `proxy_request_buffering off` with `proxy_http_version 1.1`, so that the registry gets the bytes while they come.',
    reference: `${nginxProxy}#proxy_read_timeout`,
  },
  nginx_temp_full: {
    title: 'nginx fails by itself while it holds the body',
    hop: 'ingress',
    remedy:
      'Look at nginx’s error log and at the space in `client_body_temp_path`; with `proxy_request_buffering off` bodies are not stored there.',
    reference: `${nginxProxy}#proxy_request_buffering`,
  },
  traefik_read_timeout: {
    title: 'Traefik ends requests whose body takes too long to arrive, whatever its size',
    hop: 'ingress',
    remedy:
      'Set `respondingTimeouts.readTimeout: 0` (or several minutes) under `transport` of the entry point: `--entryPoints.websecure.transport.respondingTimeouts.readTimeout=0`; 60 s is the default since v2.11.2 and v3.0.',
    reference: 'https://github.com/traefik/traefik/issues/10805',
  },
  traefik_body_limit: {
    title: 'Traefik refuses bodies above its size limit',
    hop: 'ingress',
    remedy: 'Raise `maxRequestBodyBytes` of the buffering middleware of this router, or take the middleware off.',
    reference: 'https://doc.traefik.io/traefik/middlewares/http/buffering/',
  },
  traefik_gateway_timeout: {
    title: 'Traefik gives up waiting for the answer of the registry',
    hop: 'ingress',
    remedy: 'Raise `forwardingTimeouts.responseHeaderTimeout` of the serversTransport of this service.',
    reference: 'https://doc.traefik.io/traefik/routing/services/',
  },
  envoy_route_timeout: {
    title: 'Envoy gives up waiting for the answer of the registry',
    hop: 'ingress',
    remedy:
      'Set the `timeout` of the route to 0s (15 s by default; Istio: `timeout` of the VirtualService’s route; Gateway API: `timeouts.request`).',
    reference: envoyTimeouts,
  },
  envoy_idle_timeout: {
    title: 'Envoy ends uploads that pause for too long',
    hop: 'ingress',
    remedy:
      'Raise `stream_idle_timeout` of the HTTP connection manager (5 min by default), or `request_timeout` if it is set.',
    reference: envoyTimeouts,
  },
  envoy_body_limit: {
    title: 'Envoy refuses bodies above the size of its buffer',
    hop: 'ingress',
    remedy:
      'Take the buffering filter off this route, or raise its `max_request_bytes` and the listener’s `per_connection_buffer_limit_bytes` (1 MiB by default).',
    reference: 'https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/flow_control',
  },
  haproxy_client_timeout: {
    title: 'HAProxy ends uploads that pause for too long',
    hop: 'ingress',
    remedy: 'Raise `timeout client` of the frontend (and `timeout http-request`, which counts the headers).',
    reference: `${haproxy}#4.2-timeout%20client`,
  },
  haproxy_server_timeout: {
    title: 'HAProxy gives up waiting for the answer of the registry',
    hop: 'ingress',
    remedy: 'Raise `timeout server` of the backend to several minutes.',
    reference: `${haproxy}#4.2-timeout%20server`,
  },
  haproxy_body_limit: {
    title: 'HAProxy refuses bodies above a size',
    hop: 'ingress',
    remedy:
      'Look for an `http-request deny` or `return` with `req.body_size` or `req.hdr(content-length)` in the frontend.',
    reference: `${haproxy}#4.2-http-request`,
  },
  alb_idle_timeout: {
    title: 'the AWS load balancer ends requests that pause for too long',
    hop: 'ingress',
    remedy: 'Raise the attribute `idle_timeout.timeout_seconds` of the load balancer (60 s by default).',
    reference: alb,
  },
  alb_response_timeout: {
    title: 'the AWS load balancer gives up waiting for the answer of the registry',
    hop: 'ingress',
    remedy:
      'Raise the attribute `idle_timeout.timeout_seconds` of the load balancer (60 s by default) above the longest commit.',
    reference: alb,
  },
  alb_forwarding_loop: {
    title: 'the AWS load balancer gets requests that went through more than 30 proxies',
    hop: 'ingress',
    remedy:
      'Look for proxies that forward to each other: X-Forwarded-For holds more than 30 addresses (463). Where they are sent by others, set `routing.http.xff_header_processing.mode` of the load balancer to `remove`.',
    reference: alb,
  },
  caddy_body_limit: {
    title: 'Caddy refuses bodies above its size limit',
    hop: 'ingress',
    remedy: 'Raise `request_body { max_size }` of this site, or take it out.',
    reference: 'https://caddyserver.com/docs/caddyfile/directives/request_body',
  },
} as const satisfies Readonly<Record<string, Cause>>;

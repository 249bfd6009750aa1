import type { Cause } from './finding.ts';

/** Causes that any hop can have. */
export const anyHopCauses = {
  streamed_body_dropped: {
    title: 'a hop drops bodies that come without a length',
    hop: 'failure',
    remedy:
      'Find the proxy that turns `Transfer-Encoding: chunked` into an empty body and make it speak HTTP/1.1 to its upstream (nginx: `proxy_http_version 1.1`); until then push with a client that sends a Content-Length (containerd image store, BuildKit, crane).',
    reference: 'https://github.com/cloudflare/cloudflared/issues/1485',
  },
  body_truncated: {
    title: 'a hop passes on only a part of the body',
    hop: 'failure',
    remedy:
      'Compare the byte counts of the proxies’ access logs with what was sent: the first one that has less is behind the hop at fault. Look for limits on buffers and for content inspection.',
    reference: 'https://github.com/docker/build-push-action/issues/634',
  },
  body_corrupted: {
    title: 'the bytes that arrive are not the bytes that were sent',
    hop: 'failure',
    remedy:
      'Switch off whatever rewrites or inspects bodies on this way (WAF, antivirus, compression); when every way shows it, test memory and storage of the registry.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs',
  },
  request_time_limit: {
    title: 'a hop ends requests whose body takes too long to arrive, whatever its size',
    hop: 'failure',
    remedy:
      'Raise the limit on the duration of a request at this hop (Traefik `respondingTimeouts.readTimeout`, Go servers `ReadTimeout`, HAProxy `timeout client`, firewalls’ session limits).',
    reference: 'https://github.com/traefik/traefik/issues/10805',
  },
  idle_time_limit: {
    title: 'a hop ends requests in which nothing moves for too long',
    hop: 'failure',
    remedy:
      'Raise the idle timeout of this hop (nginx `client_body_timeout` and `proxy_read_timeout`, HAProxy `timeout client` and `timeout server`, AWS `idle_timeout.timeout_seconds`, idle timers of firewalls and NAT) above the longest silence: a client that compresses, a registry that stores the blob.',
    reference: 'https://docs.haproxy.org/2.8/configuration.html#4.2-timeout%20client',
  },
  proxy_body_limit: {
    title: 'a proxy refuses bodies above its size limit',
    hop: 'failure',
    remedy:
      'Raise the limit on the size of request bodies at the hop that answers 413, or push large layers over another path.',
    reference: 'https://github.com/moby/moby/issues/27877',
  },
  size_cut: {
    title: 'connections are cut while a large body is sent, and a small one passes also when it is slow',
    hop: 'failure',
    remedy:
      'Look at the logs of the hops for a limit on body size that closes the connection instead of answering (nginx: `client_max_body_size`), for memory limits that kill a proxy, and for the MTU of a tunnel.',
    reference: 'https://github.com/moby/moby/issues/27877',
  },
  cut_while_collecting: {
    title: 'a hop collects the body before it passes it on, and the connection is cut meanwhile',
    hop: 'failure',
    remedy:
      'Make the hop pass bodies on while they come (nginx: `proxy_request_buffering off` with `proxy_http_version 1.1`), or give it room for whole layers (`client_body_temp_path`, memory limits). If no hop collects bodies, look for one that loses them.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_request_buffering',
  },
  answer_lost: {
    title: 'the whole body reached the registry, and its answer did not come back',
    hop: 'failure',
    remedy:
      'Look for a hop that closes connections on which nothing moves while the registry stores the blob (nginx `proxy_read_timeout`, idle timeouts of load balancers and firewalls), and in the registry’s log for this request.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout',
  },
  gateway_timeout: {
    title: 'a proxy gives up waiting for the answer of the registry',
    hop: 'failure',
    remedy: 'Raise the response timeout of the hop that answers 504 above the longest commit of the registry.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-504-gateway-timeout',
  },
  hop_cannot_reach_registry: {
    title: 'a proxy on this path does not reach the registry, which works over another path',
    hop: 'failure',
    remedy:
      'Check upstream address, health checks and network policies of the proxy that answers (HAProxy: `server` lines; nginx: `proxy_pass`; load balancers: target health).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-502-bad-gateway',
  },
  policy_block: {
    title: 'a rule on the way blocks the request',
    hop: 'failure',
    remedy:
      'Allow the methods POST, PATCH, PUT, HEAD and DELETE and bodies of type application/octet-stream on /v2/* in the rules of this hop.',
    reference: 'https://github.com/moby/moby/issues/27877',
  },
  method_blocked: {
    title: 'a hop does not let this method through',
    hop: 'failure',
    remedy:
      'Allow PATCH, PUT, POST and DELETE on /v2/* (IIS: request filtering’s verb list; WAF and CDN: allowed methods).',
    reference: 'https://github.com/go-gitea/gitea/issues/24042',
  },
  length_wanted: {
    title: 'a hop refuses requests without a length',
    hop: 'failure',
    remedy:
      'Make the hop take `Transfer-Encoding: chunked` and bodies of length 0, or push with a client that sends a Content-Length. Behind Cloudflare: update cloudflared.',
    reference: 'https://github.com/cloudflare/cloudflared/issues/544',
  },
  head_length_stripped: {
    title: 'a hop takes the Content-Length off answers to HEAD',
    hop: 'failure',
    remedy:
      'Switch off compression and transformation of application/octet-stream at the hop (Cloudflare: a response header rule or `no-transform`), so that HEAD keeps its Content-Length.',
    reference: 'https://github.com/cloudflare/cloudflared/issues/500',
  },
  forwarded_proto_missing: {
    title: 'the registry does not know of the TLS in front of it and sends clients to http',
    hop: 'ingress',
    remedy:
      'Set `X-Forwarded-Proto` and `Host` at the proxy (nginx: `proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;`), or the public URL in the registry (distribution `http.host`, Gitea `ROOT_URL`).',
    reference: 'https://github.com/distribution/distribution/issues/1177',
  },
  location_elsewhere: {
    title: 'uploads are sent to a host that is not one of this path',
    hop: 'ingress',
    remedy:
      'Make the proxy pass the Host that clients use, or the registry answer relative Locations (`http.relativeurls: true` in distribution); list the host under `allowHosts` if it is meant.',
    reference: 'https://github.com/distribution/distribution/issues/970',
  },
  redirected: {
    title: 'uploads are redirected, and no client sends a body twice',
    hop: 'failure',
    remedy:
      'Push to the address that the redirect names, or exempt /v2/* from redirects (http to https, host names, trailing slashes).',
    reference: 'https://github.com/distribution/distribution/issues/2862',
  },
  plain_http_to_tls: {
    title: 'plain HTTP is spoken to a port that expects TLS',
    hop: 'ingress',
    remedy:
      'Write https:// in the URL of this path. When only uploads go there, the registry hands out http Locations: set `X-Forwarded-Proto` at the proxy in front of it.',
    reference: 'https://nginx.org/en/docs/http/configuring_https_servers.html#single_http_https_server',
  },
  stale_keep_alive: {
    title: 'the other side closes idle connections before the client does',
    hop: 'failure',
    remedy:
      'Make the idle timeout of each server longer than that of the hop in front of it (nginx `keepalive_timeout`, ALB idle timeout, Node `keepAliveTimeout`).',
    reference: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html',
  },
  http2_broken: {
    title: 'HTTP/2 breaks on this path',
    hop: 'failure',
    remedy:
      'Switch HTTP/2 off for this host at the hop that terminates TLS, or raise its limits on streams and header sizes.',
    reference: 'https://github.com/bazel-contrib/rules_img/pull/762',
  },
  stalled: {
    title: 'a hop stops taking bytes and says nothing',
    hop: 'failure',
    remedy:
      'Look for a full disk or a blocked upstream behind the hop, and for path MTU trouble (VPN and overlay networks): lower the MTU or clamp the MSS.',
    reference: 'https://www.rfc-editor.org/rfc/rfc2923',
  },
} as const satisfies Readonly<Record<string, Cause>>;

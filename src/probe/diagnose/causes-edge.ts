import type { Cause } from './finding.ts';

const cloudflareDocs =
  'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors';

/** Causes at a CDN, and between it and the origin. */
export const edgeCauses = {
  cloudflared_quic: {
    title: 'the Cloudflare tunnel drops bodies that come without a length',
    hop: 'tunnel',
    remedy:
      'Run cloudflared with `--protocol http2` (or `protocol: http2` in its configuration), or push with a client that sends a Content-Length (containerd image store, BuildKit, crane).',
    reference: 'https://github.com/cloudflare/cloudflared/issues/1485',
  },
  cloudflare_body_limit: {
    title: 'Cloudflare refuses bodies above the size limit of the plan',
    hop: 'edge',
    remedy:
      'Push large layers over another way: a DNS-only record that bypasses Cloudflare, or the internal address. Or raise the limit: Maximum Upload Size under Network of the zone (100 MB on Free and Pro, 200 MB on Business, 500 MB on Enterprise).',
    reference:
      'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/4xx-client-error/error-413/',
  },
  cloudflare_read_timeout: {
    title: 'Cloudflare gives up waiting for the answer of the origin',
    hop: 'edge_to_origin',
    remedy:
      'Answer within Cloudflare’s proxy read timeout of 120 s: faster storage behind the registry, no buffering of bodies on the way (`proxy_request_buffering off`); on Enterprise raise `proxy_read_timeout`; or push over a way without Cloudflare.',
    reference: `${cloudflareDocs}/error-524/`,
  },
  cloudflare_body_buffering: {
    title: 'the registry gets nothing of a body before its end: Cloudflare, or a hop behind it, collects it first',
    hop: 'edge',
    remedy:
      'Set `request_body_buffering` to `standard` or `none` for /v2/* (Cloudflare configuration rule); with `full` the origin sees nothing until the whole body is there. Behind Cloudflare: nginx `proxy_request_buffering off`.',
    reference: 'https://developers.cloudflare.com/changelog/2026-01-27-body-buffering-settings',
  },
  cloudflare_write_timeout: {
    title: 'the origin does not take the bytes as fast as Cloudflare wants to send them',
    hop: 'edge_to_origin',
    remedy:
      'Cloudflare ends a write that blocks for 30 s, and no setting changes that: look for slow storage or a slow tunnel behind it, or push over a way without Cloudflare.',
    reference: `${cloudflareDocs}/error-524/`,
  },
  cloudflare_origin_unreachable: {
    title: 'Cloudflare does not reach the origin',
    hop: 'edge_to_origin',
    remedy:
      'Check that the origin listens on the address of the DNS record and that its firewall lets Cloudflare’s addresses in (521 refused, 522 and 523 no way there, 520 an answer that is not HTTP).',
    reference: `${cloudflareDocs}/`,
  },
  cloudflare_origin_tls: {
    title: 'Cloudflare does not accept the TLS of the origin',
    hop: 'edge_to_origin',
    remedy:
      'Give the origin a certificate that is valid for the host (Cloudflare Origin CA will do), or change the SSL/TLS mode of the zone from Full (strict).',
    reference: `${cloudflareDocs}/error-526/`,
  },
  tunnel_down: {
    title: 'the Cloudflare tunnel is down',
    hop: 'tunnel',
    remedy: 'Start cloudflared and look at its log: no connector of the tunnel is connected (error 1033).',
    reference:
      'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1033/',
  },
  tunnel_origin_unreachable: {
    title: 'cloudflared does not reach the registry behind it',
    hop: 'tunnel',
    remedy:
      'Check the `service` URL of this host name in the tunnel’s ingress rules and whether the registry answers there. When only requests without a body fail (EOF in the log of cloudflared), update cloudflared, or lower `originRequest.keepAliveTimeout` below the idle timeout of the registry.',
    reference: 'https://github.com/cloudflare/cloudflared/issues/509',
  },
  origin_name_unknown: {
    title: 'Cloudflare cannot resolve the name of the origin',
    hop: 'edge_to_origin',
    remedy: 'Correct the CNAME or the address of the DNS record in the zone (error 1016).',
    reference: 'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/',
  },
  cloudflare_waf: {
    title: 'a rule of Cloudflare blocks the request',
    hop: 'edge',
    remedy:
      'Look the ray id up under Security > Events and add a WAF skip rule for the path /v2/* (bot protection and challenges break every registry client).',
    reference: 'https://developers.cloudflare.com/waf/custom-rules/skip/',
  },
  cloudfront_methods: {
    title: 'CloudFront does not let this method through',
    hop: 'edge',
    remedy: 'Set AllowedMethods of the cache behaviour for /v2/* to GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE.',
    reference: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-403-permission-denied.html',
  },
  cloudfront_origin_unreachable: {
    title: 'CloudFront does not reach the origin',
    hop: 'edge_to_origin',
    remedy:
      'Check origin domain, ports and origin protocol policy of the distribution, that the certificate of the origin is valid for that name, and that its security group lets CloudFront in (managed prefix list `com.amazonaws.global.cloudfront.origin-facing`).',
    reference: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html',
  },
  cloudfront_response_timeout: {
    title: 'CloudFront gives up waiting for the answer of the origin',
    hop: 'edge_to_origin',
    remedy:
      'Raise the response timeout of the origin (`OriginReadTimeout`: 30 s by default, up to 120 s, more by a quota increase).',
    reference: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-504-gateway-timeout.html',
  },
} as const satisfies Readonly<Record<string, Cause>>;

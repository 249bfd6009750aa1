import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type CauseName, causes } from '../../../src/probe/diagnose/causes.ts';

/** What is known to break pushes in the field, one row each, and the causes that a diagnosis can name for it. */
const known: readonly (readonly [trouble: string, causes: readonly CauseName[]])[] = [
  ['a tunnel, or another hop, drops streamed bodies', ['cloudflared_quic', 'streamed_body_dropped']],
  ['requests without a body upset a tunnel', ['tunnel_origin_unreachable', 'length_wanted']],
  ['HEAD loses its Content-Length', ['head_length_stripped']],
  ['size limit of Cloudflare', ['cloudflare_body_limit']],
  ['size limit of nginx, with 413 or with a cut', ['nginx_body_limit', 'size_cut']],
  ['nginx collects bodies', ['cut_while_collecting', 'nginx_temp_full', 'token_expired']],
  ['timeouts of nginx', ['nginx_client_body_timeout', 'nginx_read_timeout', 'idle_time_limit']],
  ['Traefik ends requests after a minute', ['traefik_read_timeout', 'request_time_limit']],
  ['Cloudflare waits for an answer', ['cloudflare_read_timeout']],
  ['Cloudflare waits to write', ['cloudflare_write_timeout']],
  [
    'Cloudflare does not get to the origin',
    ['cloudflare_origin_unreachable', 'cloudflare_origin_tls', 'tunnel_down', 'origin_name_unknown'],
  ],
  ['idle connections are closed by the edge', ['stale_keep_alive']],
  ['firewall and challenge of Cloudflare', ['cloudflare_waf', 'policy_block']],
  ['Cloudflare collects bodies', ['cloudflare_body_buffering']],
  [
    'the registry does not know of the TLS in front of it',
    ['forwarded_proto_missing', 'location_elsewhere', 'redirected', 'plain_http_to_tls'],
  ],
  ['replicas that do not share', ['upload_state_not_shared', 'not_stored', 'storage_failing']],
  ['tokens expire during the upload', ['token_expired']],
  ['the registry is slower than the client is patient', ['slow_commit', 'answer_lost']],
  ['truncated and changed bodies', ['body_truncated', 'body_corrupted']],
  ['HTTP/2', ['http2_broken']],
  ['packets above a size vanish', ['full_segments_vanish']],
  ['a hop stops reading', ['hop_does_not_read']],
  ['stale keep-alive', ['stale_keep_alive']],
  ['AWS ALB', ['alb_idle_timeout', 'alb_response_timeout', 'alb_forwarding_loop', 'length_wanted']],
  ['CloudFront', ['cloudfront_methods', 'cloudfront_response_timeout', 'cloudfront_origin_unreachable']],
  ['Envoy and Istio', ['envoy_route_timeout', 'envoy_idle_timeout', 'envoy_body_limit']],
  ['HAProxy', ['haproxy_client_timeout', 'haproxy_server_timeout', 'haproxy_body_limit']],
  ['a method is blocked', ['method_blocked']],
  ['rate limits', ['rate_limited']],
  ['quotas', ['quota', 'registry_body_limit']],
  ['full and failing storage', ['storage_full', 'storage_failing', 'registry_failing']],
  [
    'manifests are refused, and blobs are not',
    ['manifest_blocked', 'manifest_altered', 'manifest_led_elsewhere', 'manifest_policy', 'manifest_tag_immutable'],
  ],
  ['login', ['credentials_rejected', 'realm_wrong', 'token_service_elsewhere', 'token_service_down']],
];

/** Links only, which say that a case is there; whether it is named is what those tests say: `cause@hop` in the tables of the tests of this folder: failures of their own making or real sockets. */
const shown = new Set(
  ['../../probe/diagnose/diagnose', '../../probe/diagnose/judge', 'lab', 'registry', 'pairs'].flatMap((name) =>
    [...readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8').matchAll(/'(\w+)@\w+/g)].map(
      ([, cause]) => cause,
    ),
  ),
);

test.each(known)('%s', (_trouble, names) => {
  expect(names.filter((name) => !(name in causes) || !shown.has(name))).toEqual([]);
});

test('every cause is expected by a case of a table', () => {
  expect(Object.keys(causes).filter((name) => !shown.has(name))).toEqual([]);
});

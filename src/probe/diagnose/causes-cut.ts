import { isCut } from '../judge/is-cut.ts';
import type { Cause } from './cause.ts';
import { isStuckBody } from './causes-kernel.ts';
import { segmentsVanish, windowShut } from './kernel-signs.ts';
import { either, is, isCutWith } from './predicates.ts';
import { isPullCut, shortestClockMs } from '../judge/pull-cuts.ts';

/** What squid reads ahead of a body by default. */
const squidBufferBytes = 512 * 1024;

/** Cuts without a word. */
export const cutCauses = {
  stale_keep_alive: {
    title: 'the other side closes idle connections before the client does',
    remedy:
      'Make the idle timeout of each server longer than that of the hop in front of it (nginx `keepalive_timeout`, ALB idle timeout, Node `keepAliveTimeout`).',
    reference: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html',
    explains: either(
      // Without a fresh connection to compare with, a hop that hangs up on the request looks the same.
      is('stale_connection', undefined, (_, x) => x.freshPassed === true),
      is(
        'connection_reset',
        'none',
        (f, x) => f.evidence.socketReused === true && f.sentBytes === 0 && x.freshPassed === true,
      ),
    ),
    refutedBy: ['freshFails'],
    provenBy: ['connection'],
    nextTest: 'Push with every request on a connection of its own, and compare the idle timeouts of the hops.',
  },
  http2_broken: {
    title: 'HTTP/2 breaks on this path',
    remedy:
      'Switch HTTP/2 off for this host at the hop that terminates TLS, or raise its limits on streams and header sizes.',
    reference: 'https://github.com/bazel-contrib/rules_img/pull/762',
    explains: is('http2_error', undefined, (f) => !isPullCut(f)),
    refutedBy: ['failsEverywhere'],
    provenBy: ['version'],
    nextTest: 'Push with `--client=docker`, which speaks HTTP/1.1.',
  },
  stalled: {
    title: 'bodies get stuck on this path: nobody takes them any more, or nobody answers',
    remedy:
      'Look for a full disk or a blocked upstream behind the hop, and for path MTU trouble (VPN and overlay networks): lower the MTU or clamp the MSS.',
    reference: 'https://www.rfc-editor.org/rfc/rfc2923',
    // Where the kernel knows which of the two it is, that has a row of its own.
    explains: (f, x) => isStuckBody(f, x) && !segmentsVanish(f) && !windowShut(f),
    refutedBy: ['largerPassed'],
    provenBy: ['path'],
    nextTest: '`ping -M do -s 1472 HOST` and smaller sizes: where large packets vanish, the MTU is it.',
  },
  cloudflare_body_buffering: {
    title: 'the registry gets nothing of a body before its end: Cloudflare, or a hop behind it, collects it first',
    hop: 'edge',
    remedy:
      'Set `request_body_buffering` to `standard` or `none` for /v2/* (Cloudflare configuration rule); with `full` the origin sees nothing until the whole body is there. Behind Cloudflare: nginx `proxy_request_buffering off`.',
    reference: 'https://developers.cloudflare.com/changelog/2026-01-27-body-buffering-settings',
    rank: 'inferred',
    explains: (f, x) => isCutWith('nothing', 'part')(f, x) && x.crossedCloudflare,
    refutedBy: ['failsEverywhere', 'allPassedOn', 'largerPassed'],
    provenBy: 'nothing',
    nextTest: 'Set `request_body_buffering` to `none` for /v2/* for a while and diagnose again.',
  },
  squid_request_buffer: {
    title: 'squid mistakes a full buffer for a client that went away, and cuts the connection now and then',
    remedy:
      'Set `client_request_buffer_max_size` of squid (512 KB by default) above the size of the largest layer, or use another release of squid: 5.7 does this, on a busy host more often.',
    reference: 'http://www.squid-cache.org/Doc/config/client_request_buffer_max_size/',
    rank: 'inferred',
    // Now and then: as much got through in the same way.
    explains: (f, x) =>
      isCut(f) && f.sentBytes > squidBufferBytes && x.crossedSquid && x.passedAlikeBytes >= x.sizeBytes,
    refutedBy: ['failsEverywhere'],
    provenBy: 'nothing',
    nextTest:
      'Send the same body with `curl -T` twenty times at once: some are cut, and none is with a larger `client_request_buffer_max_size`.',
  },
  cut_while_collecting: {
    title: 'a hop collects the body before it passes it on, and the connection is cut meanwhile',
    remedy:
      'Make the hop pass bodies on while they come (nginx: `proxy_request_buffering off` with `proxy_http_version 1.1`), or give it room for whole layers (`client_body_temp_path`, memory limits). If no hop collects bodies, look for one that loses them.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_request_buffering',
    rank: 'inferred',
    explains: isCutWith('nothing', 'part'),
    refutedBy: ['failsEverywhere', 'allPassedOn', 'largerPassed'],
    provenBy: ['arrived'],
    nextTest:
      'Push the same with buffering of request bodies switched off at the hops (nginx: `proxy_request_buffering off`).',
  },
  closed_everywhere: {
    title:
      'connections are closed in the middle of requests over both paths: the registry hangs up, or something that they share',
    hop: 'registry_app',
    remedy:
      'Look whether the registry crashes or is killed while it takes a body (restarts, out of memory, its log at that time), and for what both paths go through (mesh, filter, load balancer).',
    reference: 'https://distribution.github.io/distribution/about/configuration/#log',
    rank: 'general',
    explains: (f, x) =>
      (f.reason === 'connection_reset' || f.reason === 'stale_connection') &&
      f.answeredBy === 'none' &&
      // Nobody closes what is not acknowledged any more.
      f.evidence.code !== 'ETIMEDOUT' &&
      x.direct === 'same',
    refutedBy: ['worksElsewhere', 'largerPassed', 'cameOnce'],
    provenBy: ['everywhere'],
    nextTest: 'Push on the host of the registry itself, and read its log meanwhile.',
  },
  size_cut: {
    title: 'connections are cut while a large body is sent, while small bodies pass',
    remedy:
      'Look at the logs of the hops for a limit on body size that closes the connection instead of answering (nginx: `client_max_body_size`), for memory limits that kill a proxy, for filters that count the bytes of a connection (netfilter `connbytes` and `quota`, firewalls), and for the MTU of a tunnel.',
    reference: 'https://github.com/moby/moby/issues/27877',
    rank: 'inferred',
    explains: (f, x) =>
      f.reason === 'connection_reset' &&
      f.sentBytes > 0 &&
      x.smallPassed &&
      !x.isSlowBody &&
      !(isCut(f) && x.arrived === 'whole') &&
      // Small bodies passed slowly, too; or it came so soon that no limit on time is set to it.
      (x.slowPassedMs > 0 || x.arrived === 'nothing' || (x.proven.has('size') && f.elapsedMs < shortestClockMs)),
    refutedBy: ['largerAlikePassed', 'failsEverywhere', 'partPassedOn'],
    provenBy: ['sizeNotTime'],
    nextTest: '`blobprobe limit`: a cut that always comes at the same size is a limit on size.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

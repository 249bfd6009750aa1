import { byAnswer } from './blame.ts';
import { cut, cutAfterAMinute, endsLate, http2Code, oneOf, opening } from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Cuts and clocks. */
export const cutReasons = {
  request_timeout: {
    title: 'the request takes longer than a hop allows',
    when: (f) => endsLate(f) || (cut(f) && cutAfterAMinute(f)),
    blame: (f) => (f.status === undefined ? 'ingress' : byAnswer(f)),
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'clock', size: 'no', time: 'yes', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '408, 460 or 499 while sending, or a connection cut 58 to 62 s after the body began, whatever its size.',
      causes:
        "Traefik's `respondingTimeouts.readTimeout`, 60 s since 2.11.2 and 3.0, counts the whole body (traefik/traefik#10805); nginx `client_body_timeout` and HAProxy `timeout client` between two reads; ALB's idle timeout (408, 460).",
      remedy:
        'Traefik `entryPoints.websecure.transport.respondingTimeouts.readTimeout: 0`; nginx `client_body_timeout 900s`; HAProxy `timeout client 15m`; ALB `idle_timeout.timeout_seconds: 900`. A limit search for time tells total from idle limits.',
      blamed: "`ingress` without an answer, else the answerer's hop.",
    },
  },
  upload_stalled: {
    title: 'the other side takes no more bytes',
    when: (f) => f.network?.timer === 'stall',
    blame: 'unknown',
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'clock', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "no byte was accepted for the stall time (120 s; 30 s in a diagnosis), so blobprobe's own timer `stall` ended it.",
      causes:
        "a full disk or blocked write behind a proxy that streams; back-pressure in a tunnel; a path whose larger packets are lost (MTU); Cloudflare's 30 s for blocked writes to the origin is about to follow.",
      remedy:
        'check disk and I/O wait of the registry; the MTU (`ping -M do -s 1472 HOST`, `mtu` of VPN and CNI); and the direct path for comparison.',
      blamed: '`unknown`.',
    },
  },
  response_timeout: {
    title: 'no answer comes in time',
    when: (f) => oneOf(504, 524)(f.status) || f.network?.timer === 'response_header',
    blame: (f) => (f.status === 524 ? 'edge_to_origin' : f.status === undefined ? 'unknown' : byAnswer(f)),
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'clock', size: 'no', time: 'maybe', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "504 or Cloudflare's 524 after the body; or no response headers within the client's own header timeout (30 s in docker with the containerd store, counted from the last byte: moby/moby#53700).",
      causes:
        "the registry hashes or copies what it received, and that takes longer than nginx `proxy_read_timeout` (60 s), Envoy's route timeout (15 s), Cloudflare's 120 s or the client's 30 s; proxies that store the body first.",
      remedy:
        'nginx `proxy_read_timeout 900s; proxy_send_timeout 900s;` Envoy `timeout: 0s`; HAProxy `timeout server 15m`; faster storage; for Cloudflare smaller layers. The `wait` phase of the direct path shows how long a commit really takes.',
      blamed: "`edge_to_origin` for 524, `unknown` without an answer, else the answerer's hop.",
    },
  },
  http2_error: {
    title: 'the HTTP/2 stream or connection is ended',
    when: (f) => f.status === undefined && f.network !== undefined && (f.http2 || http2Code(f)),
    blame: 'unknown',
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'connection', size: 'maybe', time: 'maybe', mayPass: true, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'RST_STREAM, GOAWAY or a protocol error on an HTTP/2 connection, without an answer.',
      causes:
        '`keepalive_requests` or `http2_max_concurrent_streams` of nginx reached; ALB that answers large headers with GOAWAY; `ENHANCE_YOUR_CALM`; a proxy that reloads.',
      remedy:
        "compare with a client of HTTP/1.1 (`clients: [docker]`); nginx `keepalive_requests 10000`, `http2 off` for the registry's server; smaller tokens.",
      blamed: '`unknown`.',
    },
  },
  connection_reset: {
    title: 'the connection is cut',
    when: (f) => cut(f) || opening(f),
    blame: 'unknown',
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'connection', size: 'maybe', time: 'maybe', mayPass: true, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'RST, FIN or a failed write without a complete answer, and none of the patterns above.',
      causes:
        'a proxy or registry that was restarted, reloaded or killed (memory); a firewall whose connection table forgot the flow; a limit that is told by RST only; plain HTTP sent to a TLS port.',
      remedy:
        "look for restarts and OOM kills at the time of the run. Compare several runs: the same time in each is a timeout, the same size in each is a size limit. Read the proxy's error log.",
      blamed: '`unknown`.',
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;

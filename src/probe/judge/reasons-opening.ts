import { cut, isHardlyTaken, oneOf, opening, refusedByProxy, staleWithinMs, unreachableCodes } from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Reasons before the first answer. */
export const openingReasons = {
  dns_failure: {
    title: 'the name of the path is not resolved',
    when: (f) => f.network?.stage === 'dns',
    blame: 'dns',
    round: { family: 'opening', needsSuccessAfter: false, ownWords: false, byHop: false, local: true, timed: true },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'the name was not resolved, and no connection was opened. The code distinguishes NXDOMAIN (`ENOTFOUND`), no answer (`ETIMEOUT`, timer `dns`) and a refusing server.',
      causes:
        'a typing error in `url`; a split-horizon name asked of the wrong resolver; a missing AAAA record for `family: ipv6`; a cluster DNS that is overloaded.',
      remedy:
        "`dig @SERVER NAME` with the servers of the path's `dns`; in Kubernetes check CoreDNS and `ndots`; pin the address with `connectTo` to prove that only the name is at fault.",
      blamed: '`dns`.',
    },
  },
  connect_refused: {
    title: 'nothing accepts connections there',
    when: (f) => opening(f) && (f.network?.code === 'ECONNREFUSED' || refusedByProxy(f)),
    blame: 'ingress',
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: true, maybeDown: true },
    isOutcome: true,
    words: {
      wire: 'RST to the SYN; or a proxy answered CONNECT with another status than 2xx, or a request with 407 (`PROXY_407`: it wants credentials; `PROXY_403`: it forbids the target).',
      causes:
        'the service is down or listens elsewhere; wrong port in `url` or `connectTo`; a Service without ready endpoints; a firewall that rejects.',
      remedy:
        '`kubectl get endpoints`, `ss -ltn` on the target; for `PROXY_407` set `proxy.username` and `proxy.passwordFile`.',
      blamed: '`ingress`.',
    },
  },
  connect_timeout: {
    title: 'no connection is made in time',
    when: (f) => opening(f) && (f.network?.timer === 'connect' || unreachableCodes(f.network?.code)),
    blame: 'client_network',
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: true, maybeDown: true },
    isOutcome: true,
    words: {
      wire: 'no TCP connection within 30 s (DNS and TCP together, as Go clients count it), or no route.',
      causes:
        'a firewall or network policy that drops; a dead load balancer address; IPv6 that is announced and not routed; a full accept queue.',
      remedy:
        '`family: ipv4` shows whether IPv6 is the cause; `mtr -T -P 443 HOST`; check network policies for egress of the prober.',
      blamed: '`client_network`.',
    },
  },
  tls_failure: {
    title: 'the TLS handshake fails',
    when: (f) => f.network?.stage === 'tls' || f.network?.tlsProblem !== undefined || oneOf(525, 526)(f.status),
    blame: (f) => (f.status === undefined ? 'ingress' : 'edge_to_origin'),
    round: { family: 'opening', needsSuccessAfter: false, ownWords: false, byHop: false, local: true, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "the handshake failed or took more than 10 s; or Cloudflare answered 525 (handshake with the origin) or 526 (origin's certificate).",
      causes:
        "expired certificate (`CERT_HAS_EXPIRED`), another host's (`ERR_TLS_CERT_ALTNAME_INVALID`), unknown CA (`UNABLE_TO_VERIFY_LEAF_SIGNATURE`, `DEPTH_ZERO_SELF_SIGNED_CERT`), plain HTTP on the port (`ERR_SSL_WRONG_VERSION_NUMBER`), a missing intermediate.",
      remedy:
        "`openssl s_client -connect HOST:443 -servername NAME`; set `tls.caFile` for a private CA, `tls.serverName` when the path connects by address; renew; for 526 set Cloudflare's SSL mode to Full with a valid origin certificate.",
      blamed: '`ingress`; for 525 and 526 `edge_to_origin`.',
    },
  },
  stale_connection: {
    title: 'a kept connection was closed by the other side',
    when: (f) =>
      cut(f) &&
      f.status === undefined &&
      f.socketReused &&
      f.elapsedMs < staleWithinMs &&
      isHardlyTaken(f.sentBytes, f.exchange?.kernel),
    blame: 'unknown',
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'connection', size: 'maybe', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'reset or close on a connection that had been used before, within a second, without a byte of answer, before the next host acknowledged a segment of the request; where the kernel does not tell: with at most 64 KiB sent.',
      causes:
        "the server's idle timeout is shorter than the client's, and both acted at once; a proxy that reloads; a backend whose keep-alive is shorter than the load balancer's idle timeout (ALB then answers 502).",
      remedy:
        'make the keep-alive of the backend longer than that of the hop in front: nginx `keepalive_timeout 75s`, Go `IdleTimeout` above 60 s with ALB, Gunicorn `keepalive`. Single events are harmless: clients send such a request again.',
      blamed: '`unknown`.',
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;

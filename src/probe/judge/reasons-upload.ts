import { byAnswer, crossedCloudflare, registryUnlessAHop } from './blame.ts';
import { bodyRefusedAtCommit, code, locationProblems } from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Reasons in the course of an upload session. */
export const uploadReasons = {
  client_refused_location: {
    title: 'the client refuses the address that the upload is sent to',
    when: (f) => f.problem === 'location_refused_by_client',
    blame: 'ingress',
    round: { family: 'address', needsSuccessAfter: false, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'POST, PATCH or the GET of a blob is answered with a Location that the real client itself does not follow; nothing is sent there.',
      causes:
        'a registry that does not know the public scheme or host; uploads handed to another host than the one that the client has credentials for.',
      remedy:
        'read the Location in the evidence; set `X-Forwarded-Proto` and `Host` at the proxy, or relative Locations in the registry (distribution `http.relativeurls: true`).',
      blamed: '`ingress`.',
    },
  },
  location_invalid: {
    title: 'the upload is sent to an address that cannot be used',
    when: (f) => locationProblems(f.problem),
    blame: 'ingress',
    round: { family: 'address', needsSuccessAfter: false, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'the answer to POST or PATCH has no Location, one that is no http(s) URL, one that leads from https to http, or to a host that the path does not allow.',
      causes:
        'a registry that does not know about the TLS in front of it (distribution/distribution#1177, moby/moby#43158); a port lost on the way; storage redirects. Clients fail with 401 or "plain HTTP request was sent to HTTPS port".',
      remedy:
        'nginx `proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;` Traefik `forwardedHeaders.trustedIPs`; distribution `http.host: https://registry.example.org` or `http.relativeurls: true`; a host that is right on purpose: `allowHosts`.',
      blamed: '`ingress`.',
    },
  },
  unexpected_redirect: {
    title: 'an upload is redirected',
    when: (f) => f.problem === 'redirected',
    blame: byAnswer,
    round: { family: 'address', needsSuccessAfter: false, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '301, 302, 303, 307 or 308 in answer to a request that carries the bytes. Go turns a 301 or 302 into a GET without body, so the push looks like an empty upload.',
      causes:
        'http to https redirects reached through an http `url`; a slash added or removed; single sign-on that sends to its login page.',
      remedy:
        'use the final `url`; exempt `/v2/` from single sign-on and from rewrite rules; nginx `absolute_redirect off` and no `rewrite … permanent` for uploads.',
      blamed: "the answerer's hop.",
    },
  },
  body_dropped: {
    title: 'the body does not arrive',
    when: (f) => bodyRefusedAtCommit(f) && f.acknowledges && f.sentBytes > 0 && !f.acknowledgedBytes,
    blame: (f) => (crossedCloudflare(f) ? 'tunnel' : 'ingress'),
    round: { family: 'body', needsSuccessAfter: false, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'bytes were sent, PATCH was accepted, but its `Range` says that none arrived (`0-0`, `0--1`, absent). Clients that do not check `Range` end with `DIGEST_INVALID`. docker shows `EOF` or `bad range format: 0--1`.',
      causes:
        'cloudflared over QUIC, which drops bodies without Content-Length (cloudflare/cloudflared#1485); a WAF or proxy that does not pass chunked bodies; Gitea 1.24.1, which leaves Range out (go-gitea/gitea#34792).',
      remedy:
        'cloudflared `--protocol http2` (or `TUNNEL_TRANSPORT_PROTOCOL=http2`); check with `clients: [skopeo]`, which declares the length; update Gitea to 1.24.2; HAProxy `no option http-buffer-request`.',
      blamed: '`tunnel` when the answer came through Cloudflare, else `ingress`.',
    },
  },
  body_truncated: {
    title: 'a part of the body does not arrive',
    when: (f) =>
      (bodyRefusedAtCommit(f) && f.acknowledges && (f.acknowledgedBytes ?? 0) < f.sentBytes) ||
      (f.step === 'pull' && f.problem === 'length_wrong'),
    blame: (f) => (crossedCloudflare(f) ? 'edge_to_origin' : 'ingress'),
    round: { family: 'body', needsSuccessAfter: false, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'the registry acknowledges fewer bytes than were sent, and the commit fails; or a blob that is fetched back is too short.',
      causes:
        'a proxy that ends the upstream request when it should fail it (timeouts, full temporary disk); a registry that loses what it had not flushed; a CDN that caches partial objects.',
      remedy:
        "read the proxy's error log at the time of the run; nginx `proxy_request_buffering off` or a larger `client_body_temp_path`; compare with the direct path.",
      blamed: '`edge_to_origin` when the answer came through Cloudflare, else `ingress`.',
    },
  },
  body_corrupted: {
    title: 'other bytes arrive than were sent',
    when: (f) => code(f, 'DIGEST_INVALID') || f.problem === 'digest_differs',
    blame: 'unknown',
    round: { family: 'body', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'all bytes are acknowledged, but the commit is answered 400 `DIGEST_INVALID`; or the pulled blob has another digest. With a single PUT the registry does not say how much arrived, so lost bytes look the same.',
      causes:
        'a proxy or WAF that rewrites bodies; bad memory or disk; replicas that append to the same session; for clients that PUT: any of the causes of `body_dropped`.',
      remedy:
        "push the same size with `clients: [docker]`, which distinguishes loss from damage, and over the direct path; turn off body inspection and compression for `/v2/`; test the memory of the registry's host.",
      blamed: '`unknown`.',
    },
  },
  session_lost: {
    title: 'the registry no longer knows the upload session',
    when: (f) => f.status === 404 && (f.step === 'send' || f.step === 'commit'),
    blame: registryUnlessAHop,
    round: { family: 'session', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: true, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "404 on the session's PATCH or PUT, `BLOB_UPLOAD_UNKNOWN` or `BLOB_UPLOAD_INVALID`; docker shows `blob upload unknown`.",
      causes:
        'several replicas without a common `http.secret` or storage (about one failure in two with two of them); a restart in mid-push; a proxy that routes uploads elsewhere (then its page answers); sessions purged early.',
      remedy:
        'distribution `http.secret` (or `REGISTRY_HTTP_SECRET`) equal on all replicas, shared storage, or sticky sessions; Gitea: shared `APP_DATA_PATH`; `uploadpurging.age` longer than the longest push.',
      blamed: '`registry_app`; when a proxy or CDN answered, its hop.',
    },
  },
  resume_refused: {
    title: 'an interrupted pull cannot be resumed',
    when: (f) => f.problem === 'range_ignored' || (f.step === 'pull' && f.status === 416),
    blame: byAnswer,
    round: { family: 'body', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'an answer broke off, the client asked for the rest with `Range`, and got 416, the whole blob, or another part of it.',
      causes:
        'a proxy or CDN that strips `Range` or caches partial answers badly; an object store that does not know ranges. The cut before that has its own cause.',
      remedy:
        'find out what cuts (the request before); let `Range` and `Content-Range` pass: nginx `proxy_force_ranges on` or no cache for `/v2/`, Cloudflare a cache rule with bypass; a store that answers 206.',
      blamed: "the answerer's hop.",
    },
  },
  range_conflict: {
    title: 'the range of an upload is refused',
    when: (f) => f.status === 416 || code(f, 'BLOB_UPLOAD_INVALID', 'SIZE_INVALID', 'RANGE_INVALID'),
    blame: registryUnlessAHop,
    round: { family: 'session', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '416, or 400 with `BLOB_UPLOAD_INVALID`, `SIZE_INVALID` or `RANGE_INVALID`.',
      causes:
        'a chunk that was sent twice, by a retrying proxy; a replica with another state; a registry that takes one PATCH only (Gitea after a streamed one, ECR, GAR).',
      remedy:
        'no retries of PATCH in the proxy: nginx `proxy_next_upstream off`, Envoy `retry_on` without PATCH; a client that sends a single body; replicas as for `session_lost`.',
      blamed: '`registry_app`; when a proxy or CDN answered, its hop.',
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;

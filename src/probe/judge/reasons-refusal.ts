import { byAnswer } from './blame.ts';
import {
  brokeOffBehind,
  code,
  cut,
  endsLate,
  oneOf,
  putsManifest,
  registry,
  saysOwnReason,
  saysQuota,
} from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Refusals in so many words. */
export const refusalReasons = {
  blocked_by_policy: {
    title: 'a rule refuses the request',
    when: (f) => f.status === 451 || ((f.status === 403 || f.mitigated) && !registry(f)),
    blame: byAnswer,
    round: { family: 'policy', needsSuccessAfter: false, ownWords: false, byHop: true, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '403 or 451 from a hop, not from the registry; or an answer with `cf-mitigated` (a browser challenge, 503 or 403).',
      causes: 'WAF rules on bodies, methods or user agents; bot protection; IP lists; geo blocking.',
      remedy:
        "look up the evidence's `cf-ray` in Cloudflare's security events; skip WAF and bot rules for the registry's host and `/v2/*`; ModSecurity: `SecRequestBodyAccess Off` for the location.",
      blamed: "the answerer's hop.",
    },
  },
  method_not_allowed: {
    title: 'the method is refused',
    when: (f) => oneOf(405, 501)(f.status),
    blame: byAnswer,
    round: { family: 'policy', needsSuccessAfter: false, ownWords: false, byHop: true, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '405 or 501 to POST, PATCH or PUT.',
      causes:
        'a proxy or CDN whose list of methods lacks PATCH or PUT (CloudFront by default, IIS request filtering); a read-only registry (405 `UNSUPPORTED`); a pull-through cache.',
      remedy:
        'CloudFront: allow GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE; IIS: `<verbs>`; distribution: `storage.maintenance.readonly.enabled: false`; push to the upstream of a `proxy.remoteurl` cache.',
      blamed: "the answerer's hop.",
    },
  },
  length_required: {
    title: 'a body without a declared length is refused',
    when: (f) => f.status === 411,
    blame: byAnswer,
    round: { family: 'policy', needsSuccessAfter: false, ownWords: false, byHop: true, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '411 to a chunked body, or to an empty one without `Content-Length`.',
      causes:
        'a proxy that takes no chunked bodies, or a tunnel that removes `Content-Length: 0` (cloudflare/cloudflared#509).',
      remedy:
        'compare with a client that declares lengths (`clients: [skopeo, docker-containerd]`); nginx older than 1.3.9 and some WAFs must be replaced or told to pass chunked bodies; cloudflared: `--protocol http2`.',
      blamed: "the answerer's hop.",
    },
  },
  body_too_large: {
    title: 'the body is refused for its size',
    when: (f) =>
      f.status === 413 ||
      code(f, 'REQUESTED_RANGE_NOT_SATISFIABLE') ||
      (f.sizeRefusedBefore && f.step === 'send' && (cut(f) || (brokeOffBehind(f) && !saysOwnReason(f)))),
    blame: byAnswer,
    round: { family: 'size', needsSuccessAfter: false, ownWords: false, byHop: true, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'yes', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "413: at once if the length is declared, else when the body passes the limit, or after everything was sent (Cloudflare). Also 416 `REQUESTED_RANGE_NOT_SATISFIABLE` for GHCR's PATCH above 4 MiB; or a reset, or a hop's 502 or 520, or the 503 of Envoy or Varnish, at a size that got 413 in the attempt before.",
      causes:
        "nginx `client_max_body_size` (default `1m`), ingress-nginx `proxy-body-size`, Cloudflare's limit a request (100 MB on Free and Pro, 200 MB on Business, 500 MB on Enterprise), Traefik's buffering middleware, Envoy filters that buffer.",
      remedy:
        'nginx `client_max_body_size 0;`, ingress `nginx.ingress.kubernetes.io/proxy-body-size: "0"`, Traefik: no `buffering` middleware, Envoy: `per_connection_buffer_limit_bytes` or no buffering filter. Cloudflare: a DNS-only name for pushes, or a client that sends chunks. A limit search finds the exact size.',
      blamed: "the answerer's hop.",
    },
  },
  rate_limited: {
    title: 'too many requests were sent',
    when: (f) => f.status === 429,
    blame: byAnswer,
    round: { family: 'quota', needsSuccessAfter: true, ownWords: true, byHop: true, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '429, with or without `Retry-After`.',
      causes:
        "Docker Hub's abuse limiter, Cloudflare rate limiting rules, nginx `limit_req` with `limit_req_status 429`, a registry's own quota of requests.",
      remedy: "raise `every`; exempt the prober's address; Traefik `rateLimit`, nginx `limit_req` without `/v2/`.",
      blamed: "the answerer's hop.",
    },
  },
  quota_exceeded: {
    title: 'a quota or the storage is used up',
    when: (f) =>
      (f.status === 403 && registry(f) && (f.uploadStarted || putsManifest(f)) && saysQuota(f)) || f.status === 507,
    blame: 'registry_app',
    round: { family: 'quota', needsSuccessAfter: true, ownWords: true, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '403 at the commit, after all bytes: empty body (Gitea) or `DENIED` that names a limit (Harbor); 507.',
      causes:
        "Gitea `[packages] LIMIT_TOTAL_OWNER_SIZE` or `LIMIT_SIZE_CONTAINER`; Harbor's project quota; a full object store.",
      remedy:
        "give the probe's owner or project a quota of its own above the size times the number of runs between two clean-ups; let clean-up work (Gitea `[cron.cleanup_packages]`, Harbor garbage collection); `payload: { rotate: 3 }`.",
      blamed: '`registry_app`.',
    },
  },
  manifest_refused: {
    title: 'the manifest is refused, though its blobs were taken',
    when: (f) =>
      putsManifest(f) &&
      ((f.status !== undefined && f.status >= 400 && f.status < 500 && !endsLate(f) && !code(f, 'DIGEST_INVALID')) ||
        f.problem === 'digest_missing'),
    blame: byAnswer,
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'the PUT of an image’s manifest is answered with 4xx that no rule above covers (400 `MANIFEST_INVALID`, 404 `MANIFEST_BLOB_UNKNOWN`, 412, 415), or with success that does not name its digest, where the client needs that.',
      causes:
        'a rule of a hop on JSON bodies or on their `Content-Type`; replicas without common storage; a tag that must not move; a policy or webhook of the registry; a registry that takes only one kind of manifest.',
      remedy:
        'read the server’s words in the evidence; `blobprobe diagnose` compares this path with the direct one, and the kinds of manifests.',
      blamed: "the answerer's hop.",
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;

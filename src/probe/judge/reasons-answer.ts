import { byAnswer, edgeToOrigin, storageAtTheEnd } from './blame.ts';
import { oneOf, registry } from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Answers that are none of a push. */
export const answerReasons = {
  origin_unreachable: {
    title: 'a hop answers 502 or 503 instead of the registry',
    when: (f) =>
      (oneOf(502, 503)(f.status) && !registry(f)) || (f.status !== undefined && f.status >= 520 && f.status <= 530),
    blame: edgeToOrigin,
    round: { family: 'down', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'maybe', mayPass: true, maybeDown: true },
    isOutcome: true,
    words: {
      wire: "502 or 503 from a hop, not from the registry; Cloudflare's 520 to 523, 527, and 530 with `error code: 1033` when the tunnel is down.",
      causes:
        'registry down or without ready endpoints; a backend that resets (520); cloudflared not running (530); Gitea or registry restarted during the push; a refused connection from the proxy.',
      remedy:
        "compare the direct path in the same minute. If it works, look at the proxy's upstream configuration (`proxy_pass`, Service ports, cloudflared `ingress`); `cloudflared tunnel info`; readiness probes.",
      blamed: "`tunnel` for 530, `edge_to_origin` for 520 and above, else the answerer's hop.",
    },
  },
  registry_error: {
    title: 'the registry fails',
    when: (f) => f.status !== undefined && f.status >= 500 && (registry(f) || f.answeredBy === 'other'),
    blame: storageAtTheEnd,
    round: { family: 'down', needsSuccessAfter: true, ownWords: true, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: true, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'a 5xx from the registry (error JSON or its version header), or one without the mark of any proxy.',
      causes:
        "disk full, object store or database down (`UNKNOWN` on PATCH or PUT, Gitea's empty 500); a session that an interrupted PATCH broke (Gitea, for good); a defect.",
      remedy:
        "read the registry's log of that time, by `x-request-id`; free space and rights of the upload folder; credentials and latency of the object store.",
      blamed:
        '`registry_storage` once bytes were to be stored, `registry_app` before; `unknown` when a page for people came, which no registry writes.',
    },
  },
  verify_failed: {
    title: 'the blob is missing after the push, or the answer does not say its size',
    when: (f) => f.step === 'verify' && f.problem !== undefined,
    blame: byAnswer,
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'HEAD after 201 is not answered 200, or without `Content-Length`, or with another length. docker shows `missing content-length header for request`.',
      causes:
        'a CDN or tunnel that strips Content-Length from HEAD (cloudflare/cloudflared#500); compression at the edge; a cache that still holds the 404; storage that is only eventually consistent.',
      remedy:
        'no compression and no caching for `/v2/*` (Cloudflare: a cache rule with bypass; nginx `gzip off; proxy_cache off;`); no HEAD to GET conversion (`proxy_cache_convert_head off`).',
      blamed: "the answerer's hop.",
    },
  },
  unexpected_response: {
    title: 'the answer does not fit a push',
    when: (f) => !f.unknown,
    blame: byAnswer,
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'an answer that no rule covers: another status, something other than HTTP, headers that never end or exceed 64 KiB.',
      causes:
        'another service on the address; a repository that must be made first (ECR: 404 `NAME_UNKNOWN`); a captive portal; contradicting framing headers.',
      remedy: 'read the evidence: status, `Server`, beginning of the body; `curl -v URL/v2/`; create the repository.',
      blamed: "the answerer's hop.",
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;

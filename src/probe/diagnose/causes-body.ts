import type { Cause } from './cause.ts';
import { uploadRefutations } from './refutations-upload.ts';
import { losesBytes } from './flips.ts';
import { crossedCloudflare, is, isPushed, lengthMissing } from './predicates.ts';

/** A hop's own error says nothing of what the registry has. */
const notShown = is(
  'verify_failed',
  undefined,
  (f) => !lengthMissing(f) && (f.answeredBy === 'registry' || (f.status ?? 0) < 500),
);

/** Causes by which the registry gets other bytes than were sent. */
export const bodyCauses = {
  cloudflared_quic: {
    title: 'the Cloudflare tunnel drops bodies that come without a length',
    hop: 'tunnel',
    remedy:
      'Run cloudflared with `--protocol http2` (or `protocol: http2` in its configuration), or push with a client that sends a Content-Length (containerd image store, BuildKit, crane).',
    reference: 'https://github.com/cloudflare/cloudflared/issues/1485',
    explains: is('body_dropped', undefined, crossedCloudflare),
    refutedBy: ['declaredFails', 'failsEverywhere', 'rangeNotSaid', 'patchLosesBodies'],
    provenBy: ['length'],
    nextTest:
      'Push the same size with `--client=skopeo`, which declares the length, and start cloudflared with `--protocol http2`.',
  },
  streamed_body_dropped: {
    title: 'a hop drops bodies that come without a length',
    remedy:
      'Find the proxy that turns `Transfer-Encoding: chunked` into an empty body and make it speak HTTP/1.1 to its upstream (nginx: `proxy_http_version 1.1`); until then push with a client that sends a Content-Length (containerd image store, BuildKit, crane).',
    reference: 'https://github.com/cloudflare/cloudflared/issues/1485',
    explains: is('body_dropped', undefined, (f, x) => !crossedCloudflare(f, x)),
    refutedBy: ['declaredFails', 'failsEverywhere', 'rangeNotSaid', 'patchLosesBodies'],
    provenBy: ['length'],
    nextTest: 'Push the same size with `--client=skopeo`, which declares the length.',
  },
  patch_not_passed_on: {
    title:
      'bodies of PATCH do not reach the registry, with a length or without, while those of PUT do: a hop answers PATCH itself, or makes another method of it',
    hop: 'path',
    remedy:
      'Let PATCH through to the registry as it is on /v2/* (nginx: no `return` for it and no `proxy_method`; HAProxy: no `http-request return` and no `set-method`; no filter that overrides methods); until then push with a client that sends bodies with PUT alone (containerd image store, BuildKit).',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks',
    explains: (f, x) => losesBytes.has(f.reason) && x.patchLosesBodies,
    refutedBy: ['failsEverywhere', 'rangeNotSaid'],
    provenBy: ['path'],
    nextTest: 'Look in the registry’s log whether PATCH arrives, and with how many bytes.',
  },
  range_not_said: {
    title:
      'bodies arrive, and the answer to PATCH does not say so: its Range is missing, without which docker gives up',
    remedy:
      'Let the header Range of answers through at the hops (nginx: no `proxy_hide_header Range`; CDN: no response header rule for it); Gitea 1.24.1 leaves it out by itself: update it.',
    reference: 'https://github.com/go-gitea/gitea/issues/34792',
    explains: is('body_dropped', undefined, uploadRefutations.rangeNotSaid.holds),
    refutedBy: ['cameOnce'],
    provenBy: ['path', 'everywhere'],
    nextTest: '`curl -si -X PATCH -d x` of an upload’s Location, on this path and on the direct one: compare Range.',
  },
  body_truncated: {
    title: 'a hop passes on only a part of the body',
    remedy:
      'Compare the byte counts of the proxies’ access logs with what was sent: the first one that has less is behind the hop at fault. Look for limits on buffers and for content inspection.',
    reference: 'https://github.com/docker/build-push-action/issues/634',
    explains: is('body_truncated', undefined, isPushed),
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: 'Compare the byte counts in the access logs of all hops for one push.',
  },
  body_corrupted: {
    title: 'the bytes that arrive are not the bytes that were sent',
    remedy:
      'Switch off whatever rewrites or inspects bodies on this way (WAF, antivirus, compression); when every way shows it, test memory and storage of the registry.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs',
    explains: is('body_corrupted', undefined, ({ phase }) => phase !== 'pull' && phase !== 'verify'),
    refutedBy: ['largerAlikePassed'],
    provenBy: ['path'],
    nextTest:
      'Push the same over the direct path, several times: damage that follows the path is the path’s, damage that stays is the registry’s.',
  },
  head_length_stripped: {
    title: 'a hop removes the Content-Length from answers to HEAD',
    remedy:
      'Switch off compression and transformation of application/octet-stream at the hop (Cloudflare: a response header rule or `no-transform`), so that HEAD keeps its Content-Length.',
    reference: 'https://github.com/cloudflare/cloudflared/issues/500',
    explains: is('verify_failed', undefined, lengthMissing),
    refutedBy: ['failsEverywhere'],
    provenBy: [/^200\b(?!.*content-length)/],
    nextTest: '`curl -sI` of a blob that exists, on this path and on the direct one: compare Content-Length.',
  },
  blob_not_passed_on: {
    title:
      'a blob is answered with success, and is not there, or not as it was sent, when it is asked for over this path: a hop answers in the registry’s place, a cache keeps a 404, or servers behind it do not share their storage',
    hop: 'path',
    remedy:
      'Let no hop answer for /v2/*/blobs/* in the place of the registry (no `return` for PUT), cache no 404 there (nginx: no `proxy_cache_valid any` or `404`; Varnish: `return (pass)`; CDN: no cache of errors), and lead reads to the same registry and storage as writes.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs',
    explains: (f, x) => notShown(f, x) && f.blob !== 'manifest' && x.direct === 'ok',
    refutedBy: ['failsEverywhere', 'cameOnce'],
    provenBy: ['path'],
    nextTest: '`curl -sI` of the blob on this path and on the direct one: compare `Age`, `X-Cache` and the status.',
  },
  not_stored: {
    title: 'the registry accepts the blob or manifest and does not show it afterwards',
    hop: 'registry_storage',
    remedy: 'Look for replicas with storage that is not shared, or a cache in front that answers for the registry.',
    reference: 'https://github.com/distribution/distribution/issues/2519',
    rank: 'inferred',
    explains: notShown,
    refutedBy: ['cameOnce', 'failsHereAlone'],
    provenBy: ['everywhere'],
    nextTest: 'Ask for the same over each replica and over the direct path.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

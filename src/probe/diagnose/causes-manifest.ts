import type { Failure } from '../failure.ts';
import { isHungUp } from '../judge/is-cut.ts';
import { saidByRegistry } from '../judge/words.ts';
import type { Cause } from './cause.ts';
import { isOfManifest } from './manifest-failure.ts';
import type { Match } from './match.ts';
import { blockWords, isPageOfHop, isRefusal, says } from './predicates.ts';

const errorCodes = 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes';
const legacyHeaders =
  'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#legacy-docker-support-http-headers';
const pushingManifests = 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests';

/** Refusals that say of a manifest nothing: of the login, the size or the rate. */
const ofOthers: ReadonlySet<Failure['reason']> = new Set(['auth_rejected', 'body_too_large', 'rate_limited']);

function isRefused(f: Failure): boolean {
  return isOfManifest(f) && isRefusal(f) && !ofOthers.has(f.reason);
}

/** By the registry's own words. */
function registryRefuses(f: Failure): boolean {
  return isRefused(f) && saidByRegistry(f);
}

/** By a hop: it shows who it is, writes a page, or the same is taken over another path. */
const hopRefuses: Match = (f, x) => {
  const isHop = f.answeredBy !== 'other' || isPageOfHop(f) || x.direct === 'ok';
  return isRefused(f) && !saidByRegistry(f) && f.answeredBy !== 'registry' && isHop;
};

/** Nobody answers here what is taken elsewhere. */
const isSwallowed: Match = (f, x) => {
  const isUnanswered = isHungUp(f) || f.reason === 'response_timeout' || f.reason === 'deadline';
  return isOfManifest(f) && isUnanswered && f.answeredBy === 'none' && x.direct === 'ok';
};

const absentBlobWords = /\b(?:MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN)\b|blob unknown to registry/i;
const tagWords =
  /immutab|ImageTagAlreadyExists|tag\b.{0,80}\b(?:already exists|cannot be (?:overwritten|updated)|is locked)/i;
const policyWords =
  /\bpolic(?:y|ies)\b|\bsignatures?\b|\b(?:not |un)signed\b|\bcosign\b|\bnotation\b|vulnerab|admission|webhook/i;
const typeWords =
  /(?:unsupported|unknown|unrecognized|invalid|not supported)\b.{0,40}\b(?:media ?type|content[ -]type)|(?:media ?type|content[ -]type)\b.{0,80}\b(?:not (?:supported|allowed|accepted)|unsupported|unknown|invalid)/i;

const ofType: Match = (f, x) => x.otherKindPassed === true || f.status === 415 || says(typeWords)(f, x);

/** Success that the client makes nothing of. */
function namesNoDigest(f: Failure): boolean {
  return isOfManifest(f) && f.reason === 'manifest_refused' && (f.status ?? 0) < 300;
}

const compareHeaders = '`curl -i` of the PUT of a manifest on this path and on the direct one: compare the headers.';

/** What keeps the manifest out whose blobs were taken. */
export const manifestCauses = {
  manifest_tag_immutable: {
    title: 'the registry does not let the tag be moved to another manifest',
    hop: 'registry_app',
    remedy:
      'Exempt tags that begin with `blobprobe-` from the rule (Harbor: Tag Immutability of the project; ECR: image tag mutability with an exclusion), or probe a repository without it: an image check moves one tag from run to run.',
    reference: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html',
    explains: (f, x) => registryRefuses(f) && says(tagWords)(f, x),
    refutedBy: ['worksElsewhere'],
    provenBy: [tagWords],
    nextTest: '`docker push` of a tag that does not exist yet, and then of another image under the same tag.',
  },
  manifest_policy: {
    title: 'a policy of the registry, or a service that it asks, does not let this manifest in',
    hop: 'registry_app',
    remedy:
      'Read which rule the answer names, and exempt the repository of the probe from it (signatures, scans, retention and counts of tags, webhooks of admission): what blobprobe pushes is synthetic and unsigned.',
    reference: errorCodes,
    explains: (f, x) => registryRefuses(f) && (says(policyWords)(f, x) || f.registryCode === 'DENIED'),
    refutedBy: ['worksElsewhere'],
    provenBy: [policyWords],
    nextTest: '`docker push` of any small image to the same repository, with the same login.',
  },
  manifest_blobs_missing: {
    title: 'the registry does not know, at the manifest, the blobs that it has just taken',
    hop: 'registry_storage',
    remedy:
      'Give all replicas the same storage and the same cache of what is in it (distribution: `storage`, `redis`), and wait for a store that is only eventually consistent.',
    reference: errorCodes,
    explains: (f, x) => registryRefuses(f) && says(absentBlobWords)(f, x),
    refutedBy: ['worksElsewhere'],
    provenBy: ['everywhere'],
    nextTest: 'Scale the registry to one replica and diagnose again.',
  },
  manifest_led_elsewhere: {
    title: 'manifests arrive at another registry, or at another replica, than the blobs that they name',
    hop: 'path',
    remedy:
      'Lead everything below /v2/ to the same registry: no rule of its own for /manifests/ or /blobs/, and the same rewriting for both. Behind a load balancer, give all replicas the same storage.',
    reference: errorCodes,
    explains: (f, x) => registryRefuses(f) && says(absentBlobWords)(f, x),
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: 'Look in the access logs of all registries and replicas where PUT of /manifests/ arrives.',
  },
  manifest_kind_refused: {
    title: 'the registry takes manifests of one kind, and this client pushes the other',
    hop: 'registry_app',
    remedy:
      'Push the kind that the registry takes (docker: the classic image store pushes docker’s schema 2, the containerd image store OCI’s; buildx: `--output type=image,oci-mediatypes=false`; skopeo and podman: `--format v2s2` or `oci`), or update the registry.',
    reference: pushingManifests,
    explains: (f, x) => registryRefuses(f) && ofType(f, x),
    refutedBy: ['worksElsewhere', 'otherKindFails'],
    provenBy: ['mediaType', typeWords],
    nextTest: '`skopeo copy --format oci` and `--format v2s2` of the same image to this repository.',
  },
  manifest_kind_blocked: {
    title: 'a hop lets manifests of one kind through, and this client pushes the other',
    remedy:
      'Allow both kinds in the rules of this hop: Content-Type `application/vnd.docker.distribution.manifest.v2+json` and `…list.v2+json`, `application/vnd.oci.image.manifest.v1+json` and `…index.v1+json`.',
    reference: pushingManifests,
    explains: (f, x) => (hopRefuses(f, x) || isSwallowed(f, x)) && x.otherKindPassed === true,
    refutedBy: ['failsEverywhere'],
    provenBy: ['mediaType'],
    nextTest: '`skopeo copy --format oci` and `--format v2s2` of the same image over this path.',
  },
  manifest_blocked: {
    title: 'a rule of a hop keeps manifests out, though it lets blobs through',
    remedy:
      'Let PUT of /v2/*/manifests/* through, with JSON in its body and the Content-Types `application/vnd.docker.distribution.manifest.v2+json` and `application/vnd.oci.image.manifest.v1+json` (and those of lists and indexes), in the rules of this hop: methods by path, allowed content types, inspection of JSON bodies (ModSecurity: exempt /v2/).',
    reference: pushingManifests,
    rank: 'inferred',
    explains: (f, x) => hopRefuses(f, x) || isSwallowed(f, x),
    refutedBy: ['failsEverywhere'],
    provenBy: ['path', blockWords],
    nextTest:
      '`curl -i -X PUT -H "Content-Type: application/vnd.oci.image.manifest.v1+json" -d "{}" URL/v2/REPO/manifests/x` on this path and on the direct one: a registry answers 400.',
  },
  manifest_altered: {
    title: 'a hop changes the manifest on its way, or its type or URL, so that the registry refuses it',
    hop: 'path',
    remedy:
      'Pass the body, the `Content-Type` and the URL of PUT /v2/*/manifests/* on as they are: no rewriting of JSON, no type of its own (nginx: no `proxy_set_header Content-Type`), no decoding of `:` in the URL.',
    reference: pushingManifests,
    rank: 'inferred',
    explains: (f, x) => registryRefuses(f) && x.direct !== 'other',
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: 'Look in the registry’s log what it says of the manifest, and which `Content-Type` and length arrive.',
  },
  manifest_refused: {
    title: 'the registry itself refuses the manifest, whose blobs it took',
    hop: 'registry_app',
    remedy: 'Read what the registry says in its answer and, at that time, in its log.',
    reference: errorCodes,
    rank: 'inferred',
    explains: registryRefuses,
    refutedBy: ['worksElsewhere'],
    provenBy: ['everywhere'],
    nextTest: '`skopeo copy` of any small image to this repository, over another path.',
  },
  manifest_digest_lost: {
    title: 'a hop takes `Docker-Content-Digest` off the answer to the manifest, without which this client gives up',
    hop: 'path',
    remedy:
      'Let the header `Docker-Content-Digest` of answers through at the hops (nginx: no `proxy_hide_header`; CDN: no list of allowed response headers).',
    reference: legacyHeaders,
    explains: namesNoDigest,
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: compareHeaders,
  },
  manifest_digest_unnamed: {
    title:
      'the registry does not name the digest of the manifest (`Docker-Content-Digest`), without which this client gives up',
    hop: 'registry_app',
    remedy:
      'Let the registry send `Docker-Content-Digest` in answers about manifests, or push with a client that takes it for optional (containerd 2.3, skopeo, podman, crane).',
    reference: legacyHeaders,
    explains: namesNoDigest,
    refutedBy: ['worksElsewhere'],
    provenBy: ['everywhere'],
    nextTest: compareHeaders,
  },
  manifest_tag_stale: {
    title:
      'the tag still leads to an older manifest: a cache on the way keeps it, or somebody else pushes the same tag',
    hop: 'path',
    remedy:
      'Cache no answers for tags: /v2/*/manifests/* only by digest (nginx: no `proxy_cache`; CDN: a rule that bypasses the cache for /v2/).',
    reference: pushingManifests,
    explains: (f) => f.blob === 'manifest' && f.phase === 'verify' && f.reason === 'body_corrupted',
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`curl -sI` of the tag on this path and on the direct one: compare `Docker-Content-Digest` and `Age`.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

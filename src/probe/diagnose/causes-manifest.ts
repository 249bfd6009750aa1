import type { Cause } from './cause.ts';
import { isOfManifest, isUnderDigest } from './manifest-failure.ts';
import { blockWords, says } from './predicates.ts';
import {
  absentBlobWords,
  hopRefuses,
  isSwallowed,
  namesNoDigest,
  ofKind,
  policyWords,
  registryRefuses,
  rightsWords,
  tagWords,
  typeWords,
} from './predicates-manifest.ts';

const errorCodes = 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes';
const legacyHeaders =
  'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#legacy-docker-support-http-headers';
const pushingManifests = 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests';

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
    // What cannot be read is “unverified” as well.
    explains: (f, x) =>
      registryRefuses(f) &&
      f.registryCode !== 'MANIFEST_UNVERIFIED' &&
      !says(rightsWords)(f, x) &&
      (says(policyWords)(f, x) || f.registryCode === 'DENIED'),
    refutedBy: ['worksElsewhere'],
    provenBy: [policyWords],
    nextTest: '`docker push` of any small image to the same repository, with the same login.',
  },
  manifest_not_allowed: {
    title: 'this login may push blobs to this repository, and no manifests',
    hop: 'auth_server',
    remedy: 'Give the user or role the right that the answer names (ECR: `ecr:PutImage`) for this repository.',
    reference: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html',
    explains: (f, x) => registryRefuses(f) && says(rightsWords)(f, x),
    refutedBy: ['worksElsewhere'],
    provenBy: [rightsWords],
    nextTest: '`docker push` of any small image to the same repository, with the same login.',
  },
  manifest_blobs_missing: {
    title: 'the registry does not know, at the manifest, the blobs that it has just taken, or their repository',
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
    explains: (f, x) => registryRefuses(f) && ofKind(f, x),
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
    title:
      'a hop changes the manifest on its way, or its type or URL, so that it is refused; or it refuses it itself, as a registry does',
    hop: 'path',
    remedy:
      'Pass the body, the `Content-Type` and the URL of PUT /v2/*/manifests/* on as they are: no rewriting of JSON, no type of its own (nginx: no `proxy_set_header Content-Type`), no decoding of `:` in the URL. Where the answer names a rule that the registry does not have, it is that of a gateway on this path: exempt the repository of the probe there.',
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
    // It may be the digest in the place of a tag that it does not take.
    provenBy: 'nothing',
    nextTest: '`skopeo copy` of any small image to this repository, under a tag, over another path.',
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
  manifest_login_lost: {
    title: 'a hop drops or changes the login of requests for manifests, though it passes it on for blobs',
    hop: 'path',
    remedy:
      'Pass the Authorization header on for all of /v2/ alike (nginx: no `proxy_set_header Authorization` and no `auth_basic` in a location of its own for manifests).',
    reference: 'https://distribution.github.io/distribution/recipes/nginx/',
    rank: 'inferred',
    explains: (f, x) => isOfManifest(f) && f.status === 401 && x.direct === 'ok',
    refutedBy: ['failsEverywhere', 'saysOtherReason'],
    provenBy: ['path'],
    nextTest: 'Look in the registry’s log whether Authorization arrives with PUT of /manifests/.',
  },
  manifest_not_passed_on: {
    title: 'the manifest is answered with success, and is not there when it is asked for over this path',
    hop: 'path',
    remedy:
      'Let no hop answer for /v2/*/manifests/* in the place of the registry: no page of its own, no cache that keeps a 404, no other registry or replica for reads than for writes.',
    reference: pushingManifests,
    explains: (f, x) => f.blob === 'manifest' && f.reason === 'verify_failed' && f.status === 404 && x.direct === 'ok',
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`curl -i` of PUT and then of HEAD of a manifest on this path and on the direct one.',
  },
  manifest_tag_stale: {
    title:
      'the tag still leads to an older manifest: a cache on the way keeps it, or somebody else pushes the same tag',
    hop: 'path',
    remedy:
      'Cache no answers for tags: /v2/*/manifests/* only by digest (nginx: no `proxy_cache`; CDN: a rule that bypasses the cache for /v2/).',
    reference: pushingManifests,
    explains: (f) =>
      f.blob === 'manifest' && f.phase === 'verify' && f.reason === 'body_corrupted' && !isUnderDigest(f),
    refutedBy: ['failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`curl -sI` of the tag on this path and on the direct one: compare `Docker-Content-Digest` and `Age`.',
  },
} as const satisfies Readonly<Record<string, Cause>>;

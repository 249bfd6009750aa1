import type { RequestEnd } from '../../registry/resend.ts';
import type { ClientProfile } from '../client-profile.ts';
import type { Failure } from '../failure.ts';

const octets = { 'content-type': 'application/octet-stream' } as const;
const none = { maxAttempts: 1, delayMs: () => 0, retries: () => false } as const;
const connectionCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** ggcr's pkg/v1/remote/transport/error.go: these codes, or without JSON these statuses, are temporary. */
const craneCodes = new Set(['BLOB_UPLOAD_INVALID', 'TOOMANYREQUESTS', 'UNKNOWN', 'UNAVAILABLE']);
const craneStatuses = new Set([408, 429, 500, 502, 503, 504]);

function craneRetries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) {
    return craneCodes.has(failure.registryCode);
  }
  if (failure.status !== undefined) {
    return craneStatuses.has(failure.status);
  }
  // An HTTP/2 stream reset is none of these errors (bazel-contrib/rules_img#762).
  return failure.reason !== 'http2_error' && connectionCodes.has(failure.evidence.code ?? '');
}

/** crane, ko and kaniko. */
export const crane: ClientProfile = {
  name: 'crane',
  source: 'google/go-containerregistry v0.21 pkg/v1/remote/{write,options}.go, transport/error.go',
  userAgent: 'crane/v0.21 go-containerregistry/v0.21 (blobprobe)',
  httpVersion: 'h2-if-offered',
  ping: true,
  headBefore: true,
  headAfter: false,
  shape: 'patch-length',
  writeBytes: 32 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  postHeaders: { 'content-type': 'application/json' },
  putHeaders: octets,
  checksRange: false,
  // Backoff of 1 s, times 3, up to a tenth more by chance, three steps.
  retry: {
    maxAttempts: 3,
    delayMs: (attempt, random) => 1_000 * 3 ** (attempt - 1) * (1 + 0.1 * random),
    retries: craneRetries,
  },
  resendsBody: false,
  anonymousMount: false,
  manifest: 'docker',
  concurrency: 4,
};

/** containers/image waits out a 429 itself, but only for requests without a body: 2 s doubling, Retry-After up to 60 s. */
function containersImageResend(end: RequestEnd): number | undefined {
  if (end.status !== 429 || end.hasBody || end.sending > 5) {
    return undefined;
  }
  return Math.min(end.retryAfterMs ?? 2_000 * 2 ** (end.sending - 1), 60_000);
}

/** skopeo copy from registry to registry: the size is known. */
export const skopeo: ClientProfile = {
  name: 'skopeo',
  source: 'containers/image docker/{docker_image_dest,docker_client,body_reader}.go',
  userAgent: 'skopeo/1.20 (blobprobe)',
  httpVersion: '1.1',
  ping: true,
  // Once in copy's TryReusingBlob and once more in PutBlob; the config goes to PutBlob only.
  headBefore: 'twice',
  configBlob: { headBefore: true },
  headAfter: false,
  shape: 'patch-length',
  writeBytes: 32 * 1024,
  requestHeaders: { 'docker-distribution-api-version': 'registry/2.0', 'accept-encoding': 'gzip' },
  postHeaders: {},
  putHeaders: octets,
  checksRange: false,
  // --retry-times is 0 unless asked for.
  retry: none,
  resend: containersImageResend,
  resendsBody: false,
  anonymousMount: false,
  manifest: 'oci',
  concurrency: 6,
};

/** containers/common pkg/retry: not after these codes. */
const podmanFinalCodes = new Set(['UNAUTHORIZED', 'DENIED', 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);
const podmanStatuses = new Set([502, 503, 504]);
const podmanTransportCodes = new Set([...connectionCodes, 'ECONNREFUSED', 'ETIMEDOUT']);

function podmanRetries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) {
    return !podmanFinalCodes.has(failure.registryCode);
  }
  if (failure.status !== undefined) {
    return podmanStatuses.has(failure.status);
  }
  return podmanTransportCodes.has(failure.evidence.code ?? '');
}

/**
 * podman push and buildah push: compressed on the way, so the size is not known. What it asks for before is the digest of the
 * uncompressed layer, which is not there either.
 */
export const podman: ClientProfile = {
  ...skopeo,
  name: 'podman',
  source: `${skopeo.source}; containers/common libimage/copier.go, pkg/retry/retry.go`,
  userAgent: 'containers/5.36 (github.com/containers/image) (blobprobe)',
  // The retry is around the whole copy, which begins with a client of its own.
  ping: 'each-attempt',
  headBefore: true,
  configBlob: { headBefore: true, shape: 'patch-length' },
  shape: 'patch-streamed',
  retry: {
    maxAttempts: 4,
    // libimage sets a delay, which takes the place of the doubling; up to a tenth more by chance.
    delayMs: (_attempt, random) => 1_000 * (1 + 0.1 * random),
    retries: podmanRetries,
  },
};

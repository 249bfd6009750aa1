import { type TokenBehaviour, tokensByClock } from '../../registry/auth/token-behaviour.ts';
import type { RequestEnd } from '../../registry/resend.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { brokeOff, type ClientRow, type ClientVersions, noRetry, type PullRow, usualPush } from './client-profile.ts';
import type { Failure } from '../failure.ts';

/** containers/image waits out a 429 itself, but only for requests without a body: five sendings, 2 s doubling, Retry-After up to 60 s. */
function containersImageResend(end: RequestEnd): number | undefined {
  if (end.status !== 429 || end.hasBody || end.sending >= 5) return undefined;
  return Math.min(end.retryAfterMs ?? 2_000 * 2 ** (end.sending - 1), 60_000);
}

const tokens: TokenBehaviour = {
  ...tokensByClock,
  source:
    'go.podman.io/image v5.42.1 docker/docker_client.go getBearerToken, newBearerTokenFromJSONBlob, setupRequestAuth',
  method: 'get',
  refresh: 'by-clock',
  clientId: 'containers/image',
  account: true,
  prefers: 'first',
  learnsFrom: 'ping',
  addsChallengeScope: false,
  actionOrder: 'pull,push',
};

/** bodyReader: the first cut, and each after 1 MiB more. That a minute without one counts, too, is left out. */
const resumableCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET']);
const enoughProgressBytes = 1024 * 1024;

const pull: PullRow = {
  ...takesItOnce,
  source: 'go.podman.io/image v5.42.1 docker/{body_reader,docker_client,docker_image_src}.go',
  resumesAfterMs: ({ code, newBytes, resumptions }, random) =>
    resumableCodes.has(code) && (resumptions === 0 || newBytes >= enoughProgressBytes)
      ? 1_000 + 100 * random
      : undefined,
  manifest: 'get',
  manifestAccept:
    'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.v1+prettyjws, application/vnd.docker.distribution.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json',
  // Read before any layer, for the destination's sake (copy/single.go, prepareImageConfigForDest).
  configFirst: true,
  // Into storage or an OCI layout (copy/copy.go); into `dir:` and archives it is one.
  concurrency: 6,
  retry: noRetry,
  resend: containersImageResend,
};

/** Before containers/image 5.23 nothing goes on after a cut, and skopeo needs no config before the layers. */
const pullUntil522: PullRow = { ...pull, resumesAfterMs: () => undefined, configFirst: false };

/** skopeo copy from registry to registry: the size is known. From a folder (oci:, dir:) it copies the layers one by one. */
const skopeoRow: ClientRow = {
  ...usualPush,
  source: 'go.podman.io/image v5.42.1 docker/{docker_image_dest,docker_client,body_reader}.go',
  userAgent: 'skopeo/1.22.2 (blobprobe)',
  ping: true,
  // Once in copy's TryReusingBlob and once more in PutBlob; the config goes to PutBlob only.
  headBefore: 'twice',
  configBlob: { headBefore: true },
  shape: 'patch-length',
  requestHeaders: { 'docker-distribution-api-version': 'registry/2.0', 'accept-encoding': 'gzip' },
  // --retry-times is 0 unless asked for.
  retry: noRetry,
  resend: containersImageResend,
  tokens,
  manifest: 'oci',
  concurrency: 6,
  // copy/compression.go, with DesiredLayerCompression of the docker transport.
  plainLayers: 'gzip',
  pull,
};

/** containers/common pkg/retry: not after these codes. */
const podmanFinalCodes = new Set(['UNAUTHORIZED', 'DENIED', 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);
const podmanStatuses = new Set([502, 503, 504]);
/** isErrnoRetryable, timeouts, and io.EOF; EPIPE is not among them. */
const podmanTransportCodes = new Set<string | undefined>([
  'UND_ERR_SOCKET',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
]);

function podmanRetries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) return !podmanFinalCodes.has(failure.registryCode);
  if (failure.status !== undefined) return podmanStatuses.has(failure.status);
  const { code, body } = failure.evidence;
  // An answer that breaks off in its head is io.ErrUnexpectedEOF, which is not among them either.
  return podmanTransportCodes.has(code) && (code !== 'UND_ERR_SOCKET' || body === undefined);
}

/** A body that breaks off is io.ErrUnexpectedEOF, which is not among the errors that are retried. */
function podmanPullRetries(failure: Failure): boolean {
  return brokeOff(failure) ? failure.evidence.code === 'ECONNRESET' : podmanRetries(failure);
}

/**
 * podman push and buildah push: compressed on the way, so the size is not known. What it asks for before is the digest of the
 * uncompressed layer, which is not there either.
 */
const podmanRow: ClientRow = {
  ...skopeoRow,
  source: `${skopeoRow.source}; go.podman.io/common v0.69.0 libimage/copier.go, pkg/retry/retry.go`,
  userAgent: 'containers/5.42.1 (github.com/containers/image) (blobprobe)',
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
  pull: {
    ...pull,
    source: `${pull.source}; go.podman.io/common v0.69.0 libimage/copier.go, pkg/retry/retry.go`,
    retry: { maxAttempts: 4, delayMs: (_attempt, random) => 1_000 * (1 + 0.1 * random), retries: podmanPullRetries },
  },
};

export const podman = {
  '6.0': {
    ...podmanRow,
    measured: 'go.podman.io/common 0.69, its libimage',
    pull: { ...podmanRow.pull, measured: 'go.podman.io/common 0.69, its libimage' },
  },
  // Before go.podman.io/common 0.63 (March 2025) a 502, 503 or 504 was final; a connection for each request before image 5.25.
  '4.3': {
    ...podmanRow,
    otherwise:
      'before containers/common 0.63: a 502, 503 or 504 is final; before containers/image 5.25: a connection for each request',
    measured: 'podman 4.3.1, buildah 1.28.2 (Debian)',
    userAgent: 'containers/5.23.1 (github.com/containers/image) (blobprobe)',
    requestHeaders: { ...podmanRow.requestHeaders, connection: 'close' },
    retry: {
      ...podmanRow.retry,
      retries: (failure) =>
        (failure.status === undefined || failure.registryCode !== undefined) && podmanRetries(failure),
    },
  },
} satisfies ClientVersions;

export const skopeo = {
  '1.22': {
    ...skopeoRow,
    measured: 'go.podman.io/image 5.42.1, its copy',
    pull: { ...pull, measured: 'go.podman.io/image 5.42.1, its copy' },
  },
  // A connection for each request, up to containers/image 5.24.
  '1.9': {
    ...skopeoRow,
    otherwise: 'before containers/image 5.25: a connection for each request',
    measured: 'skopeo 1.9.3 (Debian)',
    userAgent: 'skopeo/1.9.3 (blobprobe)',
    requestHeaders: { ...skopeoRow.requestHeaders, connection: 'close' },
    pull: { ...pullUntil522, measured: 'skopeo 1.9.3 (Debian)' },
  },
} satisfies ClientVersions;

import { type TokenBehaviour, tokensByClock } from '../../registry/auth/token-behaviour.ts';
import type { ResendPolicy } from '../../registry/resend.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { brokeOff, type ClientRow, type ClientVersions, type PullRow, usualPush } from './client-profile.ts';
import type { Failure } from '../failure.ts';
import { containerdPusher, containerdResendUntil22 } from './containerd.ts';

/** Registry codes after which docker gives up at once (moby daemon/internal/distribution/errors.go, retryOnError). */
const finalCodes = new Set(['UNAUTHORIZED', 'UNSUPPORTED', 'DENIED', 'TOOMANYREQUESTS', 'NAME_UNKNOWN']);
/** Without JSON, docker 25 and newer maps these statuses to the codes above (docker/distribution v2.8.3 parseHTTPErrorResponse). */
const finalStatuses = new Set<number | undefined>([401, 403, 429]);

function retries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) return !finalCodes.has(failure.registryCode);
  return !finalStatuses.has(failure.status);
}

const tokens: TokenBehaviour = {
  ...tokensByClock,
  source:
    'distribution/distribution v2.8.3 registry/client/auth/session.go; moby daemon/internal/distribution/registry.go',
  method: 'get',
  refresh: 'by-clock',
  clientId: 'docker',
  account: true,
  // Both handlers run, tokenHandler first; then the Basic header overwrites the Bearer one.
  prefers: 'basic-after-token',
  learnsFrom: 'ping',
  addsChallengeScope: false,
  actionOrder: 'push,pull',
  timeoutMs: 15_000,
};

/** Of what fails while pulling, docker lets an attempt end for good: what retryOnError names, and a blob that came whole and wrong. */
function pullRetries(pushRetries: (failure: Failure) => boolean): (failure: Failure) => boolean {
  return (failure) => {
    // Whatever becomes of a resumption, the next attempt begins anew (pull_v2.go, truncateDownloadFile).
    if (failure.evidence.askedRange !== undefined) return true;
    if (failure.reason === 'body_corrupted' || failure.reason === 'body_truncated' || failure.status === 404)
      return false;
    return brokeOff(failure) || pushRetries(failure);
  };
}

/** Before schema 1 was taken out. */
const acceptUntil28 =
  'application/json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v1+prettyjws';

const pull: PullRow = {
  ...takesItOnce,
  source:
    'moby/moby v2.0.0-beta.24 daemon/internal/distribution/{pull_v2,errors}.go, xfer/download.go; distribution/distribution registry/client/transport/http_reader.go',
  resumesAtNextAttempt: true,
  // Seek to the end, whose failure is passed over, then the read.
  opensTwice: true,
  manifest: 'head-then-get',
  manifestAccept:
    'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json',
  config: { opensTwice: false },
  configFirst: true,
  // max-concurrent-downloads of the daemon (daemon/config/config.go).
  concurrency: 3,
  retry: { maxAttempts: 5, delayMs: (attempt) => attempt * 5_000, retries: pullRetries(retries) },
};

/** docker push with the classic graph-driver store. */
const classic: Omit<ClientRow, 'userAgent'> = {
  ...usualPush,
  source:
    'moby/moby daemon/internal/distribution/{push_v2.go,xfer/upload.go,registry.go}; docker/distribution v2.8.3 registry/client/blob_writer.go',
  ping: true,
  headBefore: false,
  headAfter: true,
  shape: 'patch-streamed',
  // io.Copy of the gzip pipe: 32 KiB buffers, each one chunk frame.
  writeBytes: 32 * 1024,
  putHeaders: {},
  checksRange: true,
  retry: { maxAttempts: 5, delayMs: (attempt) => attempt * 5_000, retries },
  // distribution's blob store looks before it puts bytes that it has in memory.
  configBlob: { headBefore: true },
  tokens,
  manifest: 'docker',
  // docker/distribution v2.8.3 registry/client/repository.go, Put: digest.Parse of the header.
  needsManifestDigest: true,
  concurrency: 5,
  // push_v2.go: compress.
  plainLayers: 'gzip',
  pull,
};

/** Before docker 25 (docker/distribution 2.8.2 and older) a 4xx without the registry's JSON is final: "error parsing HTTP 413 response body". */
function retriesUntil24(failure: Failure): boolean {
  if (failure.registryCode !== undefined) return !finalCodes.has(failure.registryCode);
  return failure.status === undefined || failure.status >= 500;
}

/** A connection for each request, until docker 29.4 (moby/moby#52198). */
const connectionEach = { ...classic.requestHeaders, connection: 'close' };
const agent = (version: string, go: string): string =>
  `docker/${version} go/${go} git-commit/blobprobe kernel/6.12 os/linux arch/amd64`;
const upstream = 'UpstreamClient(blobprobe)';

export const docker = {
  '29.7': {
    ...classic,
    measured: 'docker 29 (moby v2.0.0-beta.24), its pusher',
    userAgent: `${agent('29.7.2', 'go1.26')} ${upstream}`,
    pull: { ...pull, measured: 'docker 29 (moby v2.0.0-beta.24), its puller' },
  },
  '29.0': {
    ...classic,
    measured: 'docker 29.0 (moby v2.0.0-beta.1), its pusher',
    otherwise: '25 to 29.3: a connection for each request',
    userAgent: `${agent('29.0.0', 'go1.25')} ${upstream}`,
    requestHeaders: connectionEach,
    pull: { ...pull, measured: 'docker 29.0 (moby v2.0.0-beta.1), its puller' },
  },
  '20.10': {
    ...classic,
    otherwise: '24 and older: besides, a 4xx with a page of HTML is final; no Content-Type on PATCH',
    userAgent: `${agent('20.10.24', 'go1.19')} ${upstream}`,
    measured: 'docker 20.10.24 (Debian)',
    requestHeaders: connectionEach,
    patchHeaders: {},
    retry: { ...classic.retry, retries: retriesUntil24 },
    // Six attempts: the last wait is 25 s.
    pull: {
      ...pull,
      measured: 'docker 20.10.24 (Debian)',
      manifestAccept: acceptUntil28,
      retry: { ...pull.retry, maxAttempts: 6, retries: pullRetries(retriesUntil24) },
    },
  },
} satisfies ClientVersions;

/** docker push with the containerd image store, the default of new installations since Docker 29. */
const inContainerd: Omit<ClientRow, 'userAgent' | 'tokens'> = {
  ...containerdPusher,
  source: `moby/moby daemon/containerd/image_push.go, daemon/hosts.go; ${containerdPusher.source}`,
};
const storageDriver = 'storage-driver/overlayfs';

/** The authorizer has no headers from the daemon and calls itself by containerd's own name (daemon/containerd/resolver.go). */
const tokensOf = (containerdVersion: string): TokenBehaviour => ({
  ...containerdPusher.tokens,
  source: `moby daemon/containerd/resolver.go: ${containerdPusher.tokens.source}`,
  userAgent: `containerd/${containerdVersion} (blobprobe)`,
});

const resendOf29: ResendPolicy = (end) => containerdResendUntil22(end);

export const dockerContainerd = {
  '29.7': {
    ...inContainerd,
    measured: 'docker 29 (moby v2.0.0-beta.24, containerd 2.3.5), its image service',
    userAgent: `${agent('29.7.2', 'go1.26')} containerd-client/2.3.3+unknown ${storageDriver} ${upstream}`,
    tokens: tokensOf('2.3.3+unknown'),
    getAfterForbiddenHead: true,
    concurrency: 5,
  },
  // containerd 2.1.5 to 2.2.5: no time limit for the answer, nothing sent again after a lost connection; moby/moby#53081.
  '29.0': {
    ...inContainerd,
    measured: 'docker 29.0 (moby v2.0.0-beta.1, containerd 2.1.4), its image service',
    otherwise:
      '29.0 to 29.6: no time limit, all layers at a time, nothing again after a lost connection, six sendings after 408 and 429, no manifest without Docker-Content-Digest',
    userAgent: `${agent('29.0.0', 'go1.25')} containerd-client/2.1.5+unknown ${storageDriver} ${upstream}`,
    tokens: tokensOf('2.1.5+unknown'),
    namesRegistryElsewhere: false,
    responseHeaderTimeoutMs: undefined,
    resend: resendOf29,
    // containerd 2.1.4 core/remotes/docker/pusher.go, Commit; 2.3 takes it for optional.
    needsManifestDigest: true,
    concurrency: Number.POSITIVE_INFINITY,
    // No limit is handed on to containerd (daemon/containerd/image_pull.go).
    pull: { ...containerdPusher.pull, resend: resendOf29, concurrency: Number.POSITIVE_INFINITY },
  },
} satisfies ClientVersions;

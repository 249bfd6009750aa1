import type { ClientName, ClientProfile } from './client-profile.ts';
import type { Failure } from './failure.ts';

/** Registry codes after which docker gives up at once (moby daemon/internal/distribution/errors.go, retryOnError). */
const dockerFinalCodes = new Set(['UNAUTHORIZED', 'UNSUPPORTED', 'DENIED', 'TOOMANYREQUESTS', 'NAME_UNKNOWN']);
/** Without JSON, docker 25 and newer maps these statuses to the codes above (docker/distribution v2.8.3 parseHTTPErrorResponse). */
const dockerFinalStatuses = new Set([401, 403, 429]);

function dockerRetries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) {
    return !dockerFinalCodes.has(failure.registryCode);
  }
  return failure.status === undefined || !dockerFinalStatuses.has(failure.status);
}

const never = { maxAttempts: 1, delayMs: () => 0, retries: () => false } as const;

/** docker push with the classic graph-driver store. */
const docker: ClientProfile = {
  name: 'docker',
  source:
    'moby/moby daemon/internal/distribution/{push_v2.go,xfer/upload.go,registry.go}; docker/distribution v2.8.3 blob_writer.go',
  userAgent: 'docker/29.0.0 go/go1.25 os/linux arch/amd64 UpstreamClient(blobprobe)',
  httpVersion: '1.1',
  ping: true,
  headBefore: false,
  headAfter: true,
  shape: 'patch-streamed',
  // io.Copy of the gzip pipe: 32 KiB buffers, each one chunk frame.
  writeBytes: 32 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  postHeaders: {},
  putHeaders: {},
  checksRange: true,
  retry: { maxAttempts: 5, delayMs: (attempt) => attempt * 5_000, retries: dockerRetries },
  concurrency: 5,
};

/** docker push with the containerd image store, the default of new installations since Docker 29. */
const dockerContainerd: ClientProfile = {
  name: 'docker-containerd',
  source:
    'moby/moby daemon/containerd/image_push.go; containerd/containerd core/remotes/docker/{pusher,resolver}.go v2.3',
  userAgent: 'docker/29.0.0 containerd-client/2.3.4 storage-driver/overlayfs UpstreamClient(blobprobe)',
  httpVersion: '1.1',
  ping: false,
  headBefore: true,
  headAfter: false,
  shape: 'put-length',
  writeBytes: 256 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  headHeaders: { accept: 'application/vnd.oci.image.layer.v1.tar+gzip, */*' },
  postHeaders: {},
  putHeaders: { 'content-type': 'application/octet-stream' },
  checksRange: false,
  // containerd/containerd 574a60700: ResponseHeaderTimeout since v2.3.0; it counts from the last byte of the body.
  responseHeaderTimeoutMs: 30_000,
  retry: never,
  concurrency: 5,
};

/** Every client that can be emulated, by name: a new client is a new row. */
export const clientProfiles: Readonly<Partial<Record<ClientName, ClientProfile>>> = {
  docker,
  'docker-containerd': dockerContainerd,
};

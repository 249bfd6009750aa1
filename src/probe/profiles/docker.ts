import type { ClientProfile } from '../client-profile.ts';
import type { Failure } from '../failure.ts';
import { containerdPusher } from './containerd.ts';

/** Registry codes after which docker gives up at once (moby daemon/internal/distribution/errors.go, retryOnError). */
const finalCodes = new Set(['UNAUTHORIZED', 'UNSUPPORTED', 'DENIED', 'TOOMANYREQUESTS', 'NAME_UNKNOWN']);
/** Without JSON, docker 25 and newer maps these statuses to the codes above (docker/distribution v2.8.3 parseHTTPErrorResponse). */
const finalStatuses = new Set([401, 403, 429]);

function retries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) {
    return !finalCodes.has(failure.registryCode);
  }
  return failure.status === undefined || !finalStatuses.has(failure.status);
}

/** docker push with the classic graph-driver store. */
export const docker: ClientProfile = {
  name: 'docker',
  source:
    'moby/moby daemon/internal/distribution/{push_v2.go,xfer/upload.go,registry.go}; docker/distribution v2.8.3 registry/client/blob_writer.go',
  userAgent: 'docker/29.0.0 go/go1.25 git-commit/blobprobe kernel/6.12 os/linux arch/amd64 UpstreamClient(blobprobe)',
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
  retry: { maxAttempts: 5, delayMs: (attempt) => attempt * 5_000, retries },
  resendsBody: false,
  anonymousMount: false,
  // distribution's blob store looks before it puts bytes that it has in memory.
  configBlob: { headBefore: true },
  manifest: 'docker',
  concurrency: 5,
};

/** docker push with the containerd image store, the default of new installations since Docker 29. */
export const dockerContainerd: ClientProfile = {
  ...containerdPusher,
  name: 'docker-containerd',
  source: `moby/moby daemon/containerd/image_push.go, daemon/hosts.go; ${containerdPusher.source}`,
  userAgent: 'docker/29.0.0 containerd-client/2.3.4 storage-driver/overlayfs UpstreamClient(blobprobe)',
  concurrency: 5,
};

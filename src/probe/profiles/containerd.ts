import type { RequestEnd } from '../../registry/resend.ts';
import type { ClientProfile } from '../client-profile.ts';
import type { Failure } from '../failure.ts';

const octets = { 'content-type': 'application/octet-stream' } as const;
const never = { maxAttempts: 1, delayMs: () => 0, retries: () => false } as const;
/** Go says io.EOF or a timeout; a reset or a broken pipe is another error there, and final. */
const transportEndings = new Set(['UND_ERR_SOCKET', 'ETIMEDOUT', 'RESPONSE_HEADER_TIMEOUT']);

/**
 * containerd's doWithRetries (2.3.4): at most five sendings of a request; 408 and 429 at once and without regard to
 * Retry-After, 500, 503 and 504 once more unless the status repeats, a lost connection after 50 ms.
 */
export function containerdResend(end: RequestEnd): number | undefined {
  if (end.sending >= 5) {
    return undefined;
  }
  if (end.status === 408 || end.status === 429) {
    return 0;
  }
  if (end.status === 500 || end.status === 503 || end.status === 504) {
    return end.status === end.statusBefore ? undefined : 0;
  }
  return end.code !== undefined && transportEndings.has(end.code) ? 50 : undefined;
}

/** What everything built on containerd's pusher does on the wire. */
export const containerdPusher: Omit<ClientProfile, 'name' | 'userAgent'> = {
  source: 'containerd/containerd core/remotes/docker/{pusher,resolver,registry}.go v2.3.4',
  httpVersion: '1.1',
  ping: false,
  headBefore: true,
  headAfter: false,
  shape: 'put-length',
  writeBytes: 256 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  headHeaders: { accept: 'application/vnd.oci.image.layer.v1.tar+gzip, */*' },
  postHeaders: {},
  putHeaders: octets,
  checksRange: false,
  // containerd/containerd 574a60700: ResponseHeaderTimeout since v2.3.0; Go counts it from the last byte of the body.
  responseHeaderTimeoutMs: 30_000,
  retry: never,
  resend: containerdResend,
  resendsBody: true,
  anonymousMount: false,
  manifest: 'oci',
  concurrency: 3,
};

/** containerd, nerdctl and ctr. */
export const containerd: ClientProfile = {
  ...containerdPusher,
  name: 'containerd',
  userAgent: 'containerd/2.3.4 (blobprobe)',
};

const buildkitTransportCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

function buildkitRetries(failure: Failure): boolean {
  if (failure.status !== undefined) {
    return failure.status >= 500;
  }
  return failure.evidence.code !== undefined && buildkitTransportCodes.has(failure.evidence.code);
}

/** BuildKit in a container of its own (docker-container driver). Inside dockerd it has the 30 s header timeout as well. */
export const buildkit: ClientProfile = {
  ...containerdPusher,
  name: 'buildkit',
  source: `moby/buildkit v0.32 util/{push/push.go,resolver/retryhandler/retry.go,resolver/resolver.go}; ${containerdPusher.source}`,
  userAgent: 'buildkit/v0.32 (blobprobe)',
  responseHeaderTimeoutMs: undefined,
  // 1, 2 and 4 s; the next would be 8 s, at which it stops.
  retry: { maxAttempts: 4, delayMs: (attempt) => 1_000 * 2 ** (attempt - 1), retries: buildkitRetries },
  concurrency: 4,
};

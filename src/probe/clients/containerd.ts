import type { TokenBehaviour } from '../../registry/auth/token-behaviour.ts';
import type { RequestEnd } from '../../registry/resend.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { brokeOff, type ClientRow, type ClientVersions, noRetry, type PullRow, usualPush } from './client-profile.ts';
import type { Failure } from '../failure.ts';

/**
 * Go says io.EOF or a timeout; a reset or a broken pipe is another error there, and final. So is the time limit for response headers:
 * Go's error for it is a context.DeadlineExceeded, which isTransientTransportErr leaves out (measured).
 */
const transportEndings = new Set<string | undefined>(['UND_ERR_SOCKET', 'ETIMEDOUT']);

/**
 * containerd's retryRequest: 408 and 429 at once and without regard to Retry-After, 500, 503 and 504 once more unless the status
 * repeats; up to 2.2 at most six sendings of a request.
 */
export function containerdResendUntil22(end: RequestEnd, sendings = 6): number | undefined {
  if (end.sending >= sendings) return undefined;
  if (end.status === 408 || end.status === 429) return 0;
  if (end.status === 500 || end.status === 503 || end.status === 504)
    return end.status === end.statusBefore ? undefined : 0;
  return undefined;
}

/** Since 2.3 at most five, and a lost connection counts, after 50 ms (doWithTransportRetries). */
function containerdResend(end: RequestEnd): number | undefined {
  const sendings = 5;
  if (end.status !== undefined) return containerdResendUntil22(end, sendings);
  return end.sending < sendings && transportEndings.has(end.code) ? 50 : undefined;
}

/** auth/fetch.go and the authorizer around it. */
const fetch = {
  formCharset: 'utf-8',
  account: false,
  prefers: 'bearer',
  learnsFrom: 'each-401',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
} as const;

const tokens: TokenBehaviour = {
  source: 'containerd/containerd v2.4.2 core/remotes/docker/authorizer.go, auth/fetch.go',
  method: 'post-then-get',
  refresh: 'clock-and-401',
  // Without expires_in the token is kept for ever; Gitea sends none.
  defaultLifetimeSeconds: Number.POSITIVE_INFINITY,
  minLifetimeSeconds: 0,
  refreshAt: 1,
  clientId: 'containerd-client',
  ...fetch,
};

/** An end before the body's, as often as bytes come; three times without one (httpreadseeker.go, maxRetry). A reset is final. */
const pull: PullRow = {
  ...takesItOnce,
  source: 'containerd/containerd v2.4.2 core/remotes/docker/{fetcher,httpreadseeker,resolver}.go',
  headers: { accept: 'application/vnd.oci.image.layer.v1.tar+gzip, */*' },
  resumesAfterMs: ({ code, emptyResumptions }) => (code === 'UND_ERR_SOCKET' && emptyResumptions <= 3 ? 0 : undefined),
  wholeForRange: 'skips',
  manifest: 'head-then-get',
  manifestAccept:
    'application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*',
  acceptByDigest: (mediaType) => `${mediaType}, */*`,
  config: { headers: { accept: 'application/vnd.oci.image.config.v1+json, */*' } },
  configFirst: true,
  // What the CRI and the transfer service (ctr) set (plugins/transfer/plugin.go, internal/cri/config/config.go).
  concurrency: 3,
  retry: noRetry,
  resend: containerdResend,
};

/** What everything built on containerd's pusher does on the wire. */
export const containerdPusher: Omit<ClientRow, 'userAgent'> = {
  ...usualPush,
  source: 'containerd/containerd core/remotes/docker/{pusher,resolver,registry}.go v2.4.2',
  headBefore: true,
  shape: 'put-length',
  writeBytes: 256 * 1024,
  namesRegistryElsewhere: true,
  headHeaders: { accept: 'application/vnd.oci.image.layer.v1.tar+gzip, */*' },
  // containerd/containerd 574a60700: ResponseHeaderTimeout since v2.3.0; Go counts it from the last byte of the body.
  responseHeaderTimeoutMs: 30_000,
  resend: containerdResend,
  resendsBody: true,
  tokens,
  manifest: 'oci',
  concurrency: 3,
  // core/remotes/handlers.go pushes the blobs that were loaded: in docker 29, 138 MB became 505 (NixOS/nix#15252, moby/moby#51532).
  plainLayers: 'as-stored',
  pull,
};

/** containerd, nerdctl and ctr. */
export const containerd = {
  '2.4': {
    ...containerdPusher,
    measured: 'containerd 2.4.2, its pusher',
    pull: { ...pull, measured: 'containerd 2.4.2, its fetcher' },
    userAgent: 'containerd/2.4.2 (blobprobe)',
    getAfterForbiddenHead: true,
  },
  // 2.3.2 and older: 2.3.3 has what 2.4 has.
  '2.3': {
    ...containerdPusher,
    measured: 'containerd 2.3.2, its pusher',
    otherwise: '2.3.2 and older: no GET after a HEAD that is answered 403',
    pull: { ...pull, measured: 'containerd 2.3.2, its fetcher' },
    userAgent: 'containerd/2.3.2 (blobprobe)',
  },
  // plugins/transfer/plugin.go and internal/cri/config/config.go: 0, which is off, unless configured.
  '2.4-ranges': {
    ...containerdPusher,
    measured: 'containerd 2.4.2, its pusher',
    otherwise:
      'containerd 2.1 and newer with `concurrent_layer_fetch_buffer = 8388608`: pulls in ranges of 8 MiB side by side',
    userAgent: 'containerd/2.4.2 (blobprobe)',
    getAfterForbiddenHead: true,
    pull: {
      ...pull,
      measured: 'containerd 2.4.2, its fetcher',
      ranges: { bytes: 8 * 1024 * 1024, atOnce: 3 },
    },
  },
} satisfies ClientVersions;

/** io.EOF, io.ErrUnexpectedEOF, the errnos that retryError names, and what net.Error calls Temporary(): all that took too long. */
const buildkitTransportCodes = new Set<string | undefined>([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);

function buildkitRetries(failure: Failure): boolean {
  if (failure.status !== undefined) return failure.status >= 500;
  return buildkitTransportCodes.has(failure.evidence.code);
}

/** A body that broke off has a good status, and is io.ErrUnexpectedEOF or a reset. */
function buildkitPullRetries(failure: Failure): boolean {
  return brokeOff(failure) ? buildkitTransportCodes.has(failure.evidence.code) : buildkitRetries(failure);
}

const buildkitTokens: TokenBehaviour = {
  source: 'moby/buildkit v0.34.2 util/resolver/authorizer.go',
  method: 'get-then-post',
  refresh: 'clock-and-401',
  defaultLifetimeSeconds: 60,
  minLifetimeSeconds: 0,
  refreshAt: 0.9,
  clientId: 'buildkit-client',
  // It asks through containerd's auth/fetch.go.
  ...fetch,
};

/** BuildKit in a container of its own (docker-container driver). Inside dockerd it has the 30 s header timeout as well. */
export const buildkit = {
  '0.34': {
    ...containerdPusher,
    source: `moby/buildkit v0.34.2 util/{push/push.go,resolver/retryhandler/retry.go,resolver/resolver.go}; ${containerdPusher.source}`,
    measured: 'buildkit 0.34.2, its pusher',
    userAgent: 'buildkit/v0.34 (blobprobe)',
    getAfterForbiddenHead: true,
    responseHeaderTimeoutMs: undefined,
    // 1, 2 and 4 s; the next would be 8 s, at which it stops.
    retry: { maxAttempts: 4, delayMs: (attempt) => 1_000 * 2 ** (attempt - 1), retries: buildkitRetries },
    tokens: buildkitTokens,
    concurrency: 4,
    // util/compression: Default.
    plainLayers: 'gzip',
    // What came is in the content store, and the next attempt goes on behind it.
    pull: {
      ...pull,
      measured: 'buildkit 0.34.2, its puller',
      source: `moby/buildkit v0.34.2 util/{pull/pull,resolver/retryhandler/retry}.go; ${pull.source}`,
      resumesAtNextAttempt: true,
      // Connections to one registry (util/resolver/limited/group.go).
      concurrency: 4,
      retry: { maxAttempts: 4, delayMs: (attempt) => 1_000 * 2 ** (attempt - 1), retries: buildkitPullRetries },
    },
  },
} satisfies ClientVersions;

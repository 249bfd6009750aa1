import { type TokenBehaviour, tokensByClock } from '../../registry/auth/token-behaviour.ts';
import type { HostMemory, RequestEnd } from '../../registry/resend.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { type ClientVersions, noRetry, usualPush } from './client-profile.ts';

const repeatedStatuses = new Set([408, 429, 500, 502, 504]);
const connectionCodes = new Set<string | undefined>([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ECONNREFUSED',
  'ETIMEDOUT',
]);
const limit = 5;
const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** More than so many successes take one failure back. */
const successesForgive = 5;

/**
 * The backoff of regclient's internal/reghttp (backoffGet, backoffSet, backoffReset): failures count for the host, so that each
 * later request waits, too; the fifth failure is final for its request and for every one after it. Retry-After replaces the
 * counting, and then six sendings are the limit. Time is counted in its own waits and in how long requests took.
 */
export function hostBackoff(): HostMemory {
  let [failures, successes, timeMs] = [0, 0, 0];
  let lastMs: number | undefined;
  const failed = ({ retryAfterMs = 0 }: RequestEnd): boolean => {
    if (retryAfterMs > 0) {
      lastMs = Math.max(lastMs ?? 0, timeMs + retryAfterMs);
      return true;
    }
    failures += 1;
    lastMs ??= timeMs;
    return failures < limit;
  };
  const succeeded = (): void => {
    successes += failures > 0 ? 1 : 0;
    if (successes <= successesForgive && failures <= limit) return;
    successes = 0;
    failures -= 1;
    if (failures === 0) lastMs = undefined;
  };
  return {
    waitMs() {
      const backoffMs = failures === 0 ? 0 : Math.min(firstDelayMs * 2 ** failures, longestDelayMs);
      const nextMs = Math.max(timeMs, (lastMs ?? 0) + backoffMs);
      lastMs = failures > 0 ? nextMs : undefined;
      const waitMs = nextMs - timeMs;
      timeMs = nextMs;
      return waitMs;
    },
    resend(end) {
      timeMs += end.durationMs;
      if ((end.status ?? 300) < 300) {
        succeeded();
        return undefined;
      }
      if (end.status === 401) return undefined;
      // These say nothing about the host.
      const mayGoOn = end.status !== 404 && end.status !== 416 && failed(end);
      const again = end.status === undefined ? connectionCodes.has(end.code) : repeatedStatuses.has(end.status);
      if (again && mayGoOn) return end.sending <= limit ? 0 : undefined;
      // A chunk's answer is closed whatever it is (Resp.Close, backoffReset).
      if (end.forgives === true && end.status !== undefined) succeeded();
      return undefined;
    },
  };
}

/** All but a 401, and six sendings that were asked to wait: ErrRetryLimitExceeded is no status (blobPutUploadChunked). */
function resumesAfter({ status, retryAfterMs }: { readonly status: number; readonly retryAfterMs: number }): boolean {
  return status !== 401 && !(repeatedStatuses.has(status) && retryAfterMs > 0);
}

const tokens: TokenBehaviour = {
  ...tokensByClock,
  source: 'regclient/regclient v0.11.7 internal/auth/auth.go',
  // POST is for identity tokens alone (auth.go, bearerHandler).
  method: 'get',
  // The challenge of a 401 to a token that still counts is nothing new (ErrNoNewChallenge), and the 401 stands.
  refresh: 'by-clock',
  clientId: 'regclient/regctl (v0.11.7)',
  clientIdInGet: true,
  account: true,
  prefers: 'basic',
  learnsFrom: 'each-401',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
};

export const regctl = {
  '0.11': {
    ...usualPush,
    source: 'regclient/regclient v0.11.7 image.go, scheme/reg/blob.go, internal/reghttp/http.go',
    measured: 'regctl 0.11.7, image copy',
    userAgent: 'regclient/regctl (v0.11.7; blobprobe)',
    httpVersion: 'h2-if-offered',
    // image copy and import look; `regctl blob put` does not.
    headBefore: true,
    ignoresHead: true,
    shape: 'put-then-ranged',
    chunkBytes: 1024 * 1024,
    resumesAfter,
    remembersHost: hostBackoff,
    resendsBody: true,
    anonymousMount: true,
    tokens,
    manifest: 'oci',
    concurrency: 3,
    // image.go: imageImportDockerAddLayerHandlers.
    plainLayers: 'gzip',
    pull: {
      ...takesItOnce,
      measured: 'regctl 0.11.7, image copy',
      source: 'regclient/regclient v0.11.7 internal/reghttp/http.go (Read), scheme/reg/manifest.go',
      range: (from, sizeBytes) => `bytes=${from}-${sizeBytes}`,
      resumesAfterMs: ({ code, resumptions }) =>
        code === 'UND_ERR_SOCKET' && resumptions < limit - 1 ? firstDelayMs * 2 ** (resumptions + 1) : undefined,
      manifest: 'get',
      manifestAccept:
        'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.v1+prettyjws, application/vnd.docker.distribution.manifest.v1+json, application/vnd.oci.artifact.manifest.v1+json',
      configFirst: true,
      // Requests to one host (config/host.go, reqConcurrent).
      concurrency: 3,
      retry: noRetry,
    },
  },
} satisfies ClientVersions;

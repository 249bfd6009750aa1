import type { RequestEnd } from '../../registry/resend.ts';
import type { ClientProfile } from '../client-profile.ts';

const octets = { 'content-type': 'application/octet-stream' } as const;
const none = { maxAttempts: 1, delayMs: () => 0, retries: () => false } as const;
const regctlStatuses = new Set([408, 429, 500, 502, 504]);
const connectionCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNREFUSED', 'ETIMEDOUT']);

/** regclient's internal/reghttp: five more sendings, 0.2 s doubling up to 30 s, Retry-After honoured. */
function regctlResend(end: RequestEnd): number | undefined {
  const again = end.status === undefined ? connectionCodes.has(end.code ?? '') : regctlStatuses.has(end.status);
  if (!again || end.sending > 5) {
    return undefined;
  }
  return Math.min(Math.max(end.retryAfterMs ?? 0, 100 * 2 ** end.sending), 30_000);
}

export const regctl: ClientProfile = {
  name: 'regctl',
  source: 'regclient/regclient v0.11 scheme/reg/blob.go, internal/reghttp/http.go',
  userAgent: 'regclient/regctl (v0.11.5; blobprobe)',
  httpVersion: 'h2-if-offered',
  ping: false,
  headBefore: false,
  headAfter: false,
  shape: 'put-then-ranged',
  writeBytes: 32 * 1024,
  chunkBytes: 1024 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  postHeaders: {},
  putHeaders: octets,
  checksRange: false,
  retry: none,
  resend: regctlResend,
  resendsBody: true,
  anonymousMount: true,
  manifest: 'oci',
  concurrency: 3,
};

/** oras-go's retry policy wants a body that can be read again; a file's stream cannot, so only requests without one repeat. */
function orasResend(end: RequestEnd): number | undefined {
  const again = end.status === 408 || end.status === 429 || (end.status ?? 0) >= 500;
  if (!again || end.hasBody || end.sending > 5) {
    return undefined;
  }
  return Math.min(Math.max(end.retryAfterMs ?? 250 * 2 ** (end.sending - 1), 200), 3_000);
}

export const oras: ClientProfile = {
  name: 'oras',
  source: 'oras-project/oras-go v3-dev registry/remote/{repository.go,retry/policy.go}, copy.go',
  userAgent: 'oras-go (blobprobe)',
  httpVersion: 'h2-if-offered',
  ping: false,
  headBefore: true,
  headAfter: false,
  shape: 'put-length',
  writeBytes: 32 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  postHeaders: {},
  putHeaders: octets,
  checksRange: false,
  retry: none,
  resend: orasResend,
  resendsBody: false,
  anonymousMount: false,
  manifest: 'oci',
  concurrency: 3,
};

/** Not a client: ranged PATCHes from the start, each small enough for most limits. The control in a diagnosis. */
export const chunked: ClientProfile = {
  ...oras,
  name: 'chunked',
  source: 'opencontainers/distribution-spec, pushing a blob in chunks',
  userAgent: 'blobprobe (chunked)',
  httpVersion: '1.1',
  headBefore: false,
  shape: 'patch-ranged',
  chunkBytes: 5 * 1024 * 1024,
  resendsBody: true,
  resend: () => undefined,
};

/** Not a client: a single POST with the digest. */
export const monolithic: ClientProfile = {
  ...chunked,
  name: 'monolithic',
  source: 'opencontainers/distribution-spec, single POST',
  userAgent: 'blobprobe (monolithic)',
  shape: 'post-length',
};

import { type TokenBehaviour, tokensByClock } from '../../registry/auth/token-behaviour.ts';
import { addressRanges, isAddressIn } from '../../network/address-ranges.ts';
import { bareHost } from '../../network/hosts.ts';
import type { Refusal } from '../../registry/refusals.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { type ClientVersions, noRetry, type PullRow, usualPush } from './client-profile.ts';
import type { Failure } from '../failure.ts';

const connectionCodes = new Set<string | undefined>(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** ggcr's pkg/v1/remote/transport/error.go: these codes, or without JSON these statuses, are temporary. */
const craneCodes = new Set(['BLOB_UPLOAD_INVALID', 'TOOMANYREQUESTS', 'UNKNOWN', 'UNAVAILABLE']);
const craneStatuses = new Set([408, 429, 500, 502, 503, 504]);

function craneRetries(failure: Failure): boolean {
  if (failure.registryCode !== undefined) return craneCodes.has(failure.registryCode);
  if (failure.status !== undefined) return craneStatuses.has(failure.status);
  // An HTTP/2 stream reset is none of these errors (bazel-contrib/rules_img#762).
  return failure.reason !== 'http2_error' && connectionCodes.has(failure.evidence.code);
}

/** Loopback, private, link-local and unspecified addresses (internal/ipaddr). Names that lead there are not looked at. */
const privateAddresses = addressRanges(
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  '169.254.0.0/16',
  'fe80::/10',
  '224.0.0.0/24',
  'ff02::/16',
  '0.0.0.0/32',
  '::/128',
);

const refusesRealm: Refusal = (realm, registry) => {
  if (realm.protocol === 'http:' && registry.protocol === 'https:') return 'over http for a registry over https';
  const foreign = realm.host !== registry.host;
  return foreign && isAddressIn(privateAddresses, bareHost(realm))
    ? `at ${realm.hostname}, a private address`
    : undefined;
};

const refusesLocation: Refusal = (location, asked) =>
  location.hostname !== asked.hostname && isAddressIn(privateAddresses, bareHost(location))
    ? `to ${location.hostname}, a private address`
    : undefined;

/** remote/options.go, defaultRetryStatusCodes: what is read is sent again on the same connection; uploads are not. */
const readAgainStatuses = new Set([408, 429, 500, 502, 503, 504, 499, 522]);

const pull: PullRow = {
  ...takesItOnce,
  source: 'google/go-containerregistry v0.22.1 pkg/v1/remote/{fetcher,image,options}.go, transport/retry.go',
  measured: 'crane 0.22.1',
  manifest: 'get',
  manifestAccept:
    'application/vnd.docker.distribution.manifest.v1+json,application/vnd.docker.distribution.manifest.v1+prettyjws,application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json,application/vnd.docker.distribution.manifest.list.v2+json,application/vnd.oci.image.index.v1+json',
  configFirst: true,
  // Into a tarball, which is what `crane pull` writes unless told otherwise.
  concurrency: 1,
  refusesRedirect: refusesLocation,
  retry: noRetry,
  // 1 s and 3 s; up to a tenth more by chance, which is left out.
  resend: ({ status, code, sending }) => {
    const again = status === undefined ? connectionCodes.has(code) : readAgainStatuses.has(status);
    return again && sending < 3 ? 1_000 * 3 ** (sending - 1) : undefined;
  },
};

const tokens: TokenBehaviour = {
  ...tokensByClock,
  source: 'google/go-containerregistry v0.22.1 pkg/v1/remote/transport/bearer.go, ping.go',
  method: 'get',
  refresh: 'on-401',
  clientId: 'go-containerregistry',
  account: false,
  prefers: 'first',
  learnsFrom: 'ping-else-basic',
  addsChallengeScope: false,
  actionOrder: 'push,pull',
  refusesRealm,
};

/** crane, ko and kaniko. */
export const crane = {
  '0.22': {
    ...usualPush,
    source: 'google/go-containerregistry v0.22.1 pkg/v1/remote/{write,options}.go, transport/error.go',
    measured: 'crane 0.22.1',
    userAgent: 'crane/v0.22.1 go-containerregistry/v0.22.1 (blobprobe)',
    httpVersion: 'h2-if-offered',
    ping: true,
    headBefore: true,
    shape: 'patch-length',
    postHeaders: { 'content-type': 'application/json' },
    // Backoff of 1 s, times 3, up to a tenth more by chance, three steps.
    retry: {
      maxAttempts: 3,
      delayMs: (attempt, random) => 1_000 * 3 ** (attempt - 1) * (1 + 0.1 * random),
      retries: craneRetries,
    },
    refusesLocation,
    tokens,
    manifest: 'docker',
    concurrency: 4,
    // pkg/v1/tarball/layer.go.
    plainLayers: 'gzip',
    pull,
  },
} satisfies ClientVersions;

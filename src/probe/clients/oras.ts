import { type TokenBehaviour, tokensByClock } from '../../registry/auth/token-behaviour.ts';
import type { RequestEnd } from '../../registry/resend.ts';
import { bareHost, effectivePort } from '../../network/hosts.ts';
import { addressRanges, isAddressIn } from '../../network/address-ranges.ts';
import type { Refusal } from '../../registry/refusals.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { type ClientVersions, noRetry, usualPush } from './client-profile.ts';

/** Network errors that oras-go 2.6.4 and newer send again after: a timeout and a reset, but no end without an answer. */
const repeatedCodes = new Set<string | undefined>(['ECONNRESET', 'ETIMEDOUT']);

/**
 * oras-go's retry policy wants a body that can be read again; a file's stream cannot, so only requests without one repeat. The wait
 * is 250 ms, doubled; Retry-After counts for 429 alone, in whole seconds; both between 0.2 and 3 s.
 */
function resend(end: RequestEnd): number | undefined {
  const status = end.status ?? 0;
  const again = status === 408 || status === 429 || status >= 500 || repeatedCodes.has(end.code);
  if (!again || end.hasBody || end.sending > 5) return undefined;
  const askedMs = status === 429 ? (end.retryAfterMs ?? 0) : 0;
  return Math.min(Math.max(askedMs > 0 ? askedMs : 250 * 2 ** (end.sending - 1), 200), 3_000);
}

/** Addresses at which oras-go asks for no token (registry/remote/auth/client.go). Names that lead there are not resolved here. */
const blockedAddresses = addressRanges(
  '127.0.0.0/8',
  '::1/128',
  '169.254.0.0/16',
  'fe80::/10',
  '224.0.0.0/24',
  'ff02::/16',
  '0.0.0.0/8',
  '::/128',
  '100.100.100.200/32',
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
  'fd20:ce::254/128',
  '168.63.129.16/32',
);

const refusesRealm: Refusal = (realm, registry) => {
  if (realm.protocol === 'http:' && registry.protocol === 'https:') return 'over http for a registry over https';
  const foreign = realm.hostname !== registry.hostname;
  return foreign && isAddressIn(blockedAddresses, bareHost(realm))
    ? `at ${realm.hostname}, a loopback or link-local address`
    : undefined;
};

const refusesLocation: Refusal = (location, asked) =>
  location.hostname === asked.hostname && effectivePort(location) === effectivePort(asked)
    ? undefined
    : `on another host than the registry (${location.host})`;

const tokens: TokenBehaviour = {
  ...tokensByClock,
  source:
    'oras-project/oras-go v2.7.0 registry/remote/auth/client.go, registry/remote/repository.go (completePushAfterInitialPost)',
  method: 'get',
  refresh: 'reuse-post',
  clientId: 'oras-go',
  account: false,
  prefers: 'first',
  learnsFrom: 'each-401',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
  refusesRealm,
};

export const oras = {
  '1.3': {
    ...usualPush,
    source:
      'oras-project/oras v1.3.6 cmd/oras/root/push.go; oras-go v2.7.0 registry/remote/{repository.go,retry/policy.go}',
    measured: 'oras 1.3.6, push',
    userAgent: 'oras/1.3.6 (blobprobe)',
    httpVersion: 'h2-if-offered',
    headBefore: true,
    shape: 'put-length',
    resend,
    refusesLocation,
    tokens,
    manifest: 'oci',
    // `oras push`; `oras cp` takes three.
    concurrency: 5,
    plainLayers: 'as-stored',
    pull: {
      ...takesItOnce,
      measured: 'oras 1.3.6, copy',
      source: 'oras-project/oras-go v2.7.0 registry/remote/{repository.go,retry/policy.go}',
      // oras-go's content.go: a tag is fetched, and so resolved.
      manifest: 'get',
      manifestAccept:
        'application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.artifact.manifest.v1+json',
      configFirst: true,
      // oras v1.3.6 cmd/oras/root/pull.go, --concurrency
      concurrency: 3,
      retry: noRetry,
      resend,
    },
  },
} satisfies ClientVersions;

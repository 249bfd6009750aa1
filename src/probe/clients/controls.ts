import type { ClientManners } from '../../registry/open-client.ts';
import { type TokenBehaviour, tokensByClock } from '../../registry/auth/token-behaviour.ts';
import { takesItOnce } from '../../registry/pull.ts';
import { type ClientRow, type ClientVersions, noRetry, usualPush } from './client-profile.ts';

/** What finds out most: a token is renewed whenever that can help. */
const tokens: TokenBehaviour = {
  ...tokensByClock,
  source: 'blobprobe: diagnosis',
  method: 'get',
  refresh: 'clock-and-401',
  clientId: 'blobprobe',
  account: true,
  prefers: 'bearer',
  learnsFrom: 'each-401',
  addsChallengeScope: false,
  actionOrder: 'pull,push',
  timeoutMs: 15_000,
};

const rangedPatches: ClientRow = {
  ...usualPush,
  source: 'opencontainers/distribution-spec, pushing a blob in chunks',
  userAgent: 'blobprobe (chunked)',
  headBefore: false,
  shape: 'patch-ranged',
  chunkBytes: 5 * 1024 * 1024,
  resendsBody: true,
  tokens,
  manifest: 'oci',
  concurrency: 3,
  plainLayers: 'as-stored',
  pull: {
    ...takesItOnce,
    source: 'opencontainers/distribution-spec, pulling a blob',
    manifest: 'get',
    manifestAccept: 'application/vnd.oci.image.manifest.v1+json',
    configFirst: true,
    concurrency: 1,
    retry: noRetry,
  },
};

/** No client: ranged PATCHes from the start, each small enough for most limits. The control in a diagnosis. */
export const chunked = { '': rangedPatches } satisfies ClientVersions;

/** No client: a single POST with the digest. */
export const monolithic = {
  '': {
    ...rangedPatches,
    source: 'opencontainers/distribution-spec, single POST',
    userAgent: 'blobprobe (monolithic)',
    shape: 'post-length',
  },
} satisfies ClientVersions;

/** No client: how we ask in our own name, without sending a body. */
export function ownClient(userAgent: string): ClientManners {
  return { userAgent, httpVersion: '1.1', requestHeaders: {}, tokens };
}

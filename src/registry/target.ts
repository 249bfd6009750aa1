import type { Secret } from '../network/secrets/secret.ts';

/** The registry as one service with one content store, apart from the paths that lead to it. */
export interface RegistryTarget {
  readonly name: string;
  /** Repository dedicated to probing, for example `platform/blobprobe`. */
  readonly repository: string;
  readonly credentials: Credentials;
  readonly cleanup: CleanupPolicy;
}

/** OCI distribution specification, "Pulling manifests": the grammar of `<name>`. Nothing in it leads out of `/v2/<name>/`. */
export const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
/** With the host, as some clients count. */
export const mostRepositoryChars = 255;

export function isRepositoryName(text: string): boolean {
  return text.length <= mostRepositoryChars && repositoryPattern.test(text);
}

export const cleanupPolicies = ['delete', 'cancel', 'keep'] as const;
/** `delete`: committed blobs are deleted; `cancel`: only open upload sessions are; `keep`: nothing is removed. */
type CleanupPolicy = (typeof cleanupPolicies)[number];

export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  /** A registry token sent as it is: `Authorization: Bearer …`. */
  | { readonly kind: 'bearer'; readonly token: Secret }
  /** A refresh token for the token service's POST (docker config.json's `identitytoken`). */
  | { readonly kind: 'identity'; readonly token: Secret }
  /** Looked up anew for each attempt in a Docker `config.json`, by the host of the path. */
  | { readonly kind: 'docker-config'; readonly file: string };

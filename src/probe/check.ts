import type { NetworkPath } from '../network/path.ts';
import type { RegistryTarget } from '../registry/target.ts';
import type { ClientProfile } from './clients/client-profile.ts';

/** What is pushed. `name` is the label value `workload`. */
export interface Workload {
  readonly name: string;
  /** One blob: a single entry. An image: its layers, to which the client adds config and manifest. */
  readonly kind: 'blob' | 'image';
  readonly layerBytes: readonly number[];
  readonly pull: boolean;
  /**
   * Of a question about manifests alone: the manifest is put by its digest, so that no tag appears, and names each layer so often.
   * Absent: under the tag of the check, each layer once.
   */
  readonly untagged?: { readonly timesNamed: number };
}

/** `profile`: as the client does; `none`: one attempt; a number: that many attempts with the profile's delays. */
export type RetryChoice = 'profile' | 'none' | number;

/** How the bytes of a run are chosen: a new digest each time, or k digests in turn (bounded storage on registries that never free). */
type PayloadPolicy = { readonly kind: 'fresh' } | { readonly kind: 'rotate'; readonly count: number };

/** Registry × path × client × workload: the unit that is scheduled and labelled. */
export interface Check {
  readonly registry: RegistryTarget;
  readonly path: NetworkPath;
  readonly client: ClientProfile;
  readonly workload: Workload;
  readonly intervalMs: number;
  /** Bound on the whole run, waits between attempts included, cleanup excluded. */
  readonly timeoutMs: number;
  readonly retries: RetryChoice;
  /** Factor on the profile's waits between attempts; 1 is what the real client does. Anything else is marked in the run. */
  readonly retryWaitScale: number;
  readonly payload: PayloadPolicy;
  /**
   * Of a question about the way back alone: what is pulled is put there over this path, and comes back once over the check's own.
   * Absent: everything goes over the check's own.
   */
  readonly pushedOver?: NetworkPath | undefined;
  /** Asks GET /v2/ beside the push: how much slower the path is for others meanwhile. */
  readonly asksNeighbour?: boolean;
}

/** Base labels of every metric about a check; also its identity across reloads. */
export interface CheckLabels {
  readonly registry: string;
  readonly path: string;
  readonly client: string;
  readonly workload: string;
}

export function checkLabels(check: Check): CheckLabels {
  return {
    registry: check.registry.name,
    path: check.path.name,
    client: check.client.name,
    workload: check.workload.name,
  };
}

/** Whether both push the same to the same registry, each over a path of its own. */
export function areOnTwoPaths(one: Check, other: Check): boolean {
  const [a, b] = [checkLabels(one), checkLabels(other)];
  return a.registry === b.registry && a.client === b.client && a.workload === b.workload && a.path !== b.path;
}

/** `gitea/cloudflare/docker/large`: how a check is named in logs and pages. */
export function checkId(check: Check): string {
  const { registry, path, client, workload } = checkLabels(check);
  return `${registry}/${path}/${client}/${workload}`;
}

/** Payload bytes of one attempt of the whole workload. */
export function workloadBytes(workload: Workload): number {
  return workload.layerBytes.reduce((sum, bytes) => sum + bytes, 0);
}

/** The same, with one fresh blob of that size to push. */
export function oneBlob<T extends object>(
  rest: T,
  name: string,
  sizeBytes: number,
): T & Pick<Check, 'workload' | 'payload'> {
  return {
    ...rest,
    workload: { name, kind: 'blob', layerBytes: [sizeBytes], pull: false },
    payload: { kind: 'fresh' },
  };
}

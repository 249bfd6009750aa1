import { bracketed } from '../network/hosts.ts';
import { type NetworkPath, type PathKind, pathDefaults } from '../network/path.ts';
import type { HopName } from './hops.ts';
import type { LimitKind } from './limit-kind.ts';

/** One limit of a hop, as the cluster says it. */
export interface HopLimit {
  readonly kind: LimitKind;
  /** Infinity: switched off. undefined: the hop would not understand what is written. */
  readonly value: number | undefined;
  /** As it is written. */
  readonly written: string;
  /** Where it is written, such as `annotation … of Ingress registry/gitea`. */
  readonly source: string;
  /** Written nowhere that is looked at: what the hop does unless its own configuration says otherwise. */
  readonly isDefault: boolean;
  /** What to set, where it is known. */
  readonly remedy?: string;
}

/** A path to the registry that the cluster tells of. */
export interface FoundPath {
  readonly path: NetworkPath;
  /** The object that makes it, such as `Ingress registry/gitea`. */
  readonly source: string;
  /** Why it is one, one sentence each. */
  readonly why: readonly string[];
  /** The program in between, where it is known. */
  readonly hop?: HopName;
  /** At most one of each kind: the one in force. */
  readonly limits: readonly HopLimit[];
  /** What is written and does nothing, or keeps the path from working, one sentence each. */
  readonly notes: readonly string[];
}

/** Something that may be a path and is none, or none that can be named. */
export interface LeftOut {
  readonly source: string;
  readonly why: string;
}

/** Everything that one kind of object gives. */
export interface Found {
  readonly paths: readonly FoundPath[];
  readonly leftOut: readonly LeftOut[];
}

/** Paths and what is none, each for itself. */
export function sorted(found: readonly (FoundPath | LeftOut)[]): Found {
  const isPath = (one: FoundPath | LeftOut): one is FoundPath => 'path' in one;
  return { paths: found.filter(isPath), leftOut: found.filter((one): one is LeftOut => !isPath(one)) };
}

/** A path with nothing but an address, all else at its default. `port`: written only where it is not the scheme's own. */
export function plainPath(
  name: string,
  kind: PathKind,
  to: { readonly isTls: boolean; readonly host: string; readonly port: number; readonly connectTo?: string },
): NetworkPath {
  const usual = to.isTls ? 443 : 80;
  const port = to.port === usual ? '' : `:${to.port}`;
  return {
    name,
    origin: `${to.isTls ? 'https' : 'http'}://${bracketed(to.host)}${port}`,
    kind,
    connectTo: to.connectTo === undefined ? undefined : { host: to.connectTo, port: to.port },
    ...pathDefaults,
  };
}

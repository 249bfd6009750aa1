import { bareHost } from '../network/hosts.ts';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LookupAddress } from 'node:dns';
import { namePattern } from '../config/schema/scalars.ts';
import { urlComplaint } from '../config/schema/address.ts';
import { originOf, parseUrl } from '../network/parse-url.ts';
import type { NetworkPath, PathKind } from '../network/path.ts';
import { clientProfiles, clientRows } from '../probe/clients/client-profiles.ts';
import type { ClientProfile } from '../probe/clients/client-profile.ts';
import { placeOf } from './address-place.ts';
import { UsageError } from './flags.ts';

/** Programs whose name is not that of the client that stands for them. */
const programs: Readonly<Record<string, string>> = { buildkit: 'buildctl', containerd: 'nerdctl' };

/** The newest clients whose programs are on `searchPath` (as PATH is written); docker when there is none. At least one. */
export function clientsFound(searchPath: string | undefined): readonly ClientProfile[] {
  const folders = (searchPath ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = clientRows.filter(({ name }) =>
    folders.some((folder) => isExecutable(join(folder, programs[name] ?? name))),
  );
  return found.length === 0 ? [clientProfiles.docker] : found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A way to the registry that may be worth a path of the configuration. */
export interface Candidate {
  readonly path: NetworkPath;
  /** Why it is there, for the comment in the file. */
  readonly why: string;
  /** Somebody named it: it stays when it fails. What was only found goes then. */
  readonly isNamed: boolean;
}

/**
 * The path itself, named by where its address lies, those of `others` (`NAME=URL`), and what was found besides: both address families where the host has both, and the way
 * without the proxy where the environment names one. Throws UsageError.
 */
export function candidatesOf(
  path: NetworkPath,
  others: readonly string[],
  addresses: readonly LookupAddress[],
): readonly Candidate[] {
  const place = placeOf(
    path.connectTo?.host ?? bareHost(new URL(path.origin)),
    addresses.map(({ address }) => address),
  );
  const main = { ...path, name: path.proxy === undefined ? place : 'proxied', kind: likelyKind(path.origin) };
  const why = path.proxy === undefined ? 'The address that you gave.' : 'Through the proxy that the environment names.';
  const named = others.map((text) => namedPath(text, main));
  const twice = named.find(({ name }, index) => [main, ...named.slice(0, index)].some((one) => one.name === name));
  if (twice !== undefined) throw new UsageError(`flag --path: there are two paths ${JSON.stringify(twice.name)}`);
  return [
    { path: main, why, isNamed: true },
    ...named.map((one) => ({ path: one, why: 'Another address of the same registry.', isNamed: true })),
    ...foundBeside(main, place, addresses).filter((one) => !named.some(({ name }) => name === one.path.name)),
  ];
}

function foundBeside(main: NetworkPath, place: string, addresses: readonly LookupAddress[]): Candidate[] {
  const families = new Set(addresses.map(({ family }) => family));
  if (main.proxy !== undefined)
    return [{ path: unproxied(main, place), why: 'The same address without the proxy.', isNamed: false }];
  if (families.size < 2 || main.connectTo !== undefined) return [];
  return ([4, 6] as const).map((family) => ({
    path: { ...main, name: `ipv${family}`, family },
    why: `Only over IPv${family}: clients use the one that answers first, and so hide a fault of the other.`,
    isNamed: false,
  }));
}

function namedPath(text: string, main: NetworkPath): NetworkPath {
  const [, name = '', address = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const url = parseUrl(address);
  const complaint = urlComplaint(address) ?? (namePattern.test(name) ? undefined : 'a name of letters and digits');
  if (name === '' || url === undefined || complaint !== undefined) {
    const expected = 'NAME=URL such as internal=http://registry.svc:5000';
    throw new UsageError(`flag --path: expected ${expected}, got ${JSON.stringify(text)}`);
  }
  const origin = originOf(url);
  const proxy = main.environmentProxy?.(url);
  return { ...main, name, origin, kind: likelyKind(origin), connectTo: undefined, proxy };
}

function unproxied(path: NetworkPath, name: string): NetworkPath {
  return { ...path, name, proxy: undefined, environmentProxy: undefined };
}

/** Inside or not, by the name; who answers may tell more. */
function likelyKind(origin: string): PathKind {
  return placeOf(bareHost(new URL(origin)), []) === 'public' ? 'direct' : 'internal';
}

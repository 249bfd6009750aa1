import { clientNames, clientProfiles } from '../probe/clients/client-profiles.ts';
import type { Config, LimitTarget } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { nearest } from '../config/nearest.ts';
import type { NetworkPath } from '../network/path.ts';
import { type ClientProfile } from '../probe/clients/client-profile.ts';
import { adHocFlags, adHocTarget } from './ad-hoc.ts';
import type { Terminal } from './command.ts';
import { loginOf } from './docker-login.ts';
import { type Flags, type FlagValues, manyValues, oneValue, UsageError } from './flags.ts';

/** The clients without the names of their versions. */
export const newestClients: readonly string[] = clientNames.filter((name) => !name.includes('@'));

/** Flags by which a command on demand is told where to push, with or without a configuration. */
export const targetFlags: Flags = {
  'config.file': oneValue('FILE', 'Configuration file.'),
  registry: manyValues('NAME', 'Only this registry of the configuration; may be repeated.'),
  path: manyValues('NAME', 'Only this path of the configuration; may be repeated.'),
  client: manyValues('NAME', 'Client to push as; may be repeated (default docker).', newestClients),
  ...adHocFlags,
};

export interface SelectedTargets {
  /** Registry × path × client, in the order of the configuration. At least one. */
  readonly targets: readonly LimitTarget[];
  /** Absent with `--url`. */
  readonly config?: Config;
  /** Without a configuration: what was guessed, one sentence each. */
  readonly notes?: readonly string[];
  /** Without a configuration: no repository was named. */
  readonly isDefaultRepository?: boolean;
}

/** Reads the flags above. Throws UsageError, and ConfigError for what is wrong with the file. */
export async function selectTargets(values: FlagValues, terminal: Terminal): Promise<SelectedTargets> {
  const given = values.list('client');
  const clients = (given.length === 0 ? ['docker'] : [...new Set(given)]).map((name) => profileOf(name));
  const { env } = terminal;
  const file = values.text('config.file');
  const stray = ['config.file', 'registry', 'path'].find((name) => values.isSet(name));
  const without = values.argument !== undefined || values.isSet('url');
  if (without && stray !== undefined) {
    const words = values.isSet('url') ? 'flags --url' : 'a reference';
    throw new UsageError(`${words} and --${stray} exclude each other`);
  }
  const adHoc = await adHocTarget(values, terminal);
  if (adHoc !== undefined) {
    const { registry, path, isDefaultRepository } = adHoc;
    const targets = clients.map((client) => ({ registry, path, client }));
    return { targets, isDefaultRepository, notes: [...adHoc.notes, ...(await loginOf(registry, path)).notes] };
  }
  if (file === undefined)
    throw new UsageError('give --config.file=FILE, or the registry, such as git.example.org/team/app');
  const config = loadConfig(file, { env });
  const registries = chosen('registry', config.registries, values.list('registry'));
  const paths = chosen(
    'path',
    registries.flatMap((registry) => registry.paths.map((path) => ({ name: path.name, registry, path }))),
    values.list('path'),
  );
  const targets = paths.flatMap(({ registry, path }) => clients.map((client) => ({ registry, path, client })));
  return { targets, config };
}

/** All paths of the target's registry, or, without a configuration, its own. */
export function pathsOf({ registry, path }: LimitTarget, config: Config | undefined): readonly NetworkPath[] {
  return config?.registries.find(({ name }) => name === registry.name)?.paths ?? [path];
}

/** The item of this name, given by this flag. Throws UsageError for a name that is not there. */
export function named<T extends { readonly name: string }>(
  flag: string,
  what: string,
  name: string,
  items: readonly T[],
): T {
  const found = items.find((item) => item.name === name);
  if (found !== undefined) return found;
  const known = [...new Set(items.map((item) => item.name))];
  throw new UsageError(`flag --${flag}: no ${what} ${JSON.stringify(name)}${hint(name, known)}`);
}

/** The items of these names; all when none is named. Throws UsageError for a name that is not there. */
function chosen<T extends { readonly name: string }>(
  flag: string,
  items: readonly T[],
  names: readonly string[],
): readonly T[] {
  for (const name of names) named(flag, flag, name, items);
  return names.length === 0 ? items : items.filter(({ name }) => names.includes(name));
}

/** Throws UsageError for a name that is none. */
export function profileOf(name: string): ClientProfile {
  const known = clientNames.find((one) => one === name);
  if (known === undefined)
    throw new UsageError(`flag --client: no client ${JSON.stringify(name)}${hint(name, clientNames)}`);
  return clientProfiles[known];
}

function hint(given: string, known: readonly string[]): string {
  const meant = nearest(given, known);
  return meant === undefined ? `, there are ${known.join(', ')}` : `, did you mean ${meant}?`;
}

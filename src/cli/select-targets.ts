import type { Config, LimitTarget } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { nearest } from '../config/nearest.ts';
import type { ConfigSources } from '../config/sources.ts';
import { type ClientName, type ClientProfile, clientNames } from '../probe/client-profile.ts';
import { adHocFlags, adHocTarget } from './ad-hoc.ts';
import type { Terminal } from './command.ts';
import { type Flags, type FlagValues, UsageError } from './flags.ts';

/** Flags by which a command on demand is told where to push, with or without a configuration. */
export const targetFlags: Flags = {
  'config.file': { kind: 'text', placeholder: 'FILE', help: 'Configuration file.' },
  registry: { kind: 'list', placeholder: 'NAME', help: 'Only this registry of the configuration; may be repeated.' },
  path: { kind: 'list', placeholder: 'NAME', help: 'Only this path of the configuration; may be repeated.' },
  client: { kind: 'list', placeholder: 'NAME', help: 'Client to push as; may be repeated (default docker).' },
  ...adHocFlags,
};

export interface SelectedTargets {
  /** Registry × path × client, in the order of the configuration. At least one. */
  readonly targets: readonly LimitTarget[];
  /** Absent with `--url`. */
  readonly config?: Config;
}

/** Reads the flags above. Throws UsageError, and ConfigError for what is wrong with the file. */
export function selectTargets(
  values: FlagValues,
  { env }: Pick<Terminal, 'env'>,
  profiles: ConfigSources['profiles'],
  readInput?: () => string,
): SelectedTargets {
  const given = values.list('client');
  const clients = (given.length === 0 ? ['docker'] : [...new Set(given)]).map((name) => profileOf(name, profiles));
  const file = values.text('config.file');
  const adHoc = adHocTarget(values, readInput);
  if (adHoc !== undefined) {
    const stray = ['config.file', 'registry', 'path'].find((name) => values.isSet(name));
    if (stray !== undefined) {
      throw new UsageError(`flags --url and --${stray} exclude each other`);
    }
    return { targets: clients.map((client) => ({ ...adHoc, client })) };
  }
  if (file === undefined) {
    throw new UsageError('give --config.file=FILE or --url=URL');
  }
  const config = loadConfig(file, { env, profiles });
  const registries = chosen('registry', config.registries, values.list('registry'));
  const paths = chosen(
    'path',
    registries.flatMap((registry) => registry.paths.map((path) => ({ name: path.name, registry, path }))),
    values.list('path'),
  );
  const targets = paths.flatMap(({ registry, path }) => clients.map((client) => ({ registry, path, client })));
  return { targets, config };
}

/** The items of these names; all when none is named. Throws UsageError for a name that is not there. */
function chosen<T extends { readonly name: string }>(
  flag: string,
  items: readonly T[],
  names: readonly string[],
): readonly T[] {
  const known = [...new Set(items.map(({ name }) => name))];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`flag --${flag}: no ${flag} ${JSON.stringify(unknown)}${hint(unknown, known)}`);
  }
  return names.length === 0 ? items : items.filter(({ name }) => names.includes(name));
}

function profileOf(name: string, profiles: ConfigSources['profiles']): ClientProfile {
  const known = clientNames.filter((one) => profiles[one] !== undefined);
  const profile = known.includes(name as ClientName) ? profiles[name as ClientName] : undefined;
  if (profile === undefined) {
    throw new UsageError(`flag --client: no client ${JSON.stringify(name)}${hint(name, known)}`);
  }
  return profile;
}

function hint(given: string, known: readonly string[]): string {
  const meant = nearest(given, known);
  return meant === undefined ? `, there are ${known.join(', ')}` : `, did you mean ${meant}?`;
}

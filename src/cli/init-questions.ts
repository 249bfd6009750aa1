import { bareHost } from '../network/hosts.ts';
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { ClientProfile } from '../probe/clients/client-profile.ts';
import { type AdHocTarget, adHocTarget } from './ad-hoc.ts';
import type { Terminal } from './command.ts';
import { loginOf } from './docker-login.ts';
import { type FlagValues, UsageError } from './flags.ts';
import { clientsFound } from './init-paths.ts';
import { profileOf } from './select-targets.ts';

/** Of the name of a registry in the configuration. */
const mostNameChars = 63;

const missing = 'give the registry, such as git.example.org/team/probe';

/** The clients of the flags, else those that are installed. Throws UsageError. */
export function clientsOf(values: FlagValues, { env }: Terminal): readonly ClientProfile[] {
  const names = [...new Set(values.list('client'))];
  return names.length === 0 ? clientsFound(env['PATH']) : names.map((name) => profileOf(name));
}

/** What was not given by flags is asked, where somebody sits. Throws UsageError. */
export async function answered(values: FlagValues, { ask, isInteractive = false }: Terminal): Promise<FlagValues> {
  const isNamed = values.argument !== undefined || values.isSet('url');
  if (!isInteractive || ask === undefined) {
    if (!isNamed) throw new UsageError(missing);
    return values;
  }
  const argument = isNamed
    ? values.argument
    : (await ask('Registry and repository, such as git.example.org/team/probe: ')).trim();
  if (argument === '') throw new UsageError('no registry was named');
  if (['user', 'docker-config'].some((flag) => values.isSet(flag))) return { ...values, argument };
  const user = (await ask("User name (empty: docker's login, if there is one): ")).trim();
  const text = (name: string): string | undefined => (name === 'user' && user !== '' ? user : values.text(name));
  const isSet = (name: string): boolean => text(name) !== undefined || values.isSet(name);
  return { ...values, argument, text, isSet };
}

/** As for other commands without a configuration, with `--password-file` and `--allow-host`. Throws UsageError. */
export async function targetOf(values: FlagValues, terminal: Terminal): Promise<AdHocTarget> {
  const file = values.text('password-file');
  if (file !== undefined && values.text('user') === undefined)
    throw new UsageError('flag --password-file needs --user');
  if (file !== undefined && values.isSet('password-stdin'))
    throw new UsageError('flags --password-file and --password-stdin exclude each other');
  const asked = await adHocTarget(values, terminal);
  if (asked === undefined) throw new UsageError(missing);
  const { registry, path } = asked;
  const name = registry.name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^-/, '')
    .slice(0, mostNameChars);
  const { isLogged, notes } = await loginOf(registry, path);
  const credentials = isLogged ? registry.credentials : ({ kind: 'anonymous' } as const);
  return {
    ...asked,
    path: { ...path, allowHosts: values.list('allow-host') },
    registry: { ...registry, name, credentials },
    notes: [...asked.notes, ...notes],
  };
}

/** A reference without a scheme, which was taken for https or http. */
export function isGuessed({ argument }: FlagValues): boolean {
  return argument !== undefined && !/^https?:/i.test(argument);
}

/** All addresses of the origin's host; none when it cannot be resolved, which the push then says. */
export async function addressesOf(origin: string): Promise<readonly LookupAddress[]> {
  const host = bareHost(new URL(origin));
  return lookup(host, { all: true }).catch(() => []);
}

import type { RegistryCall } from './call.ts';

export type RegistryAction = 'pull' | 'push' | 'delete';

export interface RegistryUser {
  readonly name: string;
  readonly password: string;
}

/** What a request asks for. `repository` undefined: the API's base or the catalogue. */
export interface Asked {
  readonly repository: string | undefined;
  readonly action: RegistryAction;
}

/** Somebody who is known, and what they may do where. */
export interface Caller {
  readonly may: (repository: string, action: RegistryAction) => boolean;
  /** Known by a token that may reach less far than another one would. */
  readonly byToken: boolean;
}

/** How a registry finds out who calls. */
export interface RegistryAuth {
  /** Who calls, as the Authorization header proves it; undefined: nobody, or nobody known. */
  readonly callerOf: (header: string | undefined) => Caller | undefined;
  /** What WWW-Authenticate says to a caller who is not `known`, or may not do this. */
  readonly challenge: (call: RegistryCall, asked: Asked, known: boolean) => string | string[];
}

const anybody: Caller = { may: () => true, byToken: false };

/** Everybody may do everything. */
export const noAuth: RegistryAuth = { callerOf: () => anybody, challenge: () => [] };

/** HTTP Basic: who gives a password may do everything. */
export function basicAuth(users: readonly RegistryUser[]): RegistryAuth {
  return {
    callerOf: (header) => (basicUser(users, header) === undefined ? undefined : anybody),
    challenge: () => 'Basic realm="registry"',
  };
}

/** The user an `Authorization: Basic` header proves, or undefined. */
export function basicUser<User extends RegistryUser>(
  users: readonly User[],
  header: string | undefined,
): User | undefined {
  const match = /^basic (.+)$/i.exec(header ?? '');
  if (!match) return undefined;
  const [name = '', ...rest] = Buffer.from(match[1] ?? '', 'base64')
    .toString()
    .split(':');
  return users.find((user) => user.name === name && user.password === rest.join(':'));
}

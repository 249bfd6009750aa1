import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type Asked,
  basicAuth,
  basicUser,
  type Caller,
  noAuth,
  type RegistryAction,
  type RegistryAuth as Auth,
  type RegistryUser as User,
} from '../../../src/lab/oci/auth.ts';
import { type RegistryCall, requestOrigin } from '../../../src/lab/oci/call.ts';
import type { RegistryQuirks } from './quirks.ts';

export interface RegistryUser extends User {
  /** What the user may do, in every repository; default: everything. */
  readonly actions?: readonly RegistryAction[];
}

export type RegistryAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly users: readonly RegistryUser[] }
  | {
      readonly kind: 'bearer';
      readonly users: readonly RegistryUser[];
      /** What a token asked for without credentials may do; default: nothing. */
      readonly anonymous?: readonly RegistryAction[];
      /** Default 300 s, as Docker Hub has it. */
      readonly tokenLifetimeMs?: number;
      /** `expires_in` of the answer when it is not the truth. */
      readonly expiresInSeconds?: number;
      readonly service?: string;
    };
export type BearerAuth = Extract<RegistryAuth, { kind: 'bearer' }>;

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

interface Claims {
  readonly sub: string;
  readonly exp: number;
  readonly use: 'access' | 'refresh';
  readonly actions: readonly RegistryAction[];
  readonly access?: readonly Access[];
}

export const allActions: readonly RegistryAction[] = ['pull', 'push', 'delete'];

/** Signed tokens in JWT form; nothing is remembered between calls. */
export interface TokenSigner {
  sign(claims: Claims): string;
  /** Undefined when forged or expired. */
  verify(token: string, use: Claims['use']): Claims | undefined;
}

export function createTokenSigner(): TokenSigner {
  const secret = randomBytes(32);
  const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
  const mac = (text: string): Buffer => createHmac('sha256', secret).update(text).digest();
  return {
    sign(claims) {
      const text = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
      return `${text}.${mac(text).toString('base64url')}`;
    },
    verify(token, use) {
      const [first, second, third] = token.split('.');
      const given = Buffer.from(third ?? '', 'base64url');
      const expected = mac(`${first}.${second}`);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const claims = JSON.parse(Buffer.from(second ?? '', 'base64url').toString()) as Claims;
      return claims.use === use && claims.exp > Date.now() / 1000 ? claims : undefined;
    },
  };
}

export function passwordUser(users: readonly RegistryUser[], name: string, password: string): RegistryUser | undefined {
  return users.find((user) => user.name === name && user.password === password);
}

/** How the registry finds out who calls. Tokens are those of the signer. */
export function authOf(auth: RegistryAuth, quirks: RegistryQuirks, signer: TokenSigner): Auth {
  if (auth.kind === 'none') return noAuth;
  const byPassword = (header: string | undefined): Caller | undefined => {
    const user = basicUser(auth.users, header);
    return user && { may: (_repository, action) => (user.actions ?? allActions).includes(action), byToken: false };
  };
  if (auth.kind === 'basic') return { ...basicAuth(auth.users), callerOf: byPassword };
  return {
    callerOf: (header) => (quirks.basicBesideBearer ? byPassword(header) : undefined) ?? byToken(signer, header),
    challenge(call, asked, known) {
      const realm = (call.settings.realmOrigin ?? requestOrigin(call.request)) + quirks.tokenPath;
      const scope = quirks.challengeScope === '*' ? ',scope="*"' : scopeOf(call, asked, known);
      const value = `Bearer realm="${realm}",service="${auth.service ?? 'registry'}"${scope}`;
      return [value, ...(quirks.secondChallenge === undefined ? [] : [quirks.secondChallenge])];
    },
  };
}

function scopeOf(call: RegistryCall, { repository, action }: Asked, known: boolean): string {
  const actions = { pull: 'pull', push: 'pull,push', delete: 'delete' }[action];
  const scope = repository === undefined ? '' : `,scope="repository:${repository}:${actions}"`;
  const isToken = /^bearer /i.test(call.request.headers.authorization ?? '');
  return isToken ? `${scope},error="${known ? 'insufficient_scope' : 'invalid_token'}"` : scope;
}

function byToken(signer: TokenSigner, header: string | undefined): Caller | undefined {
  const token = /^bearer (.+)$/i.exec(header ?? '')?.[1];
  const claims = token === undefined ? undefined : signer.verify(token, 'access');
  if (claims === undefined) return undefined;
  const { actions, access } = claims;
  const reaches = (name: string, action: RegistryAction): boolean =>
    access?.some((one) => one.type === 'repository' && one.name === name && one.actions.includes(action)) ?? true;
  return {
    may: (repository, action) => actions.includes(action) && reaches(repository, action),
    byToken: access !== undefined,
  };
}

/** `repository:NAME:ACTION,ACTION`; the name may hold colons of a host:port. Undefined when malformed. */
export function parseScope(scope: string): Access | undefined {
  const match = /^([a-z]+(?:\([^)]*\))?):(.+):([a-z,*]*)$/.exec(scope);
  if (!match) return undefined;
  return { type: match[1] ?? '', name: match[2] ?? '', actions: (match[3] ?? '').split(',').filter(Boolean) };
}

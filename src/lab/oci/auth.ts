import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type RegistryAction = 'pull' | 'push' | 'delete';

export interface RegistryUser {
  readonly name: string;
  readonly password: string;
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

/** Rights of a caller. `access` undefined: not limited to named repositories. */
interface Principal {
  readonly name: string;
  readonly actions: readonly RegistryAction[];
  readonly access: readonly Access[] | undefined;
}

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

/** The user an `Authorization: Basic` header proves, or undefined. */
export function basicUser(users: readonly RegistryUser[], header: string | undefined): RegistryUser | undefined {
  const match = /^basic (.+)$/i.exec(header ?? '');
  if (!match) return undefined;
  const [name = '', ...rest] = Buffer.from(match[1] ?? '', 'base64')
    .toString()
    .split(':');
  return passwordUser(users, name, rest.join(':'));
}

export function passwordUser(users: readonly RegistryUser[], name: string, password: string): RegistryUser | undefined {
  return users.find((user) => user.name === name && user.password === password);
}

/** Who calls, as the Authorization header proves it; undefined: nobody, or nobody known. */
export function authenticate(
  auth: RegistryAuth,
  signer: TokenSigner,
  header: string | undefined,
  basicBesideBearer: boolean,
): Principal | undefined {
  if (auth.kind === 'none') return { name: '', actions: allActions, access: undefined };
  if (auth.kind === 'basic' || basicBesideBearer) {
    const user = basicUser(auth.users, header);
    if (user) return { name: user.name, actions: user.actions ?? allActions, access: undefined };
  }
  const token = /^bearer (.+)$/i.exec(header ?? '')?.[1];
  if (auth.kind === 'basic' || token === undefined) return undefined;
  const claims = signer.verify(token, 'access');
  return claims && { name: claims.sub, actions: claims.actions, access: claims.access };
}

/** Whether the caller may do this there. */
export function allows(principal: Principal, repository: string, action: RegistryAction): boolean {
  if (!principal.actions.includes(action)) return false;
  const { access } = principal;
  if (!access) return true;
  return access.some((one) => one.type === 'repository' && one.name === repository && one.actions.includes(action));
}

/** `repository:NAME:ACTION,ACTION`; the name may hold colons of a host:port. Undefined when malformed. */
export function parseScope(scope: string): Access | undefined {
  const match = /^([a-z]+(?:\([^)]*\))?):(.+):([a-z,*]*)$/.exec(scope);
  if (!match) return undefined;
  return { type: match[1] ?? '', name: match[2] ?? '', actions: (match[3] ?? '').split(',').filter(Boolean) };
}

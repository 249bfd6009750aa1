import { basicUser, type RegistryAuth } from '../../../src/lab/oci/auth.ts';
import { type RegistryCall, readWhole, sendEmpty, sendError, sendJson } from '../../../src/lab/oci/call.ts';
import { allActions, type BearerAuth, parseScope, passwordUser, type RegistryUser, type TokenSigner } from './auth.ts';
import type { RegistryQuirks } from './quirks.ts';

/** A token service: who it knows, how it signs, and what is odd about it. */
export interface TokenService {
  readonly auth: BearerAuth;
  readonly signer: TokenSigner;
  readonly quirks: RegistryQuirks;
  /** The challenge of the registry itself. */
  readonly challenge: RegistryAuth['challenge'];
}

const maxFormBytes = 16 * 1024;
const refreshLifetimeSeconds = 24 * 3600;

/** The token service: GET with Basic credentials and scopes, or the OAuth2 form by POST where the registry knows it. */
export async function answerToken(call: RegistryCall, service: TokenService): Promise<void> {
  const { method } = call.request;
  if (method === 'GET') return getToken(call, service);
  if (method === 'POST' && service.quirks.token.post) return postToken(call, service);
  if (method !== 'POST') return sendError(call, 405, 'UNSUPPORTED');
  call.response.removeHeader('Docker-Distribution-Api-Version');
  sendEmpty(call, 404);
}

function getToken(call: RegistryCall, { auth, signer, quirks, challenge }: TokenService): void {
  const header = call.request.headers.authorization;
  const user = basicUser(auth.users, header);
  if (!user && (header !== undefined || (auth.anonymous ?? []).length === 0)) {
    const nothing = { repository: undefined, action: 'pull' } as const;
    const own = quirks.challengeScope === '*' ? challenge(call, nothing, false) : 'Basic realm="token"';
    return sendError(call, 401, 'UNAUTHORIZED', 'invalid credentials', { 'WWW-Authenticate': own });
  }
  const scopes = call.url.searchParams.getAll('scope').flatMap((value) => value.split(' '));
  const token = accessToken(auth, signer, user, scopes, quirks.basicBesideBearer);
  const { announcesExpiry } = quirks.token;
  const offline = user && call.url.searchParams.get('offline_token') === 'true';
  sendJson(call, 200, {
    token,
    ...(announcesExpiry ? { access_token: token, ...expiry(auth) } : {}),
    ...(offline ? { refresh_token: refreshToken(signer, user) } : {}),
  });
}

async function postToken(call: RegistryCall, { auth, signer }: TokenService): Promise<void> {
  const bytes = await readWhole(call, maxFormBytes);
  if (typeof bytes === 'string') return sendError(call, 400, 'UNSUPPORTED', 'form too large');
  const form = new URLSearchParams(bytes.toString());
  const user = formUser(auth, signer, form);
  if (!user) return sendError(call, 401, 'UNAUTHORIZED', 'invalid credentials');
  const token = accessToken(auth, signer, user, (form.get('scope') ?? '').split(' '), false);
  const offline = form.get('access_type') === 'offline' || form.get('grant_type') === 'refresh_token';
  sendJson(call, 200, {
    access_token: token,
    scope: form.get('scope') ?? '',
    ...expiry(auth),
    ...(offline ? { refresh_token: refreshToken(signer, user) } : {}),
  });
}

function formUser(auth: BearerAuth, signer: TokenSigner, form: URLSearchParams): RegistryUser | undefined {
  if (form.get('grant_type') === 'password')
    return passwordUser(auth.users, form.get('username') ?? '', form.get('password') ?? '');
  const claims = signer.verify(form.get('refresh_token') ?? '', 'refresh');
  return claims && auth.users.find((user) => user.name === claims.sub);
}

/** The token holds what was asked for and is allowed: too weak a right shows only when the token is used. */
function accessToken(
  auth: BearerAuth,
  signer: TokenSigner,
  user: RegistryUser | undefined,
  scopes: readonly string[],
  ignoresScopes: boolean,
): string {
  const actions = user ? (user.actions ?? allActions) : (auth.anonymous ?? []);
  const access = scopes.flatMap((scope) => {
    const asked = parseScope(scope);
    if (!asked) return [];
    const granted = allActions.filter((action) => actions.includes(action) && asked.actions.includes(action));
    return [{ ...asked, actions: asked.type === 'registry' ? asked.actions : granted }];
  });
  return signer.sign({
    sub: user?.name ?? '',
    use: 'access',
    exp: (Date.now() + lifetimeMs(auth)) / 1000,
    actions,
    ...(ignoresScopes ? {} : { access }),
  });
}

function refreshToken(signer: TokenSigner, user: RegistryUser): string {
  return signer.sign({ sub: user.name, use: 'refresh', exp: Date.now() / 1000 + refreshLifetimeSeconds, actions: [] });
}

function lifetimeMs(auth: BearerAuth): number {
  return auth.tokenLifetimeMs ?? 300_000;
}

function expiry(auth: BearerAuth): { expires_in: number; issued_at: string } {
  const seconds = auth.expiresInSeconds ?? Math.max(1, Math.round(lifetimeMs(auth) / 1000));
  return { expires_in: seconds, issued_at: new Date().toISOString() };
}

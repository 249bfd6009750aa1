import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import type { Credentials } from '../../../src/registry/target.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import type { TokenBehaviour } from '../../../src/registry/auth/token-behaviour.ts';
import {
  type Reply,
  type SeenRequest,
  serveTokenRegistry,
  session,
  type TokenRegistryOptions,
} from '../../support/auth-fixture.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

const password = 'CANARY:p"ss wörd/+&';
const token = 'CANARY-token';

/** Every spelling under which a canary could get out. */
const canaries = [
  'CANARY',
  'canary',
  Buffer.from(`user:${password}`).toString('base64'),
  encodeURIComponent('CANARY:p'),
];

function everythingOf(error: unknown): string {
  const parts: string[] = [];
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const { exchange } = one as { exchange?: { response?: { body?: Uint8Array } } };
    parts.push(one.message, one.stack ?? '', String(one), JSON.stringify(one), JSON.stringify(Object.entries(one)));
    parts.push(inspect(one, { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null }));
    parts.push(Buffer.from(exchange?.response?.body ?? []).toString('latin1'));
  }
  return parts.join('\n');
}

function echo(request: SeenRequest): Reply {
  const body = {
    youSent: request.authorization,
    form: request.body,
    again: password,
    encoded: encodeURIComponent(password),
  };
  return { status: 403, headers: { 'x-echo': request.authorization ?? 'none', 'set-cookie': 'session=CANARY' }, body };
}

const basic: Credentials = { kind: 'basic', username: 'user', password: Secret.of(password) };
const identity: Credentials = { kind: 'identity', token: Secret.of(password) };
const staticToken: Credentials = { kind: 'bearer', token: Secret.of(`${token}\r\nX-Evil: 1`) };
const unreadable: Credentials = {
  kind: 'basic',
  username: 'user',
  password: new Secret(() => {
    throw Object.assign(new Error(`read ${password}`), { code: 'EACCES' });
  }),
};

const docker = clientProfiles.docker.tokens;
const containerd = clientProfiles.containerd.tokens;

describe('a thrown error holds no secret', () => {
  it.each<[string, string, Credentials, TokenBehaviour, TokenRegistryOptions]>([
    ['the token service echoes a GET', 'token_refused', basic, docker, { token: echo }],
    ['the token service echoes a POST', 'token_refused', basic, containerd, { token: echo }],
    ['the token service echoes an identity token', 'token_refused', identity, docker, { token: echo }],
    [
      'the token cannot be used',
      'token_reply_invalid',
      basic,
      docker,
      { token: () => ({ body: { token: `${token} x` } }) },
    ],
    ['the reply is no JSON', 'token_reply_invalid', basic, docker, { token: () => ({ body: `${token} {` }) }],
    ['the token service hangs up', 'realm_unreachable', basic, docker, { token: () => ({ hangUp: true }) }],
    [
      'the token service hangs up on a POST',
      'realm_unreachable',
      identity,
      docker,
      { token: () => ({ hangUp: true }) },
    ],
    ['a static token would break the header', 'credentials_unreadable', staticToken, docker, {}],
    ['the password cannot be read', 'credentials_unreadable', unreadable, docker, {}],
    ['the password cannot be read for a POST', 'credentials_unreadable', unreadable, containerd, {}],
  ])('when %s', async (_name, problem, credentials, behaviour, options) => {
    const registry = await serveTokenRegistry(options);
    const client = session(registry.origin, { credentials, behaviour });
    open.push(registry, client);
    const error = await client.send('POST', '/v2/').then(
      () => expect.fail('it was sent'),
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ problem });
    const everything = everythingOf(error);
    for (const canary of canaries) expect(everything).not.toContain(canary);
    expect(everything).toContain(problem);
  });

  it('when the run is aborted while a token is fetched', async () => {
    const abort = new AbortController();
    const registry = await serveTokenRegistry({
      token: () => {
        abort.abort();
        return new Promise((resolve) => setTimeout(() => resolve({}), 500).unref());
      },
    });
    const client = session(registry.origin, { credentials: basic });
    open.push(registry, client);
    const error = await client.send('POST', '/v2/', ['push'], abort.signal).then(
      () => expect.fail('it was sent'),
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(NetworkError);
    expect(everythingOf(error)).toContain('<secret>');
    for (const canary of canaries) expect(everythingOf(error)).not.toContain(canary);
  });

  it('and neither does the authorizer with a token in it', async () => {
    const registry = await serveTokenRegistry({
      token: () => ({ body: { token } }),
      accepts: (one) => one.authorization === `Bearer ${token}`,
    });
    const client = session(registry.origin, { credentials: basic });
    open.push(registry, client);
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    const shown = inspect(client.authorizer, { depth: Infinity, showHidden: true }) + JSON.stringify(client.authorizer);
    for (const canary of canaries) expect(shown).not.toContain(canary);
  });
});

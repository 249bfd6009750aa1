import { afterEach, expect, test } from 'vitest';
import type { Exchange, HttpRequest } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import type { Transport } from '../../../src/network/transport.ts';
import { clientOf } from '../../../src/probe/check-client.ts';
import { createRunAuthorizer } from '../../../src/probe/run/run-authorizer.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const { signal } = new AbortController();

/** A transport that gives out tokens, and what it was asked. */
function tokens(): { readonly transport: Transport; readonly asked: string[] } {
  const asked: string[] = [];
  const exchange = ({ url }: HttpRequest): Promise<Exchange> => {
    asked.push(url.pathname);
    return Promise.resolve(exchangeOf({ url, response: answerOf(200, {}, '{"token":"abc"}') }));
  };
  return { asked, transport: { exchange, close: () => Promise.resolve() } };
}

/** The authorization of a run with so many layers, of a registry at this origin whose tokens come from there or from elsewhere. */
function authorizerOf(origin: string, layers: number, realm = `${origin}/token`) {
  const workload = {
    name: 'w',
    kind: 'image',
    layerBytes: Array.from({ length: layers }, () => 1),
    pull: false,
  } as const;
  const check = checkOf(origin, { check: { workload } });
  const hosts: string[] = [];
  const authorizer = createRunAuthorizer(check, clientOf(check, runDeps(), new Redactor()), (host) => hosts.push(host));
  const challenge = exchangeOf({
    method: 'GET',
    url: `${origin}/v2/`,
    response: answerOf(401, { 'www-authenticate': `Bearer realm="${realm}",service="lab"` }),
  });
  /** The header for what comes after a 401 that an attempt over this transport got. */
  const after401 = async (transport: Transport): Promise<string | undefined> => {
    const own = authorizer.forTransport(transport);
    await own.challenged(challenge, ['pull', 'push'], signal);
    return own.authorization(new URL(`${origin}/v2/`), ['pull', 'push'], signal);
  };
  return { authorizer, after401, hosts };
}

test('the attempts of a blob ask over their own connections, and the next one has what the one before was told', async () => {
  const [first, second] = [tokens(), tokens()];
  const origin = 'http://registry.example';
  const { authorizer, after401, hosts } = authorizerOf(origin, 1);
  expect(await after401(first.transport)).toBe('Bearer abc');
  const own = authorizer.forTransport(second.transport);
  expect(await own.authorization(new URL(`${origin}/v2/`), ['pull', 'push'], signal)).toBe('Bearer abc');
  expect([first.asked, second.asked]).toEqual([['/token'], []]);
  // What is asked from now on goes over the attempt under way.
  await own.authorization(new URL(`${origin}/v2/`), ['delete'], signal);
  expect([first.asked, second.asked]).toEqual([['/token'], ['/token']]);
  expect(hosts).toEqual([]);
  await authorizer.close();
});

test('the layers of an image ask over one connection that is none of theirs, until the run is over', async () => {
  const registry = opened.own(
    await startScriptedRegistry({ 'GET /token': (scene) => scene.answer(200, {}, '{"token":"shared"}') }),
  );
  const { transport, asked } = tokens();
  const { authorizer, after401 } = authorizerOf(registry.url, 2);
  expect(await after401(transport)).toBe('Bearer shared');
  expect([asked, registry.acceptedConnections, registry.openConnections]).toEqual([[], 1, 1]);
  await authorizer.close();
  await expect.poll(() => registry.openConnections).toBe(0);
});

test('a token service on another host is told', async () => {
  const { transport } = tokens();
  const { after401, hosts } = authorizerOf('http://registry.example', 1, 'http://elsewhere.example/token');
  await after401(transport).catch(() => {});
  expect(hosts).toEqual(['elsewhere.example']);
});

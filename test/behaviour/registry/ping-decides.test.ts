import { afterEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';

import { checkOf, runOnce } from '../../support/checks.ts';
import { type Scene, type Script, startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const basic = `Basic ${btoa('u:p4ssw0rd')}`;
const credentials = { kind: 'basic', username: 'u', password: Secret.of('p4ssw0rd') } as const;
const location = '/v2/probe/blobs/blobs/uploads/1';

/** Reads are free, and GET /v2/ asks for nothing; writes want a login: `limit_except GET HEAD` of nginx (moby/moby#40290). */
async function freeToRead(pingAsks = false) {
  let bytes = 0;
  const guarded =
    (then: (scene: Scene) => unknown): Script =>
    async (scene) => {
      if (scene.request.headers.authorization === basic) return then(scene);
      await scene.read();
      return scene.answer(401, { 'www-authenticate': 'Basic realm="r"' });
    };
  return opened.own(
    await startScriptedRegistry({
      'GET /v2/': pingAsks ? guarded((scene) => scene.answer(200)) : (scene) => scene.answer(200),
      POST: guarded((scene) => scene.answer(202, { location })),
      PATCH: guarded(async (scene) => {
        bytes = await scene.read();
        scene.answer(202, { location, range: `0-${bytes - 1}` });
      }),
      PUT: guarded(async (scene) => {
        bytes ||= await scene.read();
        scene.answer(201, { location: '/v2/x' });
      }),
      HEAD: (scene) => scene.answer(bytes === 0 ? 404 : 200, { 'Content-Length': String(bytes) }),
    }),
  );
}

const push = async (url: string, client: NonNullable<Parameters<typeof checkOf>[1]>['client']) =>
  runOnce(checkOf(url, { client, sizeBytes: 50_000, registry: { credentials } }));

describe('where /v2/ asks for no login and the upload does', () => {
  test.each(['docker', 'skopeo', 'podman'] as const)('%s sends none and fails', async (client) => {
    const { url, requests } = await freeToRead();
    const { failure } = await push(url, client);
    expect(failure).toMatchObject({ reason: 'auth_rejected', phase: 'auth', status: 401 });
    expect(failure?.evidence.message).toBe(
      'GET /v2/ asks for no login, so this client sends none, and the 401 to POST is final',
    );
    expect(requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  test.each(['containerd', 'docker-containerd', 'buildkit', 'regctl', 'oras'] as const)(
    '%s answers the challenge of each request',
    async (client) => expect((await push((await freeToRead()).url, client)).failure).toBeUndefined(),
  );

  test('crane sends user and password as Basic anyway', async () => {
    const { url, requests } = await freeToRead();
    expect((await push(url, 'crane')).failure).toBeUndefined();
    expect(requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });
});

test.each(['docker', 'skopeo', 'crane'] as const)('where /v2/ asks, %s logs in', async (client) => {
  expect((await push((await freeToRead(true)).url, client)).failure).toBeUndefined();
});

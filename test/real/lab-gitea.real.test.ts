import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RegistryUser } from '../support/lab/auth.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { describeWithComponents } from '../support/component.ts';
import { observe, send, type WireRequest, type WireResponse } from '../support/wire.ts';
import { giteaUser, type RunningGitea, startGitea } from './support/gitea.ts';

const body = Buffer.alloc(100_000, 'answers');
const digest = digestOf(body);
const absent = `sha256:${'0'.repeat(64)}`;
const reader: RegistryUser = { name: 'reader', password: 'reader-lab-only', actions: ['pull'] };

/** A registry to ask, and the owner who may push there. */
interface Asked {
  readonly origin: string;
  readonly ask: (
    method: string,
    path: string,
    wire?: WireRequest & { readonly as?: RegistryUser },
  ) => Promise<WireResponse>;
}

/** One question after another; the answer to the last is compared. */
type Scene = (asked: Asked) => Promise<WireResponse>;

const uploads = `/v2/${giteaUser.username}/answers/blobs/uploads/`;

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function askedOf(origin: string): Asked {
  const ask: Asked['ask'] = (
    method,
    path,
    { as = { name: giteaUser.username, password: giteaUser.password }, ...wire } = {},
  ) =>
    send(new URL(path, origin).href, {
      method,
      ...wire,
      headers: {
        // After `Connection: close` Go does not read a body that it refuses: the reset that follows can overtake its answer.
        connection: 'keep-alive',
        ...(as.name !== '' && {
          authorization: `Basic ${Buffer.from(`${as.name}:${as.password}`).toString('base64')}`,
        }),
        ...wire.headers,
      },
    });
  return { origin, ask };
}

const nobody: RegistryUser = { name: '', password: '' };
const stranger: RegistryUser = { name: 'stranger', password: 'wrong' };

/** Opens a session, and gives its URL. */
async function opened({ ask }: Asked): Promise<string> {
  return (await ask('POST', uploads)).headers['location'] ?? '';
}

async function patched(asked: Asked, wire: WireRequest = {}): Promise<string> {
  const url = await opened(asked);
  await asked.ask('PATCH', url, { body, chunked: true, ...wire });
  return url;
}

async function pushed(asked: Asked): Promise<WireResponse> {
  const url = await patched(asked);
  return asked.ask('PUT', `${url}?digest=${digest}`);
}

const blob = `/v2/${giteaUser.username}/answers/blobs/${digest}`;
const missing = `/v2/${giteaUser.username}/answers/blobs/${absent}`;

const scenes: Readonly<Record<string, Scene>> = {
  'a ping without a login': ({ ask }) => ask('GET', '/v2/', { as: nobody }),
  'a ping with a login': ({ ask }) => ask('GET', '/v2/'),
  'a wrong login': ({ ask }) => ask('GET', '/v2/', { as: stranger }),
  'a wrong token': ({ ask }) => ask('GET', '/v2/', { as: nobody, headers: { authorization: 'Bearer x.y.z' } }),
  'the token service, a wrong login': ({ ask }) => ask('GET', '/v2/token', { as: stranger }),
  'the token service, a POST': ({ ask }) => ask('POST', '/v2/token', { body: Buffer.from('grant_type=password') }),
  POST: ({ ask }) => ask('POST', uploads),
  'POST by who may only read': ({ ask }) => ask('POST', uploads, { as: reader }),
  'POST of who is not logged in': ({ ask }) => ask('POST', uploads, { as: nobody }),
  'POST without an owner': ({ ask }) => ask('POST', '/v2/blobprobe/blobs/uploads/'),
  'POST of a name in capitals': ({ ask }) => ask('POST', `/v2/${giteaUser.username}/Answers/blobs/uploads/`),
  'POST with a digest': ({ ask }) => ask('POST', `${uploads}?digest=${digest}`, { body }),
  'POST with a digest of something else': ({ ask }) => ask('POST', `${uploads}?digest=${absent}`, { body }),
  PATCH: async (asked) => asked.ask('PATCH', await opened(asked), { body, chunked: true }),
  'PATCH of nothing': async (asked) => asked.ask('PATCH', await opened(asked)),
  'a second PATCH': async (asked) => asked.ask('PATCH', await patched(asked), { body, chunked: true }),
  'a chunk that goes on': async (asked) =>
    asked.ask('PATCH', await patched(asked), { body, headers: { 'content-range': '100000-199999' } }),
  'a chunk that does not': async (asked) =>
    asked.ask('PATCH', await patched(asked), { body, headers: { 'content-range': '7-100006' } }),
  'a Content-Range of nonsense': async (asked) =>
    asked.ask('PATCH', await opened(asked), { body, headers: { 'content-range': 'x' } }),
  'an upload that nobody opened': ({ ask }) => ask('PATCH', `${uploads}0123456789abcdefghijklmno`, { body }),
  'where an empty upload stands': async (asked) => asked.ask('GET', await opened(asked)),
  'where an upload stands': async (asked) => asked.ask('GET', await patched(asked)),
  'after a PATCH that broke off': async (asked) => {
    const url = await opened(asked);
    const headers = {
      authorization: `Basic ${Buffer.from(`${giteaUser.username}:${giteaUser.password}`).toString('base64')}`,
    };
    await observe(new URL(url, asked.origin).href, {
      method: 'PATCH',
      body,
      chunked: true,
      abortAfterBytes: 60_000,
      headers,
    });
    return asked.ask('PATCH', url, { body, chunked: true });
  },
  PUT: pushed,
  'PUT with a body': async (asked) => asked.ask('PUT', `${await opened(asked)}?digest=${digest}`, { body }),
  'PUT of another digest': async (asked) => asked.ask('PUT', `${await patched(asked)}?digest=${absent}`),
  'PUT after that': async (asked) => {
    const url = await patched(asked);
    await asked.ask('PUT', `${url}?digest=${absent}`);
    return asked.ask('PUT', `${url}?digest=${digest}`);
  },
  'PUT without a digest': async (asked) => asked.ask('PUT', await patched(asked)),
  'DELETE of an upload': async (asked) => asked.ask('DELETE', await patched(asked)),
  'DELETE of it again': async (asked) => {
    const url = await patched(asked);
    await asked.ask('DELETE', url);
    return asked.ask('DELETE', url);
  },
  'HEAD of a blob': async (asked) => {
    await pushed(asked);
    return asked.ask('HEAD', blob);
  },
  'GET of a blob': async (asked) => {
    await pushed(asked);
    return asked.ask('GET', blob);
  },
  'GET of a part of it': async (asked) => {
    await pushed(asked);
    return asked.ask('GET', blob, { headers: { range: 'bytes=500-1499' } });
  },
  'HEAD of a blob that is not there': ({ ask }) => ask('HEAD', missing),
  'GET of a blob that is not there': ({ ask }) => ask('GET', missing),
  'DELETE of a blob': async (asked) => {
    await pushed(asked);
    return asked.ask('DELETE', blob);
  },
  'DELETE of a blob that is not there': ({ ask }) => ask('DELETE', missing),
  'DELETE of a blob by who may only read': ({ ask }) => ask('DELETE', missing, { as: reader }),
  'a mount of a blob that is there': async (asked) => {
    await pushed(asked);
    return asked.ask(
      'POST',
      `/v2/${giteaUser.username}/other/blobs/uploads/?mount=${digest}&from=${giteaUser.username}/answers`,
    );
  },
  'a mount without from': async (asked) => {
    await pushed(asked);
    return asked.ask('POST', `/v2/${giteaUser.username}/third/blobs/uploads/?mount=${digest}`);
  },
  'tags of what is not there': ({ ask }) => ask('GET', `/v2/${giteaUser.username}/nothing/tags/list`),
  'a manifest that is not there': ({ ask }) => ask('GET', `/v2/${giteaUser.username}/answers/manifests/none`),
  referrers: ({ ask }) => ask('GET', `/v2/${giteaUser.username}/answers/referrers/${digest}`),
  'a method that is none': ({ ask }) => ask('PUT', `/v2/${giteaUser.username}/answers/tags/list`),
  'a path that is none': ({ ask }) => ask('GET', '/v2/nothing'),
};

const read = [
  'content-range',
  'docker-content-digest',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'location',
  'range',
  'www-authenticate',
  'accept-ranges',
];

/** What clients read of an answer, with what is another one each time left out. An empty object says as much as nothing. */
function readable(answer: WireResponse, origin: string): object {
  const same = (text: string): string =>
    text
      .replaceAll(origin, 'ORIGIN')
      .replaceAll(/(?<=uploads\/)[0-9a-z-]+|^[0-9a-z]{25}$|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-.*$/g, 'ID');
  const headers = read.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, same(value)]];
  });
  const text = answer.body.toString().trim();
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    body: answer.body.equals(body) ? 'the blob' : text === '{}' ? '' : text,
  };
}

describeWithComponents(['gitea'], 'answers of the lab as Gitea gives them', () => {
  let real: RunningGitea;
  let lab: DemoRegistry;
  beforeAll(async () => {
    real = await startGitea();
    await real.api('POST', 'admin/users', {
      username: reader.name,
      password: reader.password,
      email: 'reader@example.org',
      must_change_password: false,
    });
    const users = [{ name: giteaUser.username, password: giteaUser.password }, reader];
    // Of 1.26 alone: from 1.27 on the second challenge comes only where a login is wanted for everything.
    const quirksChanges = { secondChallenge: 'Basic realm="Gitea Container Registry"' };
    lab = await startRegistry({
      quirks: 'gitea',
      quirksChanges,
      auth: { kind: 'bearer', users, service: 'container_registry' },
    });
  }, 120_000);
  afterAll(async () => {
    await real?.close();
    await lab?.close();
  });

  test.each(Object.entries(scenes))('%s', async (_name, scene) => {
    const ofLab = readable(await scene(askedOf(lab.url)), lab.url);
    const ofReal = readable(await scene(askedOf(real.origin)), real.origin);
    expect(ofLab).toEqual(ofReal);
  });
});

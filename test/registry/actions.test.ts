import { expect, test } from 'vitest';
import { blobExists, ping, verifyBlob } from '../../src/registry/blob.ts';
import { listRepositories, listTags } from '../../src/registry/lists.ts';
import { imageManifest, pullManifest, putManifest, verifyManifest } from '../../src/registry/manifest.ts';
import { BlobPull, takesItOnce } from '../../src/registry/pull.ts';
import type { RegistryClient } from '../../src/registry/registry-client.ts';
import { commitUpload, postWhole, putWhole, sendPatch, startUpload, uploadStatus } from '../../src/registry/upload.ts';
import { scriptedClient } from '../support/scripted-client.ts';

const session = {
  location: new URL('https://registry.example.org/1'),
  acknowledgedBytes: undefined,
  chunkMinBytes: undefined,
};
const body = { kind: 'bytes', bytes: Buffer.from('x') } as const;
const blob = { digest: 'sha256:ab', sizeBytes: 1 };
const manifest = imageManifest('oci', blob, [blob]);
const manner = { manifest: 'get', manifestAccept: 'any' } as const;

test.each<[string, string, readonly string[], (client: RegistryClient) => Promise<unknown>]>([
  ['a ping', 'auth', ['pull', 'push'], ping],
  ['a question for a blob', 'start', ['pull', 'push'], (client) => blobExists(client, blob.digest, {})],
  ['a blob after the push', 'verify', ['pull', 'push'], (client) => verifyBlob(client, blob.digest, 1)],
  ['an upload', 'start', ['pull', 'push'], (client) => startUpload(client, {})],
  ['a PATCH', 'send', ['pull', 'push'], (client) => sendPatch(client, session, body, { strictRange: false })],
  ['a commit', 'commit', ['pull', 'push'], (client) => commitUpload(client, session, blob.digest, {})],
  [
    'a PUT of all',
    'send',
    ['pull', 'push'],
    (client) => putWhole(client, session, blob.digest, body, { resendBody: false, namesRegistry: false }),
  ],
  ['a POST of all', 'send', ['pull', 'push'], (client) => postWhole(client, blob.digest, body)],
  ['the status of an upload', 'cleanup', ['pull', 'push'], (client) => uploadStatus(client, session)],
  ['a manifest', 'commit', ['pull', 'push'], (client) => putManifest(client, 'v1', manifest)],
  ['a manifest after the push', 'verify', ['pull', 'push'], (client) => verifyManifest(client, 'v1', manifest)],
  ['the pull of a manifest', 'pull', ['pull'], (client) => pullManifest(client, 'v1', manifest, manner)],
  [
    'the pull of a blob',
    'pull',
    ['pull'],
    (client) => new BlobPull(blob, takesItOnce).attempt(client, { onBytes: () => {}, random: () => 0 }),
  ],
  ['tags', 'pull', ['pull'], (client) => listTags(client, { pageSize: 1, maxPages: 1 })],
  ['repositories', 'pull', [], (client) => listRepositories(client, 1)],
])('what the token for %s must allow', async (_what, step, actions, act) => {
  const asked: unknown[] = [];
  const steps: string[] = [];
  const authorization = (_url: URL, wanted: readonly string[]): Promise<undefined> =>
    Promise.resolve(void asked.push(wanted));
  const { client } = scriptedClient([new Error('no answer is needed')], {
    authorizer: { authorization, challenged: () => Promise.resolve(false) },
    onStep: (one) => steps.push(one),
  });
  await expect(act(client)).rejects.toThrow('no answer is needed');
  expect([asked, steps]).toEqual([[actions], ['auth', step]]);
});

import { afterEach, describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { prepareBlobs } from '../../../src/probe/run/blobs.ts';
import { imageOf } from '../../../src/probe/run/image.ts';
import { pullStages } from '../../../src/probe/run/pull-parts.ts';
import type { RetriedPart, Stage } from '../../../src/probe/run/side-by-side.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { anonymousClient } from '../../support/anonymous-client.ts';
import { freshNotes } from '../../support/attempt-notes.ts';
import { checkOf } from '../../support/checks.ts';
import { type Scene, startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const layerBytes = [2_000, 1_000];

function checkAs(client: ClientName, kind: 'image' | 'blob', changes: Partial<Check> = {}): Check {
  const workload = { name: 'small', kind, layerBytes: kind === 'image' ? layerBytes : [2_000], pull: true };
  return checkOf('http://registry.example:5000', { client, check: { workload, retries: 'profile', ...changes } });
}

async function stagesOf(check: Check): Promise<readonly Stage[]> {
  const blobs = await prepareBlobs(check, createPayloadSource('test'), 0, new AbortController().signal);
  const image = check.workload.kind === 'image' ? imageOf(check, blobs, new Date(0)) : undefined;
  return pullStages(check, blobs, image);
}

async function partsOf(check: Check): Promise<readonly RetriedPart[]> {
  return (await stagesOf(check)).flatMap(({ parts }) => parts);
}

describe('the parts of the way back', () => {
  test.each<readonly [ClientName, 'image' | 'blob', readonly string[]]>([
    ['docker', 'image', ['manifest', 'config', 'layer1', 'layer2']],
    ['containerd', 'image', ['manifest', 'config', 'layer1', 'layer2']],
    ['skopeo', 'image', ['manifest', 'config', 'layer1', 'layer2']],
    ['skopeo@1.9', 'image', ['manifest', 'layer1', 'layer2', 'config']],
    ['docker', 'blob', ['blob']],
    ['skopeo', 'blob', ['blob']],
  ])('as %s, of one %s: in its order, cold and then warm', async (client, kind, names) => {
    const parts = await partsOf(checkAs(client, kind));
    expect(parts.map(({ pull, name }) => `${pull} ${name}`)).toEqual(
      ['cold', 'warm'].flatMap((round) => names.map((name) => `${round} ${name}`)),
    );
  });

  test.each<readonly [ClientName, number]>([
    ['docker', 3],
    ['crane', 1],
    ['skopeo', 6],
  ])('as %s: layers side by side, %d at a time, and nothing else beside them', async (client, most) => {
    const stages = await stagesOf(checkAs(client, 'image'));
    const sideBySide = stages.filter(({ parts }) => parts.length > 1);
    expect(sideBySide.map(({ parts }) => parts.map(({ name, pull }) => `${pull} ${name}`))).toEqual([
      ['cold layer1', 'cold layer2'],
      ['warm layer1', 'warm layer2'],
    ]);
    expect(sideBySide.map(({ concurrency }) => concurrency)).toEqual([most, most]);
  });

  test('come once, where only the way back is in question', async () => {
    const { path } = checkAs('docker', 'blob');
    const parts = await partsOf(checkAs('docker', 'blob', { pushedOver: { ...path, name: 'direct' } }));
    expect(parts.map(({ pull, name }) => `${pull} ${name}`)).toEqual(['cold blob']);
  });

  test('have the sizes of what is pulled', async () => {
    const sizes = new Map((await partsOf(checkAs('docker', 'image'))).map((part) => [part.name, part.totalBytes]));
    expect([sizes.get('layer1'), sizes.get('layer2')]).toEqual(layerBytes);
    expect(sizes.get('manifest')).toBeGreaterThan(300);
    expect(sizes.get('config')).toBeGreaterThan(100);
  });

  test.each<readonly [Check['retries'], number]>([
    ['profile', 5],
    ['none', 1],
    [3, 3],
  ])('with retries %s: layers are tried up to %d times, the rest once', async (retries, most) => {
    const parts = await partsOf(checkAs('docker', 'image', { retries }));
    const attempts = new Map(parts.map(({ name, policy }) => [name, policy.maxAttempts]));
    expect([...attempts]).toEqual([
      ['manifest', 1],
      ['config', 1],
      ['layer1', most],
      ['layer2', most],
    ]);
  });
});

/** What is asked for, when each part is begun so often, by a registry that has nothing. */
async function askedBy(client: ClientName, kind: 'image' | 'blob', attempts = 1): Promise<readonly string[]> {
  const registry = opened.own(
    await startScriptedRegistry({
      'GET /v2/probe': (scene) => scene.answer(404),
      'HEAD /v2/probe': (scene) => scene.answer(404),
    }),
  );
  const notes = freshNotes();
  const asks = anonymousClient(opened, registry.url);
  for (const part of await partsOf(checkAs(client, kind))) {
    for (let number = 1; number <= attempts; number += 1)
      await expect(part.work(number)(asks, notes, { random: () => 0 })).rejects.toThrow('404');
  }
  return registry.requests.map((line) =>
    line.replace(/sha256:[0-9a-f]+/, 'DIGEST').replace(/blobprobe-[0-9a-f]+/, 'TAG'),
  );
}

describe('what is asked for', () => {
  const [tag, blob] = ['/v2/probe/blobs/manifests/TAG', '/v2/probe/blobs/blobs/DIGEST'];

  test.each<readonly [ClientName, 'image' | 'blob', readonly string[]]>([
    ['docker', 'image', ['GET /v2/', `HEAD ${tag}`, `GET ${blob}`, `GET ${blob}`, `GET ${blob}`]],
    ['crane', 'image', ['GET /v2/', `GET ${tag}`, `GET ${blob}`, `GET ${blob}`, `GET ${blob}`]],
    ['containerd', 'blob', [`GET ${blob}`]],
    ['skopeo', 'blob', ['GET /v2/', `GET ${blob}`]],
  ])('as %s, of one %s: each round begins with the ping, where the client sends one', async (client, kind, round) => {
    expect(await askedBy(client, kind)).toEqual([...round, ...round]);
  });

  test('a further attempt begins without a ping', async () => {
    const round = ['GET /v2/', `GET ${blob}`, `GET ${blob}`];
    expect(await askedBy('skopeo', 'blob', 2)).toEqual([...round, ...round]);
  });
});

describe('bytes that came', () => {
  test.each(['docker', 'containerd'] as const)('as %s, are noted, and each round takes all of them', async (client) => {
    const check = checkAs(client, 'blob');
    const blobs = await prepareBlobs(check, createPayloadSource('test'), 0, new AbortController().signal);
    const bytes = Buffer.concat([...(blobs[0]?.payload.chunks(500) ?? [])]);
    const registry = opened.own(
      await startScriptedRegistry({ 'GET /v2/probe': ({ response }) => void response.end(bytes) }),
    );
    const noted: number[] = [];
    for (const part of pullStages(check, blobs, undefined).flatMap(({ parts }) => parts)) {
      const notes = freshNotes();
      await part.work(1)(anonymousClient(opened, registry.url), notes, { random: () => 0 });
      noted.push(notes.pulledBytes);
    }
    expect(noted).toEqual([2_000, 2_000]);
  });

  test('of an image, of its manifest and its config as well, which is asked for in its own type', async () => {
    const check = checkAs('containerd', 'image');
    const blobs = await prepareBlobs(check, createPayloadSource('test'), 0, new AbortController().signal);
    const image = imageOf(check, blobs, new Date(0));
    const { bytes, mediaType, digest } = image.manifest;
    const accepted = new Map<string, string | undefined>();
    const answer = ({ request, response }: Scene): void => {
      const found = [image.config, ...blobs].find(({ payload }) => request.url?.endsWith(payload.digest));
      accepted.set(found?.name ?? 'manifest', request.headers.accept);
      response.writeHead(200, { 'content-type': mediaType, 'docker-content-digest': digest });
      response.end(found === undefined ? bytes : Buffer.concat([...found.payload.chunks(500)]));
    };
    const registry = opened.own(await startScriptedRegistry({ 'GET /v2/probe': answer, 'HEAD /v2/probe': answer }));
    const noted: [string, number][] = [];
    for (const part of pullStages(check, blobs, image).flatMap(({ parts }) => parts)) {
      const notes = freshNotes();
      await part.work(1)(anonymousClient(opened, registry.url), notes, { random: () => 0 });
      noted.push([part.name, notes.pulledBytes]);
    }
    const round = [
      ['manifest', bytes.byteLength],
      ['config', image.config.payload.sizeBytes],
      ['layer1', 2_000],
      ['layer2', 1_000],
    ];
    expect(noted).toEqual([...round, ...round]);
    expect(accepted.get('config')).toContain('application/vnd.oci.image.config.v1+json');
    expect(accepted.get('layer1')).toContain('application/vnd.oci.image.layer.v1.tar+gzip');
  });
});

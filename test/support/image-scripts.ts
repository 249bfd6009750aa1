import { createHash } from 'node:crypto';
import type { Scripts } from './scripted-registry.ts';

/** Scripts of a registry that keeps what it got well enough for images to be pushed, verified and asked for; their blobs cannot be read back. */
export function imageScripts(): Scripts {
  const sizes = new Map<string, number>();
  const stored = new Map<string, number>();
  const manifests = new Map<string, string>();
  const add = (url: string, bytes: number): number => {
    const session = new URL(url, 'http://registry.test').pathname;
    sizes.set(session, (sizes.get(session) ?? 0) + bytes);
    return sizes.get(session) ?? 0;
  };
  return {
    'HEAD /v2/probe/blobs/blobs/': (scene) => {
      const size = stored.get(scene.request.url?.split('/').at(-1) ?? '');
      scene.answer(size === undefined ? 404 : 200, size === undefined ? {} : { 'Content-Length': String(size) });
    },
    'HEAD /v2/probe/blobs/manifests/': (scene) => scene.answer(manifests.has(scene.request.url ?? '') ? 200 : 404),
    'GET /v2/probe/blobs/manifests/': (scene) => scene.answer(200, {}, manifests.get(scene.request.url ?? '') ?? ''),
    'POST /v2/probe/blobs/blobs/uploads/': async (scene) => {
      await scene.read();
      const location = `/v2/probe/blobs/blobs/uploads/${sizes.size + 1}`;
      add(location, 0);
      scene.answer(202, { Location: location });
    },
    'PATCH /v2/probe/blobs/blobs/uploads/': async (scene) => {
      const { url = '' } = scene.request;
      const size = add(url, await scene.read());
      scene.answer(202, { Location: url, Range: `0-${size - 1}` });
    },
    'PUT /v2/probe/blobs/blobs/uploads/': async (scene) => {
      const { url = '' } = scene.request;
      const size = add(url, await scene.read());
      stored.set(new URL(url, 'http://registry.test').searchParams.get('digest') ?? '', size);
      scene.answer(201);
    },
    'PUT /v2/probe/blobs/manifests/': async (scene) => {
      let text = '';
      for await (const chunk of scene.request) text += String(chunk);
      manifests.set(scene.request.url ?? '', text);
      const digest = createHash('sha256').update(text).digest('hex');
      manifests.set(`/v2/probe/blobs/manifests/sha256:${digest}`, text);
      scene.answer(201, { 'Docker-Content-Digest': `sha256:${digest}` });
    },
  };
}

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { type WireRequest, type WireResponse, send } from '../../support/wire.ts';

/** The cases of the distribution specification's conformance program, by their names there, written anew. */
const algorithms = ['sha256', 'sha512'] as const;
const repository = 'conformance/first';

let registry: DemoRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

let nonce = 0;
let body: Buffer;
beforeEach(() => {
  body = Buffer.alloc(100_000, `content ${(nonce += 1)} `);
});

function call(path: string, wire: WireRequest = {}): Promise<WireResponse> {
  return send(new URL(path, registry.url).href, wire);
}

function withQuery(location: string | undefined, query: string): string {
  return `${location}${location?.includes('?') ? '&' : '?'}${query}`;
}

async function start(algorithm: string, wire: WireRequest = {}): Promise<string> {
  const query = algorithm === 'sha256' ? '' : `?digest-algorithm=${algorithm}`;
  const post = await call(`/v2/${repository}/blobs/uploads/${query}`, { method: 'POST', ...wire });
  expect(post.status).toBe(202);
  expect(post.headers['location']).toBeDefined();
  return post.headers['location'] ?? '';
}

function patch(location: string, bytes: Buffer, start: number): Promise<WireResponse> {
  const range = `${start}-${start + bytes.length - 1}`;
  return call(location, { method: 'PATCH', body: bytes, headers: { 'content-range': range } });
}

async function code(response: WireResponse): Promise<string> {
  const json = JSON.parse(response.body.toString()) as { errors: { code: string }[] };
  return json.errors[0]?.code ?? '';
}

describe.each(algorithms)('blobs with %s', (algorithm) => {
  const digestOf = (bytes: Buffer) => `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  const put = (location: string | undefined, digest: string, wire: WireRequest = {}) =>
    call(withQuery(location, `digest=${encodeURIComponent(digest)}`), { method: 'PUT', ...wire });

  /** What becomes of a blob between its 201 and its deletion. */
  async function lifeOf(bytes: Buffer, created: WireResponse): Promise<object> {
    const url = `/v2/${repository}/blobs/${digestOf(bytes)}`;
    const got = await call(created.headers['location'] ?? '');
    const head = await call(url, { method: 'HEAD' });
    return {
      created: [created.status, created.headers['docker-content-digest']],
      pulled: [got.status, got.body.equals(bytes)],
      head: [head.status, head.headers['content-length'], head.headers['docker-content-digest'], head.body.length],
      deleted: (await call(url, { method: 'DELETE' })).status,
      gone: (await call(url, { method: 'HEAD' })).status,
    };
  }
  const wholeLife = (bytes: Buffer) => ({
    created: [201, digestOf(bytes)],
    pulled: [200, true],
    head: [200, String(bytes.length), digestOf(bytes), 0],
    deleted: 202,
    gone: 404,
  });

  test('post only', async () => {
    const url = `/v2/${repository}/blobs/uploads/?digest=${encodeURIComponent(digestOf(body))}`;
    expect(await lifeOf(body, await call(url, { method: 'POST', body }))).toEqual(wholeLife(body));
  });

  test('post+put', async () => {
    expect(await lifeOf(body, await put(await start(algorithm), digestOf(body), { body }))).toEqual(wholeLife(body));
  });

  test('chunked single', async () => {
    const patched = await patch(await start(algorithm), body, 0);
    expect([patched.status, patched.headers['range']]).toEqual([202, '0-99999']);
    expect(await lifeOf(body, await put(patched.headers['location'], digestOf(body)))).toEqual(wholeLife(body));
  });

  test('stream', async () => {
    const patched = await call(await start(algorithm), { method: 'PATCH', body, chunked: true });
    expect([patched.status, patched.headers['range']]).toEqual([202, '0-99999']);
    expect(await lifeOf(body, await put(patched.headers['location'], digestOf(body)))).toEqual(wholeLife(body));
  });

  test('chunked multi', async () => {
    const first = await patch(await start(algorithm), body.subarray(0, 40_000), 0);
    expect(first.headers['range']).toBe('0-39999');
    const second = await patch(first.headers['location'] ?? '', body.subarray(40_000), 40_000);
    expect([second.status, second.headers['range']]).toEqual([202, '0-99999']);
    expect(await lifeOf(body, await put(second.headers['location'], digestOf(body)))).toEqual(wholeLife(body));
  });

  test('chunked multi and put chunk', async () => {
    const first = await patch(await start(algorithm), body.subarray(0, 40_000), 0);
    const last = { body: body.subarray(40_000), headers: { 'content-range': '40000-99999' } };
    expect(await lifeOf(body, await put(first.headers['location'], digestOf(body), last))).toEqual(wholeLife(body));
  });

  test('chunked out-of-order', async () => {
    const location = await start(algorithm);
    expect((await patch(location, body.subarray(40_000), 40_000)).status).toBe(416);
    const first = await patch(location, body.subarray(0, 40_000), 0);
    expect(first.status).toBe(202);
    // The same chunk once more, then the way out: ask where the registry stands.
    expect((await patch(location, body.subarray(0, 40_000), 0)).status).toBe(416);
    const status = await call(location);
    expect([status.status, status.headers['range']]).toEqual([204, '0-39999']);
    const second = await patch(status.headers['location'] ?? '', body.subarray(40_000), 40_000);
    expect(await lifeOf(body, await put(second.headers['location'], digestOf(body)))).toEqual(wholeLife(body));
  });

  test('chunked out-of-order and put chunk', async () => {
    const first = await patch(await start(algorithm), body.subarray(0, 40_000), 0);
    const late = { body: body.subarray(60_000), headers: { 'content-range': '60000-99999' } };
    expect((await put(first.headers['location'], digestOf(body), late)).status).toBe(416);
    const right = { body: body.subarray(40_000), headers: { 'content-range': '40000-99999' } };
    expect(await lifeOf(body, await put(first.headers['location'], digestOf(body), right))).toEqual(wholeLife(body));
  });

  test('post cancel', async () => {
    const location = await start(algorithm);
    expect((await call(location, { method: 'DELETE' })).status).toBe(204);
    const gone = await call(location);
    expect([gone.status, await code(gone)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect((await call(location, { method: 'DELETE' })).status).toBe(404);
  });

  test('mount', async () => {
    await put(await start(algorithm), digestOf(body), { body });
    const to = '/v2/conformance/second';
    const url = `${to}/blobs/uploads/?mount=${digestOf(body)}&from=${repository}`;
    const mounted = await call(url, { method: 'POST' });
    expect([mounted.status, mounted.headers['location']]).toEqual([201, `${to}/blobs/${digestOf(body)}`]);
    expect((await call(`${to}/blobs/${digestOf(body)}`)).body.equals(body)).toBe(true);
  });

  test('mount anonymous', async () => {
    await put(await start(algorithm), digestOf(body), { body });
    const url = `/v2/conformance/second/blobs/uploads/?mount=${digestOf(body)}`;
    expect((await call(url, { method: 'POST' })).status).toBe(201);
  });

  test('mount missing', async () => {
    const url = `/v2/${repository}/blobs/uploads/?mount=${digestOf(body)}&from=conformance/nowhere`;
    const opened = await call(url, { method: 'POST' });
    expect(opened.status).toBe(202);
    expect((await call(opened.headers['location'] ?? '', { method: 'DELETE' })).status).toBe(204);
  });

  test('range requests', async () => {
    await put(await start(algorithm), digestOf(body), { body });
    const url = `/v2/${repository}/blobs/${digestOf(body)}`;
    const cases: [string, number, string | undefined, Buffer][] = [
      ['bytes=0-9', 206, 'bytes 0-9/100000', body.subarray(0, 10)],
      ['bytes=99990-', 206, 'bytes 99990-99999/100000', body.subarray(99_990)],
      ['bytes=-10', 206, 'bytes 99990-99999/100000', body.subarray(99_990)],
      ['bytes=50000-999999', 206, 'bytes 50000-99999/100000', body.subarray(50_000)],
      ['bytes=100000-', 416, 'bytes */100000', Buffer.alloc(0)],
      ['bytes=9-0', 200, undefined, body],
      ['lines=0-9', 200, undefined, body],
    ];
    for (const [range, status, contentRange, bytes] of cases) {
      const got = await call(url, { headers: { range } });
      expect([range, got.status, got.headers['content-range']]).toEqual([range, status, contentRange]);
      expect(got.body.equals(bytes)).toBe(true);
    }
  });

  test.each([
    ['empty', ''],
    ['emptyJSON', '{}'],
  ])('%s', async (_, text) => {
    const bytes = Buffer.from(text);
    expect(await lifeOf(bytes, await put(await start(algorithm), digestOf(bytes), { body: bytes }))).toEqual(
      wholeLife(bytes),
    );
  });

  test.each(['post only', 'post+put', 'chunked', 'chunked and put chunk', 'stream'])('bad digest %s', async (how) => {
    const before = registry.openSessions.length;
    const wrong = digestOf(Buffer.from('something else'));
    const [head, tail] = [body.subarray(0, 40_000), body.subarray(40_000)];
    let answer: WireResponse;
    if (how === 'post only') {
      answer = await call(`/v2/${repository}/blobs/uploads/?digest=${wrong}`, { method: 'POST', body });
    } else if (how === 'post+put') {
      answer = await put(await start(algorithm), wrong, { body });
    } else if (how === 'stream') {
      const patched = await call(await start(algorithm), { method: 'PATCH', body, chunked: true });
      answer = await put(patched.headers['location'], wrong);
    } else {
      const first = await patch(await start(algorithm), how === 'chunked' ? body : head, 0);
      const rest = { body: tail, headers: { 'content-range': '40000-99999' } };
      answer = await put(first.headers['location'], wrong, how === 'chunked' ? {} : rest);
    }
    expect([answer.status, await code(answer)]).toEqual([400, 'DIGEST_INVALID']);
    expect(registry.blobs.has(wrong)).toBe(false);
    expect(registry.blobs.has(digestOf(body))).toBe(false);
    expect(registry.openSessions.length).toBe(before);
  });
});

describe('manifests and tags', () => {
  const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';

  async function upload(bytes: Buffer): Promise<{ mediaType: string; size: number; digest: string }> {
    await call(`/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, { method: 'POST', body: bytes });
    return { mediaType: 'application/octet-stream', size: bytes.length, digest: digestOf(bytes) };
  }
  async function manifest(more: object = {}): Promise<Buffer> {
    const config = await upload(Buffer.from(`{"n":${(nonce += 1)}}`));
    return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [await upload(body)], ...more }));
  }
  const putManifest = (reference: string, bytes: Buffer, name = repository) =>
    call(`/v2/${name}/manifests/${reference}`, { method: 'PUT', body: bytes, headers: { 'content-type': mediaType } });

  test('push, head, pull by tag and digest, list, delete', async () => {
    const bytes = await manifest();
    const digest = digestOf(bytes);
    const pushed = await putManifest('v1', bytes);
    expect([pushed.status, pushed.headers['docker-content-digest']]).toEqual([201, digest]);
    for (const reference of ['v1', digest]) {
      const pulled = await call(`/v2/${repository}/manifests/${reference}`);
      expect([pulled.status, pulled.headers['content-type']]).toEqual([200, mediaType]);
      expect(pulled.body.equals(bytes)).toBe(true);
      const head = await call(`/v2/${repository}/manifests/${reference}`, { method: 'HEAD' });
      expect([head.status, head.headers['content-length']]).toEqual([200, String(bytes.length)]);
    }
    expect((await call(`/v2/${repository}/manifests/v1`, { method: 'DELETE' })).status).toBe(202);
    expect((await call(`/v2/${repository}/manifests/v1`)).status).toBe(404);
    expect((await call(`/v2/${repository}/manifests/${digest}`)).status).toBe(200);
    expect((await call(`/v2/${repository}/manifests/${digest}`, { method: 'DELETE' })).status).toBe(202);
    const gone = await call(`/v2/${repository}/manifests/${digest}`);
    expect([gone.status, await code(gone)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });

  test('deleting by digest takes the tags along', async () => {
    const bytes = await manifest();
    await putManifest('a-tag', bytes);
    await call(`/v2/${repository}/manifests/${digestOf(bytes)}`, { method: 'DELETE' });
    expect((await call(`/v2/${repository}/manifests/a-tag`)).status).toBe(404);
  });

  test('refused manifests', async () => {
    const unknown = { mediaType: 'x', size: 1, digest: digestOf(Buffer.from('never pushed')) };
    const cases: [string, Buffer, number, string][] = [
      ['t', Buffer.from('not json'), 400, 'MANIFEST_INVALID'],
      ['t', Buffer.from(JSON.stringify({ layers: [unknown] })), 404, 'MANIFEST_BLOB_UNKNOWN'],
      [digestOf(Buffer.from('other')), await manifest(), 400, 'DIGEST_INVALID'],
      ['sha256:zz', await manifest(), 400, 'DIGEST_INVALID'],
      ['-bad', await manifest(), 400, 'TAG_INVALID'],
      ['t', Buffer.alloc(5 * 1024 * 1024), 413, 'SIZE_INVALID'],
    ];
    for (const [reference, bytes, status, expected] of cases) {
      const refused = await putManifest(reference, bytes);
      expect([refused.status, await code(refused)]).toEqual([status, expected]);
    }
  });

  test('a manifest of 4 MB is taken', async () => {
    const bytes = await manifest({ annotations: { long: 'x'.repeat(4_000_000) } });
    expect((await putManifest('big', bytes)).status).toBe(201);
  });

  test('tags come in order and in pages', async () => {
    const name = 'conformance/tags';
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
    for (const tag of ['c', 'a', 'e', 'b', 'd']) await putManifest(tag, bytes, name);
    const list = async (path: string) => {
      const answer = await call(path);
      const link = /^<(.+)>; rel="next"$/.exec(answer.headers['link'] ?? '')?.[1];
      return { tags: (JSON.parse(answer.body.toString()) as { tags: string[] }).tags, link };
    };
    expect(await list(`/v2/${name}/tags/list`)).toEqual({ tags: ['a', 'b', 'c', 'd', 'e'], link: undefined });
    const first = await list(`/v2/${name}/tags/list?n=2`);
    expect(first.tags).toEqual(['a', 'b']);
    const second = await list(first.link!);
    expect(second.tags).toEqual(['c', 'd']);
    expect(await list(second.link!)).toEqual({ tags: ['e'], link: undefined });
    expect(await list(`/v2/${name}/tags/list?n=0`)).toEqual({ tags: [], link: undefined });
    expect(await list(`/v2/${name}/tags/list?last=c`)).toEqual({ tags: ['d', 'e'], link: undefined });
    expect((await call(`/v2/${name}/tags/list?n=x`)).status).toBe(400);
    const unknown = await call('/v2/conformance/none/tags/list');
    expect([unknown.status, await code(unknown)]).toEqual([404, 'NAME_UNKNOWN']);
    const catalog = await call('/v2/_catalog?n=1&last=conformance/second');
    expect(JSON.parse(catalog.body.toString())).toEqual({ repositories: ['conformance/tags'] });
  });

  test('referrers', async () => {
    const subject = await manifest();
    await putManifest('subject', subject);
    const descriptor = { mediaType, size: subject.length, digest: digestOf(subject) };
    const referrer = await manifest({
      subject: descriptor,
      artifactType: 'application/example',
      annotations: { k: 'v' },
    });
    const pushed = await putManifest(digestOf(referrer), referrer);
    expect(pushed.headers['oci-subject']).toBe(digestOf(subject));
    const list = await call(`/v2/${repository}/referrers/${digestOf(subject)}?artifactType=application/example`);
    expect(list.headers['oci-filters-applied']).toBe('artifactType');
    expect(JSON.parse(list.body.toString())).toMatchObject({
      manifests: [{ digest: digestOf(referrer), artifactType: 'application/example', annotations: { k: 'v' } }],
    });
    const other = await call(`/v2/${repository}/referrers/${digestOf(subject)}?artifactType=application/other`);
    expect(JSON.parse(other.body.toString())).toMatchObject({ manifests: [] });
  });
});

test.each([
  ['GET', '/v2/', 200],
  ['GET', '/v2', 200],
  ['POST', '/v2/', 405],
  ['GET', '/', 404],
  ['GET', '/v2/a/b/manifests/%zz', 404],
  ['GET', '/v2/UPPER/case/tags/list', 400],
  ['PUT', '/v2/a/b/tags/list', 405],
  ['GET', '/v2/a/b/blobs/sha256:short', 400],
  ['GET', `/v2/a/b/blobs/sha256:${'0'.repeat(64)}`, 404],
  ['DELETE', `/v2/a/b/blobs/sha256:${'0'.repeat(64)}`, 404],
  ['POST', '/v2/a/b/blobs/uploads/?digest=sha256:short', 400],
  ['POST', '/v2/a/b/blobs/uploads/?digest-algorithm=md5', 400],
  ['PATCH', '/v2/a/b/blobs/uploads/unknown', 404],
  ['PUT', '/v2/a/b/blobs/uploads/unknown', 404],
])('%s %s is answered with %d', async (method, path, status) => {
  const answer = await call(path, { method });
  expect(answer.status).toBe(status);
  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
});

test('a target that is no URL does no harm', async () => {
  const socket = connect(registry.port, '127.0.0.1');
  socket.end('GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 404 /);
});

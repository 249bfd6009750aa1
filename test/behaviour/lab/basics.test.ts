import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { send } from '../../support/wire.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

test('a blob goes in by streamed PATCH and comes out again', async () => {
  const registry = opened.own(await startRegistry());
  const bytes = Buffer.alloc(300_000, 7);
  const post = await send(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
  expect(post.status).toBe(202);
  const patch = await send(registry.url + post.headers['location'], { method: 'PATCH', body: bytes, chunked: true });
  expect(patch.status).toBe(202);
  expect(patch.headers['range']).toBe('0-299999');
  expect(registry.openSessions).toHaveLength(1);
  const put = await send(`${registry.url}${patch.headers['location']}?digest=${encodeURIComponent(digestOf(bytes))}`, {
    method: 'PUT',
  });
  expect(put.status).toBe(201);
  expect(registry.openSessions).toHaveLength(0);
  expect(registry.blobs.get(digestOf(bytes))).toBe(300_000);
  const get = await send(registry.url + put.headers['location']);
  expect(get.body.equals(bytes)).toBe(true);
  expect(registry.requests.map((request) => [request.method, request.framing, request.receivedBytes])).toEqual([
    ['POST', 'content-length', 0],
    ['PATCH', 'chunked', 300_000],
    ['PUT', 'content-length', 0],
    ['GET', 'none', 0],
  ]);
});

test('basic credentials are asked for and checked', async () => {
  const registry = opened.own(await startRegistry({ auth: { kind: 'basic', users: [{ name: 'u', password: 'p' }] } }));
  const nobody = await send(`${registry.url}/v2/`);
  expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, 'Basic realm="registry"']);
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  expect((await send(`${registry.url}/v2/`, { headers: basic('u:x') })).status).toBe(401);
  expect((await send(`${registry.url}/v2/`, { headers: basic('u:p') })).status).toBe(200);
  expect(registry.requests.map((request) => request.headers['authorization'])).toEqual([undefined, 'Basic', 'Basic']);
});

test('an edge passes small bodies and refuses large ones as nginx does', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  const edge = await startEdge({
    upstream: registry.url,
    faults: [{ kind: 'body-limit', limitBytes: 100_000, ending: 'linger' }],
    identity: { style: 'nginx' },
  });
  opened.own(registry);
  opened.own(edge);
  const post = await send(`${edge.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
  const target = edge.url + post.headers['location'];
  const small = await send(target, { method: 'PATCH', body: Buffer.alloc(100_000), chunked: true });
  expect([small.status, small.headers['range']]).toEqual([202, '0-99999']);
  for (const chunked of [true, false]) {
    const large = await send(target, { method: 'PATCH', body: Buffer.alloc(8_000_000), chunked });
    expect(large.status).toBe(413);
    expect(large.body.toString()).toContain('<hr><center>nginx</center>');
    expect(large.headers['docker-distribution-api-version']).toBeUndefined();
  }
  edge.setFaults([]);
  const healed = await send(target, { method: 'PATCH', body: Buffer.alloc(100_001), chunked: true });
  expect(healed.status).toBe(202);
});

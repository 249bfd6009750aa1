import { afterEach, describe, expect, test } from 'vitest';
import { type QuirksName, quirksNames } from '../../support/lab/quirks.ts';
import { type DemoRegistry, type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { atBearablePace } from '../../support/pace.ts';
import { type WireRequest, type WireResponse, eventually, observe, send, sha256 } from '../../support/wire.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

async function start(quirks: QuirksName, more: RegistryOptions = {}): Promise<DemoRegistry> {
  const registry = opened.own(await startRegistry({ quirks, ...more }));
  return registry;
}

const body = Buffer.alloc(100_000, 'quirks');
const uploads = '/v2/owner/image/blobs/uploads/';

async function post(registry: DemoRegistry): Promise<string> {
  const answer = await send(registry.url + uploads, { method: 'POST' });
  return new URL(answer.headers['location'] ?? '', registry.url).href;
}
function next(registry: DemoRegistry, answer: WireResponse): string {
  return new URL(answer.headers['location'] ?? '', registry.url).href;
}
function put(url: string, digest: string, wire: WireRequest = {}): Promise<WireResponse> {
  return send(`${url}${url.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`, { method: 'PUT', ...wire });
}
function text(answer: WireResponse): string {
  const { errors } = JSON.parse(answer.body.toString()) as { errors: { code: string }[] };
  return `${answer.status} ${errors[0]?.code}`;
}
const patch = (url: string, wire: WireRequest = {}) => send(url, { method: 'PATCH', body, chunked: true, ...wire });

test.each(quirksNames)('%s: a streamed push from start to end, every answer marked as the registry’s', async (name) => {
  const registry = await start(name);
  const patched = await patch(await post(registry));
  expect([patched.status, patched.headers['range']]).toEqual([202, '0-99999']);
  const created = await put(next(registry, patched), sha256(body));
  expect(created.status).toBe(201);
  expect((await send(next(registry, created), { method: 'HEAD' })).headers['content-length']).toBe('100000');
  expect(registry.openSessions).toEqual([]);
});

/** Row, Range of POST, Range of an empty PATCH, whether Location is absolute. */
const ranges: [QuirksName, string | undefined, string | undefined, boolean][] = [
  ['spec', '0-0', '0-0', false],
  ['distribution-2.8', '0-0', '0-0', true],
  ['distribution-3', '0-0', '0-0', true],
  ['gitea', undefined, undefined, false],
  ['gitea-1.24.0', undefined, '0--1', false],
  ['gitea-old', '0-0', '0--1', false],
  ['zot', '0-0', '0--1', false],
  ['harbor-quota', '0-0', '0-0', true],
];
test.each(ranges)(
  '%s: POST says Range %s, an empty PATCH %s, Location absolute: %s',
  async (name, first, empty, absolute) => {
    const registry = await start(name);
    const posted = await send(registry.url + uploads, { method: 'POST' });
    expect(posted.headers['range']).toBe(first);
    expect(posted.headers['location']?.startsWith(registry.url)).toBe(absolute);
    const patched = await patch(next(registry, posted), { body: Buffer.alloc(0), chunked: false });
    expect([patched.status, patched.headers['range']]).toEqual([202, empty]);
  },
);

test('an absolute Location follows the proxy’s headers, or fails to', async () => {
  const registry = await start('distribution-2.8');
  const headers = { host: 'registry.example.org' };
  const lost = await send(registry.url + uploads, { method: 'POST', headers });
  expect(lost.headers['location']).toMatch(/^http:\/\/registry\.example\.org\/v2\//);
  const told = { 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'public.example.org, inner' };
  const kept = await send(registry.url + uploads, { method: 'POST', headers: { ...headers, ...told } });
  expect(kept.headers['location']).toMatch(/^https:\/\/public\.example\.org\/v2\//);
});

describe('sessions', () => {
  test('gitea refuses a second streamed PATCH, but takes ranged ones', async () => {
    const registry = await start('gitea');
    const url = await post(registry);
    await patch(url);
    expect(text(await patch(url))).toBe('400 BLOB_UPLOAD_INVALID');
    const ranged = { chunked: false, headers: { 'content-range': '100000-199999' } };
    expect((await patch(url, ranged)).headers['range']).toBe('0-199999');
  });

  test.each([
    ['gitea', /^500 $/, true],
    ['spec', /^202 0-1[0-9]{5}$/, true],
    ['zot', /^404 $/, false],
  ] as const)('%s: what a broken PATCH leaves', async (name, expected, bodiless) => {
    const registry = await start(name);
    const url = await post(registry);
    await observe(url, { method: 'PATCH', body, chunked: true, abortAfterBytes: 60_000 });
    await eventually('the registry has seen the end', () => registry.requests.some((request) => request.aborted));
    const again = await patch(url);
    expect(`${again.status} ${again.headers['range'] ?? ''}`).toMatch(expected);
    expect(again.body.length === 0).toBe(bodiless);
  });

  test.each([
    ['gitea', 1],
    ['spec', 0],
    ['distribution-2.8', 0],
  ] as const)('%s: a wrong digest leaves %d sessions', async (name, sessions) => {
    const registry = await start(name);
    const patched = await patch(await post(registry));
    const refused = await put(next(registry, patched), sha256(Buffer.from('other')));
    expect(text(refused)).toBe('400 DIGEST_INVALID');
    expect(registry.openSessions).toHaveLength(sessions);
  });

  test('distribution 2.8: an old Location is 404 and ends the session; state of another process is “invalid”', async () => {
    const registry = await start('distribution-2.8');
    const old = await post(registry);
    await patch(old);
    expect(text(await patch(old))).toBe('404 BLOB_UPLOAD_INVALID');
    expect(registry.openSessions).toEqual([]);
    const before = await post(registry);
    registry.restart();
    expect(text(await patch(before))).toBe('404 BLOB_UPLOAD_INVALID');
    expect(text(await patch(before.split('?')[0]!))).toBe('404 BLOB_UPLOAD_INVALID');
  });

  test('distribution 3: an old Location is 416, and the status tells the new one', async () => {
    const registry = await start('distribution-3');
    const old = await post(registry);
    await patch(old);
    expect(text(await patch(old))).toBe('416 RANGE_INVALID');
    const status = await send(old.split('?')[0]!);
    expect([status.status, status.headers['range']]).toEqual([204, '0-99999']);
    expect((await put(next(registry, status), sha256(body))).status).toBe(201);
  });

  test('distribution refuses other content types of a PATCH with 500', async () => {
    const registry = await start('distribution-3');
    const headers = { 'content-type': 'application/json' };
    expect(text(await patch(await post(registry), { headers }))).toBe('500 UNKNOWN');
  });

  test('distribution does not know the single POST', async () => {
    const registry = await start('distribution-3');
    const answer = await send(`${registry.url}${uploads}?digest=${sha256(body)}`, { method: 'POST', body });
    expect([answer.status, registry.blobs.size]).toEqual([202, 0]);
  });

  test('zot ignores a chunked body of the PUT', async () => {
    const registry = await start('zot');
    expect(text(await put(await post(registry), sha256(body), { body, chunked: true }))).toBe('400 DIGEST_INVALID');
    expect((await put(await post(registry), sha256(body), { body })).status).toBe(201);
  });

  test('old Gitea reports one byte too many', async () => {
    const registry = await start('gitea-old');
    const patched = await patch(await post(registry));
    const status = await send(next(registry, patched));
    expect([status.headers['range'], status.headers['location']]).toEqual(['0-100000', undefined]);
  });

  test('sessions end with the process, with age, and with number', () =>
    atBearablePace(10, async (pace) => {
      const registry = await start('spec', { uploadLifetimeMs: 50 * pace, maxUploads: 3 });
      const first = await post(registry);
      for (let count = 0; count < 3; count += 1) await post(registry);
      expect(registry.openSessions).toHaveLength(3);
      expect((await send(first)).status).toBe(404);
      await new Promise((resolve) => setTimeout(resolve, 60 * pace));
      await post(registry);
      expect(registry.openSessions).toHaveLength(1);
      registry.restart();
      expect(registry.openSessions).toEqual([]);
    }));
});

describe('what the registry holds', () => {
  test.each([
    ['distribution-2.8', 405, 405],
    ['gitea', 202, 202],
    ['spec', 202, 404],
  ] as const)('%s: deleting a blob is %d, a missing one %d', async (name, present, missing) => {
    const registry = await start(name);
    await put(await post(registry), sha256(body), { body });
    const blob = `${registry.url}/v2/owner/image/blobs/${sha256(body)}`;
    expect((await send(blob, { method: 'DELETE' })).status).toBe(present);
    const other = `${registry.url}/v2/owner/image/blobs/${sha256(Buffer.from('x'))}`;
    expect((await send(other, { method: 'DELETE' })).status).toBe(missing);
  });

  test('quota: Gitea says 403 without a word, Harbor explains, both after all bytes', async () => {
    const settings = { quotaBytes: 150_000 };
    const other = Buffer.alloc(100_000, 'other');
    for (const [name, expected] of [
      ['gitea', ''],
      ['harbor-quota', 'will exceed the configured upper limit'],
    ] as const) {
      const registry = await start(name, { settings });
      expect((await put(await post(registry), sha256(body), { body })).status).toBe(201);
      const refused = await put(await post(registry), sha256(other), { body: other });
      expect(refused.status).toBe(403);
      expect(refused.headers['docker-distribution-api-version']).toBe('registry/2.0');
      expect(registry.requests.at(-1)?.receivedBytes).toBe(100_000);
      expect(refused.body.length > 0).toBe(name === 'harbor-quota');
      expect(refused.body.toString()).toContain(expected);
    }
  });

  test('LIMIT_SIZE_CONTAINER, as recorded from Forgejo 8.0.2: 403 without a word after all bytes of what is larger, before and after what is not', async () => {
    const registry = await start('gitea-old', { settings: { blobLimitBytes: 100_000 } });
    const seen: unknown[] = [];
    for (const bytes of [100_000, 100_001, 99_999]) {
      const blob = Buffer.alloc(bytes, `${bytes}`);
      const answer = await put(await post(registry), sha256(blob), { body: blob });
      const { receivedBytes } = registry.requests.at(-1)!;
      seen.push([answer.status, answer.body.length, answer.headers['docker-distribution-api-version'], receivedBytes]);
    }
    expect(seen).toEqual([
      [201, 0, 'registry/2.0', 100_000],
      [403, 0, 'registry/2.0', 100_001],
      [201, 0, 'registry/2.0', 99_999],
    ]);
  });

  test('discarded bytes are hashed and counted, but not held', async () => {
    const registry = await start('spec', { bytes: 'discard' });
    expect((await put(await post(registry), sha256(body), { body })).status).toBe(201);
    expect([registry.blobs.get(sha256(body)), registry.keptBytes]).toEqual([100_000, 0]);
    const blob = `${registry.url}/v2/owner/image/blobs/${sha256(body)}`;
    expect((await send(blob, { method: 'HEAD' })).headers['content-length']).toBe('100000');
    expect((await send(blob)).status).toBe(500);
  });

  test('kept bytes have a limit, and come free with cancel and delete', async () => {
    const registry = await start('spec', { keptBytesLimit: 220_000 });
    const patched = await patch(await post(registry));
    await patch(await post(registry));
    expect(registry.keptBytes).toBe(200_000);
    expect(text(await patch(await post(registry)))).toBe('500 UNKNOWN');
    await send(next(registry, patched), { method: 'DELETE' });
    expect(registry.keptBytes).toBeLessThanOrEqual(120_000);
    for (const { id } of registry.openSessions) await send(`${registry.url}${uploads}${id}`, { method: 'DELETE' });
    expect(registry.keptBytes).toBe(0);
    await put(await post(registry), sha256(body), { body });
    await put(await post(registry), sha256(body), { body });
    expect(registry.keptBytes).toBe(100_000);
    await send(`${registry.url}/v2/owner/image/blobs/${sha256(body)}`, { method: 'DELETE' });
    expect(registry.keptBytes).toBe(0);
  });

  test('blobs no manifest names go after their time, others stay', () =>
    atBearablePace(10, async (pace) => {
      const registry = await start('spec', { blobLifetimeMs: 40 * pace });
      const named = Buffer.from('named');
      await put(await post(registry), sha256(body), { body });
      await put(await post(registry), sha256(named), { body: named });
      const manifest = Buffer.from(JSON.stringify({ layers: [{ digest: sha256(named) }] }));
      await send(`${registry.url}/v2/owner/image/manifests/t`, { method: 'PUT', body: manifest });
      await new Promise((resolve) => setTimeout(resolve, 60 * pace));
      await post(registry);
      expect([...registry.blobs.keys()]).toEqual([sha256(named)]);
    }));

  test('a slow commit takes its time, by size too', async () => {
    const registry = await start('spec', { settings: { commitDelayMs: 50, commitBytesPerSecond: 1_000_000 } });
    const url = await post(registry);
    const outcome = await observe(`${url}?digest=${sha256(body)}`, { method: 'PUT', body });
    expect(outcome.response?.status).toBe(201);
    expect(outcome.elapsedMs).toBeGreaterThan(145);
  });

  test('OCI-Chunk-Min-Length is announced', async () => {
    const registry = await start('spec', { settings: { chunkMinBytes: 65_536 } });
    const posted = await send(registry.url + uploads, { method: 'POST' });
    expect(posted.headers['oci-chunk-min-length']).toBe('65536');
  });
});

describe('scripted answers', () => {
  test('one-off answers by method and number', async () => {
    const registry = await start('spec');
    registry.intercept = ({ method, number }) =>
      method === 'GET' && number === 2
        ? { kind: 'answer', status: 503, headers: { 'retry-after': '3' }, body: 'busy' }
        : undefined;
    const answers = [
      await send(`${registry.url}/v2/`),
      await send(`${registry.url}/v2/`),
      await send(`${registry.url}/v2/`),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 503, 200]);
    expect([answers[1]?.headers['retry-after'], answers[1]?.body.toString()]).toEqual(['3', 'busy']);
  });

  test.each(['reset', 'close', 'stall'] as const)('%s after a part of the body', async (kind) => {
    const registry = await start('spec');
    const url = await post(registry);
    registry.intercept = () => ({ kind, readBytes: 200_000, holdMs: 100 });
    const outcome = await observe(url, { method: 'PATCH', body: Buffer.alloc(20_000_000), chunked: true });
    expect(outcome.response).toBeUndefined();
    expect(['ECONNRESET', 'EPIPE']).toContain(outcome.code);
    expect(registry.requests.at(-1)?.receivedBytes).toBeGreaterThanOrEqual(200_000);
    expect(registry.requests.at(-1)?.receivedBytes).toBeLessThan(20_000_000);
    await eventually('no connection is left', () => registry.openConnections === 0);
  });

  test('an answer before the body is read', () =>
    atBearablePace(25, async (pace) => {
      const registry = await start('spec');
      const url = await post(registry);
      registry.intercept = () => ({ kind: 'answer', status: 413, readBytes: 0, body: 'too much' });
      const outcome = await observe(url, {
        method: 'PATCH',
        body: Buffer.alloc(5_000_000),
        chunked: true,
        pause: { afterBytes: 32_768, ms: 100 * pace },
      });
      expect([outcome.response?.status, outcome.response?.body.toString()]).toEqual([413, 'too much']);
      expect(outcome.elapsedMs).toBeLessThan(90 * pace);
    }));

  test('pass: later, with other headers', async () => {
    const registry = await start('spec');
    registry.intercept = () => ({
      kind: 'pass',
      delayMs: 50,
      headers: { location: 'http://elsewhere/', range: undefined },
    });
    const outcome = await observe(registry.url + uploads, { method: 'POST' });
    expect(outcome.elapsedMs).toBeGreaterThan(45);
    expect([outcome.response?.headers['location'], outcome.response?.headers['range']]).toEqual([
      'http://elsewhere/',
      undefined,
    ]);
  });

  test('Expect: 100-continue is honoured, and refused early when the answer is', async () => {
    const registry = await start('spec');
    const url = await post(registry);
    const headers = { expect: '100-continue' };
    expect((await patch(url, { headers })).status).toBe(202);
    registry.intercept = () => ({ kind: 'answer', status: 401, readBytes: 0 });
    expect((await patch(url, { headers })).status).toBe(401);
  });
});

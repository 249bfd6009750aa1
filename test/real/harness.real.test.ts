import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterEach, describe, expect, test } from 'vitest';
import { describeWithComponents } from '../support/component.ts';
import { makeCertificates } from './support/certificates.ts';
import { parseAccessLog, startRegistry, type RunningRegistry } from './support/docker-registry.ts';
import { parseMetrics } from './support/metrics.ts';
import { startNginx } from './support/nginx.ts';
import { startProcess, waitFor, type RunningProcess } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { Opened } from '../support/servers.ts';

/** The harness is proved first: what it says of the registry and of nginx is what the other files rest on. */
const opened = new Opened();
afterEach(() => opened.closeAll());

async function push(origin: string, bytes: Buffer): Promise<{ status: number; digest: string; location: string }> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const start = await fetch(`${origin}/v2/probes/blob/blobs/uploads/`, { method: 'POST' });
  const location = start.headers.get('location') ?? '';
  const put = await fetch(`${location}&digest=${encodeURIComponent(digest)}`, {
    method: 'PUT',
    body: new Uint8Array(bytes),
  });
  return { status: put.status, digest, location };
}

describeWithComponents(['docker-registry'], 'a real registry', () => {
  test('takes a blob, deletes it, and logs and stores what happened', async () => {
    const registry = opened.own(await startRegistry());
    const { status, digest } = await push(registry.origin, randomBytes(1000));
    expect(status).toBe(201);
    const blob = `${registry.origin}/v2/probes/blob/blobs/${digest}`;
    expect((await fetch(blob, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(blob, { method: 'DELETE' })).status).toBe(202);
    expect((await fetch(blob, { method: 'HEAD' })).status).toBe(404);
    // The log line follows the answer.
    await waitFor('the last request in the log', () => registry.requests().length >= 5, { timeoutMs: 30_000 });
    expect(registry.requests().map(({ method, status }) => [method, status])).toEqual([
      ['POST', 202],
      ['PUT', 201],
      ['HEAD', 200],
      ['DELETE', 202],
      ['HEAD', 404],
    ]);
    expect(registry.openSessions('probes/blob')).toEqual([]);
  });

  test('shows an upload session that was left open, and loses nothing when it is killed and started again', async () => {
    const registry = opened.own(await startRegistry());
    const start = await fetch(`${registry.origin}/v2/probes/blob/blobs/uploads/`, { method: 'POST' });
    expect(registry.openSessions('probes/blob')).toEqual([start.headers.get('docker-upload-uuid')]);
    await registry.kill();
    await expect(fetch(`${registry.origin}/v2/`)).rejects.toThrow('fetch failed');
    await registry.start();
    const patch = await fetch(start.headers.get('location') ?? '', {
      method: 'PATCH',
      headers: { 'content-type': 'application/octet-stream' },
      body: 'abc',
    });
    expect(patch.status).toBe(202);
    expect(registry.openSessionBytes('probes/blob')).toBe(3);
    const cancel = await fetch(patch.headers.get('location') ?? '', { method: 'DELETE' });
    expect(cancel.status).toBe(204);
    expect(registry.openSessions('probes/blob')).toEqual([]);
  });

  test('asks for the password it was given', async () => {
    const registry = opened.own(await startRegistry({ users: { probe: 'right' } }));
    const as = async (password: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`probe:${password}`).toString('base64')}`;
      return (await fetch(`${registry.origin}/v2/`, { headers: { authorization } })).status;
    };
    expect([await as('right'), await as('wrong')]).toEqual([200, 401]);
  });
});

describeWithComponents(['docker-registry', 'openssl'], 'a real registry with TLS', () => {
  test('shows the certificate that the private CA signed', async () => {
    const directory = temporaryDirectory('certificates');
    opened.own({ close: directory.remove });
    const files = makeCertificates(directory.path, 'one');
    const other = makeCertificates(directory.path, 'other');
    const registry: RunningRegistry = opened.own(await startRegistry({ tls: files }));
    expect(await statusOver(registry.origin, files.caFile)).toBe(200);
    await expect(statusOver(registry.origin, other.caFile)).rejects.toThrow(/certificate|signature/);
  });
});

function statusOver(origin: string, caFile: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}/v2/`, { ca: readFileSync(caFile), agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.once('error', reject);
    sent.end();
  });
}

describeWithComponents(['docker-registry', 'nginx'], 'nginx before the registry', () => {
  test.each([true, false])(
    'passes small bodies on and answers large ones itself (buffering: %s)',
    async (buffersRequests) => {
      const registry = opened.own(await startRegistry());
      const nginx = opened.own(await startNginx({ upstreamPort: registry.port, maxBodySize: '1m', buffersRequests }));
      const small = await push(nginx.origin, randomBytes(1024));
      expect(small.status).toBe(201);
      expect(small.location).toMatch(new RegExp(`^${nginx.origin}/`));
      const large = await push(nginx.origin, Buffer.alloc(1024 * 1024 + 1));
      expect(large.status).toBe(413);
      // nginx logs a request when its lingering close is over, not when it has answered.
      await waitFor('the last request in the log', () => nginx.requests().length >= 4, { timeoutMs: 35_000 });
      expect(nginx.requests().map(({ method, status }) => [method, status])).toEqual([
        ['POST', 202],
        ['PUT', 201],
        ['POST', 202],
        ['PUT', 413],
      ]);
      const puts = (): unknown[] => registry.requests().filter(({ method }) => method === 'PUT');
      await waitFor('the upload in the log', () => puts().length > 0, { timeoutMs: 30_000 });
      expect(puts()).toHaveLength(1);
      expect(nginx.errors()).toContain('client intended to send too large body');
    },
  );

  test('leaves nothing behind', async () => {
    const registry = await startRegistry();
    const nginx = await startNginx({ upstreamPort: registry.port, maxBodySize: '1m', buffersRequests: true });
    await nginx.close();
    await registry.close();
    await expect(fetch(`${nginx.origin}/v2/`)).rejects.toThrow('fetch failed');
    await expect(fetch(`${registry.origin}/v2/`)).rejects.toThrow('fetch failed');
  });
});

describe('the harness itself', () => {
  test('ends a program and gives its exit code, or the signal that ended it', async () => {
    const script = 'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 9); console.log("up")';
    const start = async (): Promise<RunningProcess> => {
      const program = await startProcess(process.execPath, ['-e', script]);
      await waitFor('the first line', () => program.output() === 'up\n', { timeoutMs: 30_000 });
      return program;
    };
    const obeying = await start();
    expect(await obeying.stop()).toBe(7);
    expect(obeying.isRunning()).toBe(false);
    expect(await (await start()).stop('SIGKILL')).toBe('SIGKILL');
  });

  test('fails in time when what it waits for does not come', async () => {
    const waiting = waitFor('nothing', () => false, { timeoutMs: 50, details: () => 'the log' });
    await expect(waiting).rejects.toThrow(/50 ms in vain for nothing\nthe log/);
  });

  test('removes temporary directories', () => {
    const directory = temporaryDirectory('itself');
    expect(existsSync(directory.path)).toBe(true);
    directory.remove();
    expect(existsSync(directory.path)).toBe(false);
  });

  test('reads metrics as Prometheus would', () => {
    const scrape = parseMetrics('# HELP a b\na{x="1",y="p\\"q"} 2\na{x="2"} 3.5e1\nb +Inf\n');
    expect(scrape.samples[0]).toEqual({ name: 'a', labels: { x: '1', y: 'p"q' }, value: 2 });
    expect([scrape.value('a'), scrape.value('a', { x: '2' }), scrape.value('b'), scrape.value('c')]).toEqual([
      37,
      35,
      Number.POSITIVE_INFINITY,
      undefined,
    ]);
    expect(() => parseMetrics('a{')).toThrow('no sample: a{');
  });

  test('reads the combined log format', () => {
    const line = '127.0.0.1 - - [24/Nov/2026:01:00:00 +0000] "PATCH /v2/a?b=c HTTP/1.1" 413 183 "" "docker/29"';
    expect(parseAccessLog(`noise\n${line}\n`)).toEqual([
      { method: 'PATCH', target: '/v2/a?b=c', status: 413, userAgent: 'docker/29' },
    ]);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import type { Transport } from '../../../src/network/transport.ts';
import { pathTo } from '../../support/paths.ts';
import { failureOf, get, type Listening, Opened, streamed } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const folder = mkdtempSync(join(tmpdir(), 'blobprobe-http2-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { ca, valid } = createCertificates();
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, ca.cert);

async function serve(
  onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
): Promise<{ origin: string; transport: Transport; server: Listening }> {
  const h2 = createSecureServer(valid);
  h2.on('sessionError', () => {});
  h2.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  return serveTls(h2);
}

async function serveTls(tls: Server): Promise<{ origin: string; transport: Transport; server: Listening }> {
  const server = await opened.listen(tls);
  const origin = `https://127.0.0.1:${server.port}`;
  const path = pathTo(origin, { tls: { insecure: false, minVersion: 'TLSv1.2', caFile } });
  return { origin, server, transport: opened.transport(path, { httpVersion: 'h2-if-offered' }) };
}

/** Resolves once so many bytes of the stream are read. */
function read(stream: ServerHttp2Stream, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= bytes) resolve();
    });
  });
}

describe('HTTP/2, where it is offered', () => {
  test('carries a body, declared or not, and is kept', async () => {
    const seen: unknown[] = [];
    const { origin, transport } = await serve((stream, headers) => {
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
      stream.on('end', () => {
        seen.push([headers[':method'], headers['content-length'], headers[':authority'], bytes]);
        stream.respond({ ':status': 202, location: '/x' });
        stream.end('ok');
      });
    });
    const declared = await transport.exchange(get(origin, { method: 'PATCH', body: streamed(3_000_000, true) }));
    const open = await transport.exchange(get(origin, { method: 'PATCH', body: streamed(2_000_000) }));
    const empty = await transport.exchange(
      get(origin, { method: 'PUT', body: { kind: 'bytes', bytes: new Uint8Array() } }),
    );
    const authority = new URL(origin).host;
    expect(seen).toEqual([
      ['PATCH', '3000000', authority, 3_000_000],
      ['PATCH', undefined, authority, 2_000_000],
      ['PUT', '0', authority, 0],
    ]);
    expect(declared).toMatchObject({ sentBytes: 3_000_000, early: false, socketReused: false });
    expect(declared.connection?.httpVersion).toBe('2');
    expect([open.socketReused, empty.socketReused]).toEqual([true, true]);
    expect(empty.response).toMatchObject({ status: 202, complete: true });
  });

  test('is not used with a server that does not offer it', async () => {
    const { origin, transport } = await serveTls(createHttpsServer(valid, (_request, response) => response.end('one')));
    const exchange = await transport.exchange(get(origin));
    expect(exchange.connection?.httpVersion).toBe('1.1');
    expect(Buffer.from(exchange.response?.body ?? []).toString()).toBe('one');
  });

  test.each([
    ['RST_STREAM with NO_ERROR', constants.NGHTTP2_NO_ERROR],
    ['RST_STREAM with CANCEL', constants.NGHTTP2_CANCEL],
  ])('an early 413 is the outcome, followed by %s', async (_name, code) => {
    const { origin, transport } = await serve((stream) => {
      void read(stream, 1_000_000).then(() => {
        stream.respond({ ':status': 413, server: 'nginx' });
        stream.end('<center>nginx</center>', () => stream.close(code));
      });
    });
    const exchange = await transport.exchange(get(origin, { method: 'PATCH', body: streamed(40_000_000) }));
    expect(exchange.response?.status).toBe(413);
    expect(exchange.early).toBe(true);
    expect(exchange.sentBytes).toBeGreaterThan(500_000);
    expect(exchange.sentBytes).toBeLessThan(40_000_000);
  });

  test.each([
    ['RST_STREAM', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
    ['GOAWAY', (stream: ServerHttp2Stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM)],
    ['the end of the connection', (stream: ServerHttp2Stream) => stream.session?.destroy()],
  ])('%s in mid-body is an error with the connection known', async (_name, end) => {
    const { origin, transport } = await serve((stream) => void read(stream, 500_000).then(() => end(stream)));
    const error = await failureOf(transport.exchange(get(origin, { method: 'PATCH', body: streamed(40_000_000) })));
    expect(error).toMatchObject({ stage: 'send', timer: undefined });
    expect(error.exchange?.connection?.httpVersion).toBe('2');
    expect(error.exchange?.sentBytes).toBeGreaterThan(0);
    expect(error.exchange?.sentBytes).toBeLessThan(40_000_000);
  });

  test('our timers end it: no answer, no reader, a deadline; the connection is gone after', async () => {
    const { origin, transport, server } = await serve((stream, headers) => {
      if (headers[':method'] === 'PATCH') stream.resume();
    });
    const silent = get(origin, { method: 'PATCH', body: streamed(100_000), responseHeaderTimeoutMs: 150 });
    expect(await failureOf(transport.exchange(silent))).toMatchObject({ stage: 'wait', timer: 'response_header' });
    const deaf = get(origin, { method: 'PUT', body: streamed(40_000_000), stallTimeoutMs: 300 });
    expect(await failureOf(transport.exchange(deaf))).toMatchObject({ stage: 'send', timer: 'stall' });
    const ended = get(origin, { method: 'PUT', body: streamed(40_000_000), signal: AbortSignal.timeout(150) });
    expect(await failureOf(transport.exchange(ended))).toMatchObject({ code: 'ABORTED' });
    await transport.close();
    await expect.poll(() => server.sockets.size).toBe(0);
  });
});

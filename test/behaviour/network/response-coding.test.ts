import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createTransport } from '../../../src/network/transport.ts';
import { transportDefaults } from '../../../src/network/transport-options.ts';
import { pathTo } from '../../support/paths.ts';

/** Body that the transport hands on for an answer written by `answer`. */
async function bodyOf(answer: (response: ServerResponse) => void): Promise<{ body: string; bodyBytes: number }> {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = createTransport(pathTo(origin), {
    ...transportDefaults,
    maxBodyBytes: 10_000,
    httpVersion: '1.1',
    now: () => performance.now(),
  });
  try {
    const { response } = await transport.exchange({
      method: 'GET',
      url: new URL(origin),
      headers: { 'accept-encoding': 'gzip' },
      signal: new AbortController().signal,
    });
    return { body: Buffer.from(response?.body ?? []).toString('latin1'), bodyBytes: response?.bodyBytes ?? -1 };
  } finally {
    await transport.close();
    server.close();
    server.closeAllConnections();
  }
}

const text = '{"errors":[{"code":"DENIED","message":"no"}]}';
const packed = gzipSync(text);

test('a compressed body is handed on plain, and counted as it came', async () => {
  const read = await bodyOf((response) => response.writeHead(403, { 'Content-Encoding': 'gzip' }).end(packed));
  expect(read).toEqual({ body: text, bodyBytes: packed.byteLength });
});

test.each([
  ['broken', packed.subarray(0, 30)],
  ['no gzip at all', Buffer.from('<html>')],
  // 64 KiB of zeros, where 10 kB are kept.
  ['longer than may be kept when unpacked', gzipSync(Buffer.alloc(65_536))],
])('a body that is %s stays as it is', async (_name, bytes) => {
  const read = await bodyOf((response) => response.writeHead(403, { 'Content-Encoding': 'gzip' }).end(bytes));
  expect(read.body).toBe(bytes.toString('latin1'));
});

test('a body that is not marked stays as it is', async () => {
  const read = await bodyOf((response) => response.writeHead(403).end(packed));
  expect(read.body).toBe(packed.toString('latin1'));
});

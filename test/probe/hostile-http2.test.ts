import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../src/demo/certificates.ts';
import { createPayloadSource } from '../../src/registry/payload.ts';
import { eventually } from '../demo/wire.ts';
import { checkOf, runDeps, runOnce } from '../support/checks.ts';
import {
  frame,
  type FrameServer,
  frameTypes as types,
  settings,
  startFrameServer,
  uint32,
} from '../support/http2-frames.ts';

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-http2-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { ca, valid } = createCertificates();
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, ca.cert);
const payloads = createPayloadSource('hostile http2');
let server: FrameServer;
afterEach(() => server.close());

const deadlineMs = 600;
type Script = Parameters<typeof startFrameServer>[1];

const hello = settings();
const endHeaders = 4;
/** HPACK: `:status: 202`, and a literal without indexing. */
const status202 = Buffer.from([0x08, 0x03, 0x32, 0x30, 0x32]);
const headers = (stream: number, block: Uint8Array, flags = endHeaders): Buffer =>
  frame(types.headers, flags, stream, block);
/** A header of 4000 bytes put into the table, then nothing but references to it: one byte each. */
const hpackBomb = Buffer.concat([
  status202,
  Buffer.from([0x40, 0x01, 0x61, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4000, 0x61),
  Buffer.alloc(12_000, 0xbe),
]);

function answering(reply: (stream: number) => Uint8Array): Script {
  return {
    onOpen: (scene) => scene.write(hello),
    onFrame: (scene, type, _flags, stream) => (type === types.headers ? scene.write(reply(stream)) : undefined),
  };
}
function flooding(data: Uint8Array): Script {
  return { onOpen: async (scene) => scene.write(hello).then(() => scene.flood(data)) };
}
function floodingAfterHeaders(first: (stream: number) => Uint8Array, more: (stream: number) => Uint8Array): Script {
  return {
    onOpen: (scene) => scene.write(hello),
    onFrame: async (scene, type, _flags, stream) => {
      if (type !== types.headers) return;
      await scene.write(first(stream));
      await scene.flood(more(stream));
    },
  };
}
/** 200 for the ping, 404 for the blob, 202 with `location: /x` for the POST; the body of what follows finds no room. */
const closedWindow: Script = {
  onOpen: (scene) => scene.write(settings([4, 0])),
  onFrame(scene, type, _flags, stream) {
    if (type !== types.headers || stream > 5) return undefined;
    const location = Buffer.from([0x0f, 0x1f, 0x02, 0x2f, 0x78]);
    const blocks = { 1: Buffer.from([0x88]), 3: Buffer.from([0x8d]), 5: Buffer.concat([status202, location]) };
    const block = blocks[stream as 1 | 3 | 5];
    return scene.write(headers(stream, block, 5));
  },
};
const many = (one: Uint8Array, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => one));
const ping = frame(types.ping, 0, 0, Buffer.alloc(8));

const cases: readonly (readonly [name: string, reason: RegExp, script: Script])[] = [
  [
    'GOAWAY at once',
    /^http2_error$/,
    {
      onOpen: (scene) =>
        scene.write(Buffer.concat([hello, frame(types.goaway, 0, 0, Buffer.concat([uint32(0), uint32(0)]))])),
    },
  ],
  [
    'GOAWAY for each request',
    /^(?:http2_error)$/,
    answering(() => frame(types.goaway, 0, 0, Buffer.concat([uint32(0), uint32(11)]))),
  ],
  [
    'RST_STREAM for each request',
    /^(?:http2_error)$/,
    answering((stream) => frame(types.rstStream, 0, stream, uint32(7))),
  ],
  [
    'RST_STREAM of streams that are not there',
    /^(?:http2_error|deadline)$/,
    flooding(many(frame(types.rstStream, 0, 9, uint32(8)), 100)),
  ],
  ['PING without end', /^(?:http2_error|deadline)$/, flooding(many(ping, 1000))],
  ['SETTINGS without end', /^(?:http2_error|deadline)$/, flooding(many(settings([4, 65_535]), 1000))],
  [
    'empty DATA without end',
    /^(?:http2_error|unexpected_response)$/,
    floodingAfterHeaders(
      (stream) => headers(stream, status202),
      (stream) => many(frame(types.data, 0, stream), 1000),
    ),
  ],
  [
    'DATA without end',
    /^(?:unexpected_response)$/,
    floodingAfterHeaders(
      (stream) => headers(stream, status202),
      (stream) => frame(types.data, 0, stream, Buffer.alloc(16_384)),
    ),
  ],
  [
    'CONTINUATION without end',
    /^(?:http2_error)$/,
    floodingAfterHeaders(
      (stream) => headers(stream, status202, 0),
      (stream) => many(frame(types.continuation, 0, stream, Buffer.from([0x00, 0x01, 0x61, 0x01, 0x62])), 500),
    ),
  ],
  ['headers that unpack to 48 MB', /^(?:http2_error)$/, answering((stream) => headers(stream, hpackBomb))],
  [
    'informational headers without end',
    /^(?:http2_error|deadline)$/,
    floodingAfterHeaders(
      (stream) => headers(stream, Buffer.from([0x08, 0x03, 0x31, 0x30, 0x33])),
      (stream) => many(headers(stream, Buffer.from([0x08, 0x03, 0x31, 0x30, 0x33])), 100),
    ),
  ],
  // nghttp2 says GOAWAY and leaves the closing to the server; one that does not close is waited for.
  [
    'broken HPACK',
    /^(?:http2_error|deadline)$/,
    answering((stream) => headers(stream, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))),
  ],
  [
    'a frame larger than allowed',
    /^(?:http2_error|deadline)$/,
    answering((stream) => frame(types.data, 0, stream, Buffer.alloc(70_000))),
  ],
  ['a window of 0 for ever', /^upload_stalled$/, closedWindow],
  [
    'a window that overflows',
    /^(?:http2_error)$/,
    answering((stream) => many(frame(types.windowUpdate, 0, stream, uint32(0x7fffffff)), 2)),
  ],
  [
    'a promise to push',
    /^(?:http2_error|deadline)$/,
    answering((stream) => frame(types.pushPromise, endHeaders, stream, Buffer.concat([uint32(2), status202]))),
  ],
  ['silence', /^(?:deadline)$/, {}],
  [
    'HTTP/1.1 after agreeing on h2',
    /^(?:http2_error)$/,
    { onOpen: (scene) => scene.write(Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')) },
  ],
  [
    'bytes of chance',
    /^(?:http2_error)$/,
    { onOpen: (scene) => scene.flood(Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 251))) },
  ],
];

describe('a hostile HTTP/2 server', () => {
  test.each(cases)('%s', async (_name, reason, script) => {
    server = await startFrameServer(valid, script);
    const tls = { insecure: false, minVersion: 'TLSv1.2', caFile } as const;
    const check = checkOf(server.url, {
      client: 'crane',
      sizeBytes: 200_000,
      path: { tls },
      check: { timeoutMs: deadlineMs },
    });
    const startedMs = performance.now();
    const heapBytes = process.memoryUsage().heapUsed;
    const run = await runOnce(check, runDeps({ payloads, cleanupTimeoutMs: 300, stallTimeoutMs: 300 }));
    expect(performance.now() - startedMs).toBeLessThan(deadlineMs + 1_500);
    expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(64 * 1024 * 1024);
    expect(run.ok).toBe(false);
    expect(run.failure?.reason).toMatch(reason);
    await eventually('its connections are closed', () => server.openConnections === 0);
  });
});

import { frame, type FrameScript, frameTypes as types, settings, uint32 } from './http2-frames.ts';
import {
  answering,
  endHeaders,
  endStream,
  flooding,
  floodingAfter,
  headers,
  hello,
  type Http2Moves,
  literal,
  many,
  status202,
} from './http2-scripts.ts';

const anEnd = /^(?:http2_error|deadline|unexpected_response)$/;
const refused = /^(?:http2_error|unexpected_response)$/;

/** An answer that ends with its head, of which this is a part. */
function answered(...blocks: readonly Uint8Array[]): FrameScript {
  return answering((stream) => headers(stream, Buffer.concat(blocks), endHeaders | endStream));
}

/** Frames (RFC 7838, RFC 8336) that name other places than the one that was asked: a thousand, each time others. */
function elsewhere(type: number, payload: (host: string) => Buffer): FrameScript {
  let hosts = 0;
  const some = (): Buffer[] =>
    Array.from({ length: 1000 }, () => frame(type, 0, 0, payload(`h${(hosts += 1)}.example.invalid`)));
  return {
    onOpen: async (scene) => {
      await scene.write(hello);
      while (!scene.socket.destroyed)
        await scene.write(Buffer.concat(some())).then(() => new Promise((resolve) => setImmediate(resolve)));
    },
  };
}

const withLength = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0, bytes.length]), bytes]);
};

/** Answers that HTTP/2 does not allow or nobody wants, and frames that few know. */
export const http2Answers = {
  'ORIGIN of ever new hosts': { reason: anEnd, script: elsewhere(12, (host) => withLength(`https://${host}`)) },
  'ALTSVC of ever new hosts': {
    reason: anEnd,
    script: elsewhere(10, (host) => Buffer.concat([withLength('https://a'), Buffer.from(`h2="${host}:443"`)])),
  },
  'GOAWAY with words without end': {
    reason: anEnd,
    script: flooding(frame(types.goaway, 0, 0, Buffer.concat([uint32(0x7fffffff), uint32(0), Buffer.alloc(16_000)]))),
  },
  'GOAWAY without an error for each request': {
    reason: anEnd,
    script: answering(() => frame(types.goaway, 0, 0, Buffer.concat([uint32(0), uint32(0)]))),
  },
  'acknowledgements that nobody asked for': {
    reason: anEnd,
    script: flooding(many(frame(types.ping, 1, 0, Buffer.alloc(8)), 500), many(frame(types.settings, 1, 0), 500)),
  },
  'promises without end': {
    reason: anEnd,
    script: floodingAfter(
      () => Buffer.alloc(0),
      (stream) => many(frame(types.pushPromise, endHeaders, stream, Buffer.concat([uint32(2), status202])), 100),
    ),
  },
  'trailers without end': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status202),
      (stream) => many(headers(stream, literal('x', 'y')), 100),
    ),
  },
  'sizes of the table without end': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status202),
      (stream) => headers(stream, many(Buffer.from([0x3f, 0xe1, 0x1f, 0x20]), 1000)),
    ),
  },
  'DATA that is all padding': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status202),
      (stream) => many(frame(types.data, 8, stream, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)])), 100),
    ),
  },
  'DATA that drips': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status202),
      (stream) => frame(types.data, 0, stream, Buffer.from('x')),
      20,
    ),
  },
  'a head that drips': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status202, 0),
      (stream) => frame(types.continuation, 0, stream, literal('a', 'b')),
      20,
    ),
  },
  'DATA of no stream': { reason: anEnd, script: answering(() => frame(types.data, 0, 0, Buffer.from('x'))) },
  'an answer on another stream': { reason: anEnd, script: answering(() => headers(2, status202)) },
  'a frame that is announced and does not come': {
    reason: anEnd,
    script: answering((stream) => Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 1, 4]), uint32(stream)])),
  },
  'a window that opens by nothing': {
    reason: anEnd,
    script: answering((stream) => frame(types.windowUpdate, 0, stream, uint32(0))),
  },
  'settings that are not allowed': { reason: anEnd, script: { onOpen: (scene) => scene.write(settings([5, 1])) } },
  'no header allowed': { reason: anEnd, script: { onOpen: (scene) => scene.write(settings([6, 0])) } },
  'a table of 4 GiB': { reason: anEnd, script: { onOpen: (scene) => scene.write(settings([1, 0xffff_ffff])) } },
  'no status': { reason: refused, script: answered(literal('location', '/x')) },
  'two statuses': { reason: refused, script: answered(status202, status202) },
  'a status beyond all statuses': { reason: refused, script: answered(literal(':status', '99999999999')) },
  'a status that is a word': { reason: refused, script: answered(literal(':status', 'abc')) },
  'an upgrade that nobody asked for': { reason: anEnd, script: answered(literal(':status', '101')) },
  'hints that are the end': { reason: anEnd, script: answered(literal(':status', '103')) },
  'a name in upper case': { reason: refused, script: answered(status202, literal('Location', '/x')) },
  'headers of HTTP/1.1': { reason: refused, script: answered(status202, literal('transfer-encoding', 'chunked')) },
  'a NUL in a header': { reason: refused, script: answered(status202, literal('server', 'a\u0000b')) },
  'a line break in a Location': { reason: refused, script: answered(status202, literal('location', '/x\r\nX-A: b')) },
  'a thousand cookies': { reason: refused, script: answered(status202, many(literal('set-cookie', 'a=b'), 1000)) },
  'headers of 200 KB': {
    reason: refused,
    script: answering((stream) =>
      Buffer.concat([
        headers(stream, status202, 0),
        ...Array.from({ length: 14 }, (_, index) =>
          frame(types.continuation, index === 13 ? endHeaders : 0, stream, literal('x', 'y'.repeat(15_000))),
        ),
      ]),
    ),
  },
  'more than its length': {
    reason: refused,
    script: answering((stream) =>
      Buffer.concat([
        headers(stream, Buffer.concat([status202, literal('content-length', '5')])),
        frame(types.data, endStream, stream, Buffer.from('too long')),
      ]),
    ),
  },
} as const satisfies Http2Moves;

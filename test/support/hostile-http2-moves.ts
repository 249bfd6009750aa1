import { frame, type FrameScript, frameTypes as types, settings, uint32 } from './http2-frames.ts';
import { http2Answers } from './hostile-http2-answers.ts';
import {
  answering,
  endHeaders,
  endStream,
  flooding,
  floodingAfter,
  headers,
  hello,
  type Http2Moves,
  many,
  polite,
  status103,
  status202,
} from './http2-scripts.ts';

/** A header of 4000 bytes put into the table, then nothing but references to it: one byte each. */
const hpackBomb = Buffer.concat([
  status202,
  Buffer.from([0x40, 0x01, 0x61, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4000, 0x61),
  Buffer.alloc(12_000, 0xbe),
]);

/** The way to the body is free; the window for it begins at 0, and then this comes for its stream, again and again. */
function closedWindow(more?: (stream: number) => Uint8Array): FrameScript {
  return {
    onOpen: (scene) => scene.write(settings([4, 0])),
    onFrame(scene, type, _flags, stream) {
      if (type !== types.headers) return undefined;
      const block = stream < 7 ? polite[stream] : undefined;
      if (block !== undefined) return scene.write(headers(stream, block, endHeaders | endStream));
      return more === undefined ? undefined : scene.flood(more(stream));
    },
  };
}

const ping = frame(types.ping, 0, 0, Buffer.alloc(8));
const anEnd = /^(?:http2_error|deadline)$/;
const refused = /^http2_error$/;

/** What they do to the connection, and floods. */
const http2Floods = {
  'GOAWAY at once': {
    reason: refused,
    script: {
      onOpen: (scene) =>
        scene.write(Buffer.concat([hello, frame(types.goaway, 0, 0, Buffer.concat([uint32(0), uint32(0)]))])),
    },
  },
  'GOAWAY for each request': {
    reason: refused,
    script: answering(() => frame(types.goaway, 0, 0, Buffer.concat([uint32(0), uint32(11)]))),
  },
  'RST_STREAM for each request': {
    reason: refused,
    script: answering((stream) => frame(types.rstStream, 0, stream, uint32(7))),
  },
  'an answer and RST_STREAM for each request, without end': {
    reason: /^(?:http2_error|unexpected_response)$/,
    script: floodingAfter(
      (stream) => Buffer.concat([headers(stream, status202), frame(types.rstStream, 0, stream, uint32(8))]),
      (stream) => many(frame(types.rstStream, 0, stream, uint32(8)), 100),
    ),
  },
  'RST_STREAM of streams that are not there': {
    reason: anEnd,
    script: flooding(many(frame(types.rstStream, 0, 9, uint32(8)), 100)),
  },
  'PING without end': { reason: anEnd, script: flooding(many(ping, 1000)) },
  'SETTINGS without end': { reason: anEnd, script: flooding(many(settings([4, 65_535]), 1000)) },
  'PRIORITY without end': {
    reason: anEnd,
    script: flooding(many(frame(types.priority, 0, 1, Buffer.alloc(5)), 1000)),
  },
  'frames of no known type without end': { reason: anEnd, script: flooding(many(frame(99, 0, 0), 1000)) },
  'empty DATA without end': {
    reason: /^(?:http2_error|unexpected_response)$/,
    script: floodingAfter(
      (stream) => headers(stream, status202),
      (stream) => many(frame(types.data, 0, stream), 1000),
    ),
  },
  'DATA without end': {
    reason: /^unexpected_response$/,
    script: floodingAfter(
      (stream) => headers(stream, status202),
      (stream) => frame(types.data, 0, stream, Buffer.alloc(16_384)),
    ),
  },
  'CONTINUATION without end': {
    reason: refused,
    script: floodingAfter(
      (stream) => headers(stream, status202, 0),
      (stream) => many(frame(types.continuation, 0, stream, Buffer.from([0x00, 0x01, 0x61, 0x01, 0x62])), 500),
    ),
  },
  'empty CONTINUATION without end': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status202, 0),
      (stream) => many(frame(types.continuation, 0, stream), 500),
    ),
  },
  'headers that unpack to 48 MB': { reason: refused, script: answering((stream) => headers(stream, hpackBomb)) },
  'informational headers without end': {
    reason: anEnd,
    script: floodingAfter(
      (stream) => headers(stream, status103),
      (stream) => many(headers(stream, status103), 100),
    ),
  },
  // nghttp2 says GOAWAY and leaves the closing to the server; one that does not close is waited for.
  'broken HPACK': {
    reason: anEnd,
    script: answering((stream) => headers(stream, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))),
  },
  'a frame larger than allowed': {
    reason: anEnd,
    script: answering((stream) => frame(types.data, 0, stream, Buffer.alloc(70_000))),
  },
  'a window of 0 for ever': { reason: /^upload_stalled$/, timeoutMs: 5_000, script: closedWindow() },
  'a window that opens byte by byte': {
    reason: /^upload_stalled$/,
    timeoutMs: 5_000,
    script: closedWindow((stream) => frame(types.windowUpdate, 0, stream, uint32(1))),
  },
  'a window that shuts and opens without end': {
    reason: /^upload_stalled$/,
    timeoutMs: 5_000,
    script: closedWindow(() => Buffer.concat([settings([4, 1]), settings([4, 0])])),
  },
  'a window that overflows': {
    reason: refused,
    script: answering((stream) => many(frame(types.windowUpdate, 0, stream, uint32(0x7fffffff)), 2)),
  },
  'no stream allowed': { reason: anEnd, script: { onOpen: (scene) => scene.write(settings([3, 0])) } },
  'a promise to push': {
    reason: anEnd,
    script: answering((stream) => frame(types.pushPromise, endHeaders, stream, Buffer.concat([uint32(2), status202]))),
  },
  silence: { reason: /^deadline$/, script: {} },
  'HTTP/1.1 after agreeing on h2': {
    reason: refused,
    script: { onOpen: (scene) => scene.write(Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')) },
  },
  'bytes of chance': {
    reason: refused,
    script: {
      onOpen: (scene) => scene.flood(Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 251))),
    },
  },
} as const satisfies Http2Moves;

export const http2Moves: Http2Moves = { ...http2Floods, ...http2Answers };

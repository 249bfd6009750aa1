import { setTimeout as delay } from 'node:timers/promises';
import { frame, type FrameScript, frameTypes as types, settings } from './http2-frames.ts';

export const hello = settings();
export const endStream = 1;
export const endHeaders = 4;
/** HPACK: `:status: 202`, and a literal without indexing. */
export const status202 = Buffer.from([0x08, 0x03, 0x32, 0x30, 0x32]);
export const status103 = Buffer.from([0x08, 0x03, 0x31, 0x30, 0x33]);
const location = Buffer.from([0x0f, 0x1f, 0x02, 0x2f, 0x78]);
/** 200 for the ping, 404 for the blob, 202 with `location: /x` for POST and PATCH, 201 for the PUT. */
export const polite: Readonly<Record<number, Buffer>> = {
  1: Buffer.from([0x88]),
  3: Buffer.from([0x8d]),
  5: Buffer.concat([status202, location]),
  7: Buffer.concat([status202, location]),
  9: Buffer.concat([Buffer.from([0x08, 0x03, 0x32, 0x30, 0x31]), location]),
};

export function headers(stream: number, block: Uint8Array, flags = endHeaders): Buffer {
  return frame(types.headers, flags, stream, block);
}

export function many(one: Uint8Array, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => one));
}

/** HPACK: a literal without indexing, neither name nor value from a table. */
export function literal(name: string, value: string): Buffer {
  const text = (of: string): Buffer => Buffer.concat([prefixed(of.length), Buffer.from(of, 'latin1')]);
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** An integer in what seven bits leave (RFC 7541, section 5.1). */
function prefixed(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const rest = value - 127;
  return Buffer.from([127, 128 + (rest & 127), 128 + ((rest >> 7) & 127), rest >> 14]);
}

export function answering(reply: (stream: number) => Uint8Array): FrameScript {
  return {
    onOpen: (scene) => scene.write(hello),
    onFrame: (scene, type, _flags, stream) => (type === types.headers ? scene.write(reply(stream)) : undefined),
  };
}

export function flooding(...data: readonly Uint8Array[]): FrameScript {
  return { onOpen: async (scene) => scene.write(hello).then(() => scene.flood(Buffer.concat(data))) };
}

/** `everyMs`: the pause between one `more` and the next; 0: none. */
export function floodingAfter(
  first: (stream: number) => Uint8Array,
  more: (stream: number) => Uint8Array,
  everyMs = 0,
): FrameScript {
  return {
    onOpen: (scene) => scene.write(hello),
    onFrame: async (scene, type, _flags, stream) => {
      if (type !== types.headers) return;
      await scene.write(first(stream));
      if (everyMs === 0) return scene.flood(more(stream));
      while (!scene.socket.destroyed) await scene.write(more(stream)).then(() => delay(everyMs));
    },
  };
}

/** Answers the ping and the question for the blob as a registry does, so that the move meets the upload. */
export function atUpload(script: FrameScript): FrameScript {
  return after(3, script);
}

/** Takes a small blob as well, so that the move meets who reads it. */
export function atPull(script: FrameScript): FrameScript {
  return after(9, script);
}

/** Answers politely, once each request is all there, up to this stream; once a blob was taken, the ping of another connection alone. */
function after(last: number, { onOpen, onFrame }: FrameScript): FrameScript {
  if (onFrame === undefined) return { onOpen };
  let isTaken = false;
  return {
    onOpen,
    onFrame(scene, type, flags, stream, payload) {
      const block = stream <= (isTaken ? 1 : last) ? polite[stream] : undefined;
      if (block === undefined) return onFrame(scene, type, flags, stream, payload);
      const isAll = (type === types.headers || type === types.data) && (flags & endStream) !== 0;
      isTaken ||= isAll && stream === 9;
      return isAll ? scene.write(headers(stream, block, endHeaders | endStream)) : undefined;
    },
  };
}

/** What an HTTP/2 server does to hurt, and the reasons that a push may end with. */
export interface Http2Move {
  readonly reason: RegExp;
  readonly script: FrameScript;
  /** What a push needs to come to this end, also on a busy machine; absent: whatever it gets. */
  readonly timeoutMs?: number;
}

export type Http2Moves = Readonly<Record<string, Http2Move>>;

import { constants } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import type { Pacer } from '../../../src/network/body/pump.ts';
import { createCertificates } from '../../support/certificates.ts';
import { frame, frameTypes as types, startFrameServer, uint32 } from '../../support/http2-frames.ts';
import { endHeaders, endStream, headers, hello, literal, status202 } from '../../support/http2-scripts.ts';
import { pathTo } from '../../support/paths.ts';
import { get, Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** All of the body could go out at once. */
const room = Buffer.concat([hello, frame(types.windowUpdate, 0, 0, uint32(100_000_000))]);

/** Small pieces: the socket is empty between two of them. `given` counts them. */
function body(pieces: number, declareLength: boolean) {
  let given = 0;
  return {
    kind: 'stream' as const,
    sizeBytes: pieces * 1_000,
    declareLength,
    *chunks() {
      for (; given < pieces; given += 1) yield Buffer.alloc(1_000);
    },
    get given() {
      return given;
    },
  };
}

const whole = (stream: number): Buffer => headers(stream, status202, endHeaders | endStream);

test.each([
  ['with its head', whole, true],
  ['with its head, to a body of unknown length', whole, false],
  [
    'with trailers',
    (stream: number) =>
      Buffer.concat([
        headers(stream, status202),
        frame(types.data, 0, stream, Buffer.from('ok')),
        headers(stream, literal('x-sum', '1'), endHeaders | endStream),
      ]),
    true,
  ],
] as const)(
  'an answer that ends %s before the body does: the stream is reset, nothing more of it goes out, the connection is kept',
  async (_name, answer, declareLength) => {
    const seen: string[] = [];
    const answered = new Set<number>();
    const server = await startFrameServer(createCertificates().valid, {
      onOpen: (scene) => scene.write(room),
      onFrame: (scene, type, flags, stream) => {
        if (stream === 0) return;
        if (type === types.rstStream || (type === types.data && (flags & endStream) !== 0))
          seen.push(`${type} ${stream}`);
        const isNext = stream === 1 ? type === types.data : (flags & endStream) !== 0;
        if (!isNext || answered.has(stream)) return;
        answered.add(stream);
        void scene.write(answer(stream));
      },
    });
    opened.own(server);
    const path = pathTo(server.url, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
    const transport = opened.transport(path, { httpVersion: 'h2-if-offered' });
    const cut = body(50_000, declareLength);
    const early = await transport.exchange(get(server.url, { method: 'PATCH', body: cut }));
    expect(early).toMatchObject({ early: true, response: { status: 202, complete: true } });
    const next = await transport.exchange(get(server.url, { method: 'PATCH', body: body(50, true) }));
    expect(next).toMatchObject({ socketReused: true, sentBytes: 50_000, response: { status: 202 } });
    expect(seen).toEqual([`${types.rstStream} 1`, `${types.data} 3`]);
    expect(cut.given).toBeLessThan(50_000);
  },
);

/** Lets some pieces through, and then none. */
const holding = (pieces: number): Pacer => {
  let left = pieces;
  return { take: () => ((left -= 1) < 0 ? new Promise(() => {}) : Promise.resolve()) };
};

test.each([
  ['under way', room, true, undefined],
  ['of unknown length under way', room, false, undefined],
  ['that waits for room', hello, false, undefined],
  ['that rests', room, true, holding(1)],
  ['of unknown length that rests', room, false, holding(1)],
] as const)(
  'a body %s that we end is reset, as Go does, and not ended as a whole one is',
  async (_name, opening, declareLength, pacer) => {
    const seen: string[] = [];
    const ended = new AbortController();
    const server = await startFrameServer(createCertificates().valid, {
      onOpen: (scene) => scene.write(opening),
      onFrame: (_scene, type, flags, stream, payload) => {
        if (stream !== 1) return;
        if (type === types.data) ended.abort();
        if (type === types.rstStream) seen.push(`reset ${payload.readUInt32BE()}`);
        else if (type === types.data && (flags & endStream) !== 0) seen.push('end');
      },
    });
    opened.own(server);
    const path = pathTo(server.url, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
    const transport = opened.transport(path, { httpVersion: 'h2-if-offered', pacer });
    const cut = body(50_000, declareLength);
    const request = get(server.url, { method: 'PATCH', body: cut, signal: ended.signal });
    await expect(transport.exchange(request)).rejects.toMatchObject({ code: 'ABORTED' });
    await expect.poll(() => seen).toEqual([`reset ${constants.NGHTTP2_CANCEL}`]);
  },
);

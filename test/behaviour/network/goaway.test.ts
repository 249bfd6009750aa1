import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import type { Exchange } from '../../../src/network/exchange.ts';
import type { Transport } from '../../../src/network/transport.ts';
import { pathTo } from '../../support/paths.ts';
import { failureOf, get, type Listening, Opened, streamed } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const { valid } = createCertificates();

interface Visit {
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  /** Of the server, from 1. */
  readonly request: number;
  readonly connection: number;
}

async function serve(
  onRequest: (visit: Visit) => void,
): Promise<{ origin: string; transport: Transport; server: Listening; seen: Exchange[] }> {
  const h2 = createSecureServer(valid);
  const sessions: unknown[] = [];
  let request = 0;
  h2.on('sessionError', () => {});
  h2.on('stream', (stream) => {
    stream.on('error', () => {});
    const session = stream.session as ServerHttp2Session;
    if (!sessions.includes(session)) sessions.push(session);
    request += 1;
    onRequest({ stream, session, request, connection: sessions.indexOf(session) + 1 });
  });
  const server = await opened.listen(h2);
  const origin = `https://127.0.0.1:${server.port}`;
  const path = pathTo(origin, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
  const seen: Exchange[] = [];
  const onExchange = (exchange: Exchange): number => seen.push(exchange);
  return { origin, server, seen, transport: opened.transport(path, { httpVersion: 'h2-if-offered', onExchange }) };
}

function answer(stream: ServerHttp2Stream): void {
  stream.resume();
  stream.once('end', () => {
    stream.respond({ ':status': 202 });
    stream.end('ok');
  });
}

describe('a server that ends a connection in order (GOAWAY, NO_ERROR)', () => {
  test('while a body is under way, which it still answers, as nginx does after keepalive_requests', async () => {
    const { origin, transport, server } = await serve(({ stream, session }) => {
      session.goaway(constants.NGHTTP2_NO_ERROR, stream.id ?? 0);
      answer(stream);
    });
    for (const id of [1, 2, 3]) {
      const exchange = await transport.exchange(get(origin, { method: 'PATCH', body: streamed(2_000_000) }));
      expect(exchange).toMatchObject({ response: { status: 202, complete: true }, sentBytes: 2_000_000 });
      expect(exchange.connection?.id).toBe(id);
    }
    expect(server.accepted).toBe(3);
    await transport.close();
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('after the answer: the next request has a connection of its own', async () => {
    const { origin, transport } = await serve(({ stream, session }) => {
      const { id = 0 } = stream;
      answer(stream);
      stream.once('close', () => session.goaway(constants.NGHTTP2_NO_ERROR, id));
    });
    for (const _ of [1, 2, 3]) expect((await transport.exchange(get(origin))).response?.status).toBe(202);
  });

  test('without having looked at the request, which is sent once more, and seen', async () => {
    const { origin, transport, seen } = await serve(({ stream, session, request }) => {
      if (request === 2) {
        session.goaway(constants.NGHTTP2_NO_ERROR, (stream.id ?? 0) - 2);
        return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      }
      return answer(stream);
    });
    await transport.exchange(get(origin));
    const put = get(origin, { method: 'PUT', body: { kind: 'bytes', bytes: new Uint8Array() } });
    expect((await transport.exchange(put)).response?.status).toBe(202);
    expect(seen.map((one) => one.response?.status ?? one.error?.code)).toEqual([202, 'HTTP2_NOT_PROCESSED', 202]);
  });

  test('nor at a body that streams, when the client can read it again', async () => {
    const { origin, transport, seen } = await serve(({ stream, request }) =>
      request === 1 ? stream.close(constants.NGHTTP2_REFUSED_STREAM) : answer(stream),
    );
    const request = get(origin, { method: 'PUT', body: streamed(2_000_000, true), resendBody: true });
    expect(await transport.exchange(request)).toMatchObject({ sentBytes: 2_000_000, response: { status: 202 } });
    expect(seen.map((one) => one.response?.status ?? one.error?.code)).toEqual(['HTTP2_NOT_PROCESSED', 202]);
  });

  test('a body that streams cannot be sent once more', async () => {
    const { origin, transport, seen } = await serve(({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const request = get(origin, { method: 'PATCH', body: streamed(2_000_000) });
    expect(await failureOf(transport.exchange(request))).toMatchObject({ code: 'HTTP2_NOT_PROCESSED' });
    expect(seen).toHaveLength(1);
  });
});

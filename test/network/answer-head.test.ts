import { createSecureServer } from 'node:http2';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { AnswerHead } from '../../src/network/answer-head.ts';
import { createCertificates } from '../support/certificates.ts';
import { classify } from '../../src/probe/judge/classify.ts';
import { noContext } from '../../src/probe/judge/facts.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened, streamed } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** A server that answers each request line with these bytes, in as many writes. */
async function answering(...writes: readonly string[]): Promise<string> {
  const { port } = await opened.tcp((socket) => {
    socket.on('data', () => void send(socket, writes));
  });
  return `http://127.0.0.1:${port}`;
}

async function send(socket: Socket, writes: readonly string[]): Promise<void> {
  for (const bytes of writes) {
    socket.write(bytes, 'latin1');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const created = 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok';
const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

describe('informational answers are passed over', () => {
  test.each([
    ['102 in a write of its own', ['HTTP/1.1 102 Processing\r\n\r\n', created], 1],
    ['an unsolicited 100', [`HTTP/1.1 100 Continue\r\n\r\n${created}`], 1],
    [
      '103 three times, cut anywhere',
      [hint.slice(0, 9), hint.slice(9) + hint, `${hint}HTTP/1.1 2`, created.slice(10)],
      3,
    ],
    ['none', [created], 0],
  ])('%s', async (_name, writes, informational) => {
    const origin = await answering(...writes);
    const transport = opened.transport(pathTo(origin));
    for (const socketReused of [false, true]) {
      const exchange = await transport.exchange(get(origin));
      expect(exchange).toMatchObject({ socketReused, response: { status: 201, bodyBytes: 2, complete: true } });
      expect(exchange.answerHead).toMatchObject({ informational, oddities: [] });
    }
  });

  test('while a body is sent, which ends as it would have', async () => {
    const { port } = await opened.tcp((socket) => {
      let bytes = 0;
      socket.once('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
      socket.on('data', (chunk) => {
        bytes += chunk.length;
        if (chunk.toString('latin1').endsWith('0\r\n\r\n')) socket.write(created);
      });
    });
    const origin = `http://127.0.0.1:${port}`;
    const sent = await opened
      .transport(pathTo(origin))
      .exchange(get(origin, { method: 'PATCH', body: streamed(3_000_000) }));
    expect(sent).toMatchObject({ early: false, sentBytes: 3_000_000, response: { status: 201 } });
  });

  test('the wait for the answer goes on: our own timer counts', async () => {
    const origin = await answering(...Array.from({ length: 100 }, () => hint));
    const error = await failureOf(
      opened.transport(pathTo(origin)).exchange(get(origin, { responseHeaderTimeoutMs: 600 })),
    );
    expect(error).toMatchObject({ stage: 'wait', timer: 'response_header' });
    expect(error.exchange?.answerHead?.informational).toBeGreaterThan(2);
  });
});

describe('a flood of them ends, with a reason', () => {
  test('in HTTP/1.1', async () => {
    const { port, sockets } = await opened.tcp((socket) => {
      socket.once('data', () => {
        const timer = setInterval(() => socket.write(hint.repeat(500)), 1);
        socket.once('close', () => clearInterval(timer));
      });
    });
    const origin = `http://127.0.0.1:${port}`;
    const heapBefore = process.memoryUsage().heapUsed;
    const error = await failureOf(opened.transport(pathTo(origin)).exchange(get(origin)));
    expect(error).toMatchObject({ stage: 'wait', code: 'INFORMATIONAL_FLOOD' });
    expect(error.exchange?.answerHead?.informational).toBeGreaterThan(1_000);
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(60_000_000);
    expect(classify(error, { ...noContext, step: 'start' })).toMatchObject({ reason: 'unexpected_response' });
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('in HTTP/2', async () => {
    const { valid } = createCertificates();
    const h2 = createSecureServer(valid);
    h2.on('sessionError', () => {});
    h2.on('stream', (stream) => {
      stream.on('error', () => {});
      const value = 'x'.repeat(4_000);
      const timer = setInterval(() => {
        for (let sent = 0; sent < 20 && !stream.destroyed; sent += 1)
          stream.additionalHeaders({ ':status': 103, link: `${value}${Math.random()}` });
      }, 5);
      stream.once('close', () => clearInterval(timer));
    });
    const { port } = await opened.listen(h2);
    const origin = `https://127.0.0.1:${port}`;
    const path = pathTo(origin, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
    const transport = opened.transport(path, { httpVersion: 'h2-if-offered' });
    expect(await failureOf(transport.exchange(get(origin)))).toMatchObject({ code: 'INFORMATIONAL_FLOOD' });
  });
});

describe('a head that is made to cost time costs none', () => {
  const most = 255 * 1024;
  const lengths = Array.from({ length: 10_000 }, (_, length) => `Content-Length: ${length}\r\n`).join('');
  test.each([
    ['in pieces of one byte', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(most)}`, 1],
    ['in lines that come byte by byte', `HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(most / 4)}`, 1],
    ['with ten thousand lengths', `HTTP/1.1 200 OK\r\n${lengths}\r\n`, most],
  ])('%s', (_name, text, pieceBytes) => {
    const socket = new Socket();
    const head = new AnswerHead(socket);
    head.expect();
    const startedMs = performance.now();
    for (let at = 0; at < text.length; at += pieceBytes) socket.push(Buffer.from(text.slice(at, at + pieceBytes)));
    // It was a minute and more.
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(Buffer.from(head.facts.beginning ?? []).toString()).toBe(text.slice(0, 512));
    socket.destroy();
  });
});

describe('what Go and curl read is read', () => {
  const body = 'Too Many Requests (HAP429).\n';
  test.each([
    ['line feeds alone', `HTTP/1.1 429 Too Many\nRetry-After: 60\nContent-Length: 28\n\n${body}`, 'bare line feeds'],
    ['a folded header', `HTTP/1.1 429 No\r\nRetry-After:\r\n 60\r\nContent-Length: 28\r\n\r\n${body}`, 'folded header'],
    [
      'the same length twice',
      `HTTP/1.1 429 No\r\nContent-Length: 28\r\nRetry-After: 60\r\ncontent-length:28\r\n\r\n${body}`,
      'repeated length',
    ],
    [
      'a length beside chunks',
      `HTTP/1.1 429 No\r\nRetry-After: 60\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n${body}\r\n0\r\n\r\n`,
      'length beside chunks',
    ],
  ])('%s', async (_name, bytes, oddity) => {
    const origin = await answering(bytes);
    const { response, answerHead } = await opened.transport(pathTo(origin)).exchange(get(origin));
    expect(response?.status).toBe(429);
    expect(response?.headers['retry-after']).toEqual(['60']);
    expect(Buffer.from(response?.body ?? []).toString()).toBe(body);
    expect(answerHead?.oddities).toEqual([oddity]);
  });

  test('two lengths that differ are no answer to anybody; what came is kept, without what lets somebody in', async () => {
    const lines = ['HTTP/1.1 200 OK', 'Set-Cookie: sesame', 'Content-Length: 28', 'Content-Length: 7'];
    const origin = await answering(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const error = await failureOf(opened.transport(pathTo(origin)).exchange(get(origin)));
    expect(error).toMatchObject({ stage: 'wait', code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' });
    const { reason, evidence } = classify(error, { ...noContext, step: 'auth' });
    expect(reason).toBe('unexpected_response');
    expect(evidence.body).toMatch(/^HTTP\/1.1 200 OK Set-Cookie: … Content-Length: 28 Content-Length: 7 Too Many/);
  });

  test('what is no HTTP is kept, as far as it shows what it is', async () => {
    const origin = await answering('SSH-2.0-OpenSSH_9.2\r\n');
    const error = await failureOf(opened.transport(pathTo(origin)).exchange(get(origin)));
    expect(error.code).toBe('UNREADABLE_ANSWER');
    expect(Buffer.from(error.exchange?.answerHead?.beginning ?? []).toString()).toBe('SSH-2.0-OpenSSH_9.2\r\n');
    const { reason, evidence } = classify(error, { ...noContext, step: 'auth' });
    expect({ reason, body: evidence.body }).toEqual({ reason: 'unexpected_response', body: 'SSH-2.0-OpenSSH_9.2' });
  });
});

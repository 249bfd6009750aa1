import { createServer } from 'node:https';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { findingFor } from '../../../src/probe/diagnose/judge-run.ts';
import { createCertificates } from '../../support/certificates.ts';
import { checkOf, runOnce } from '../../support/checks.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const { valid, wrongName, ca } = createCertificates();

async function secure(options: object): Promise<number> {
  const server = createServer(options, (_request, response) => response.end('ok'));
  // As HAProxy and Envoy do: not a word to what is no TLS.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return (await opened.listen(server)).port;
}

test.each([
  ['a port of TLS', () => secure(valid)],
  ['one with the certificate of another host', () => secure(wrongName)],
  ['one that wants a certificate', () => secure({ ...valid, requestCert: true, ca: ca.cert, maxVersion: 'TLSv1.2' })],
])('plain HTTP to %s is named as such by one push', async (_what, listen) => {
  const run = await runOnce(checkOf(`http://127.0.0.1:${await listen()}`, { sizeBytes: 1_000 }));
  expect(run.failure?.evidence.tlsProblem).toBe('plain_http');
  expect(findingFor(run)).toMatchObject({ cause: 'plain_http_to_tls', confidence: 'certain' });
});

test.each([
  ['that hangs up on everything', (hangUp: () => void) => hangUp()],
  ['that answers in other words', (_hangUp: () => void, say: (text: string) => void) => say('SSH-2.0-x\r\n')],
])('a port %s is none of TLS', async (_what, act) => {
  const { port } = await opened.tcp((socket) => {
    socket.once('data', () =>
      act(
        () => socket.destroy(),
        (text) => socket.end(text),
      ),
    );
  });
  const run = await runOnce(checkOf(`http://127.0.0.1:${port}`, { sizeBytes: 1_000 }));
  expect(run.ok).toBe(false);
  expect(run.failure?.evidence.tlsProblem).toBeUndefined();
});

const goWords = 'Client sent an HTTP request to an HTTPS server.';

test('where an answer speaks of a port of TLS, and this one is none, it is a port behind it', async () => {
  const { port } = await opened.tcp((socket) => {
    // A hop without TLS: it says so to a handshake, and passes on what it is told to everything else.
    socket.once('data', (bytes: Buffer) =>
      socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${bytes[0] === 0x16 ? '' : goWords}`),
    );
  });
  const run = await runOnce(checkOf(`http://127.0.0.1:${port}`, { sizeBytes: 1_000 }));
  expect(run.failure?.evidence.tlsProblem).toBe('plain_http_behind');
  expect(findingFor(run)).toMatchObject({ cause: 'hop_tls_differs' });
});

test('where it is one, the path speaks the wrong scheme', async () => {
  const server = createServer(valid, (_request, response) => response.end('ok'));
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const secured = await opened.listen(server);
  const { port } = await opened.tcp((socket) => {
    socket.once('data', (bytes: Buffer) => {
      if (bytes[0] !== 0x16) {
        socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${goWords}`);
        return;
      }
      const onward = connect(secured.port, '127.0.0.1');
      onward.write(bytes);
      socket.pipe(onward).pipe(socket);
      for (const one of [socket, onward]) one.on('error', () => undefined);
    });
  });
  const run = await runOnce(checkOf(`http://127.0.0.1:${port}`, { sizeBytes: 1_000 }));
  expect(run.failure?.evidence.tlsProblem).toBe('plain_http');
  expect(findingFor(run)).toMatchObject({ cause: 'plain_http_to_tls', confidence: 'certain' });
});

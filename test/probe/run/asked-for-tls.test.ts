import { createServer } from 'node:https';
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

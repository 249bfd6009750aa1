import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { createCertificates } from '../../../support/certificates.ts';
import { pageOf } from '../../../support/lab/pages.ts';
import { startLoopbackServer } from '../../../../src/lab/loopback-server.ts';
import { startScriptedRegistry } from '../../../support/scripted-registry.ts';
import { type FailureCase, scriptedCase } from './case.ts';

const nobody = { answeredBy: 'none' } as const;

async function closedPort(): Promise<number> {
  const server = await startLoopbackServer({ onRequest: () => {} });
  await server.close();
  return server.port;
}

function proxyThatWantsCredentials(scheme: 'http' | 'https', asked: string): FailureCase {
  return {
    name: `a proxy that wants credentials, ${asked}`,
    expected: {
      reason: 'connect_refused',
      phase: 'connect',
      blame: 'ingress',
      ...nobody,
      evidence: { code: 'PROXY_407', proxyStatus: 407 },
    },
    sentBytes: 0,
    arrange: async (lab) => {
      const proxy = createServer((socket) => {
        socket
          .on('error', () => {})
          .once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      lab.own({ close: () => new Promise((resolve) => proxy.close(resolve)) });
      const { port } = proxy.address() as { port: number };
      return {
        check: lab.check(`${scheme}://registry.example.org`, { path: { proxy: { host: '127.0.0.1', port } } }),
      };
    },
  };
}

/** A UDP port on which nobody listens: questions to it are refused at once. */
async function closedUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

const dns: readonly FailureCase[] = [
  {
    name: 'a name that no resolver knows',
    expected: { reason: 'dns_failure', phase: 'dns', blame: 'dns', ...nobody },
    sentBytes: 0,
    arrange: async (lab) => ({ check: lab.check('http://registry.invalid') }),
  },
  {
    name: "the path's own DNS server is down",
    expected: {
      reason: 'dns_failure',
      phase: 'dns',
      blame: 'dns',
      ...nobody,
      evidence: { code: 'ECONNREFUSED' },
    },
    sentBytes: 0,
    arrange: async (lab) => {
      const dnsServers = [`127.0.0.1:${await closedUdpPort()}`];
      return { check: lab.check('http://registry.example.org', { path: { dnsServers } }) };
    },
  },
];

const connecting: readonly FailureCase[] = [
  {
    name: 'nobody listens',
    over: ['plain', 'tls'],
    expected: {
      reason: 'connect_refused',
      phase: 'connect',
      blame: 'ingress',
      ...nobody,
      evidence: { code: 'ECONNREFUSED', socketReused: false },
    },
    sentBytes: 0,
    arrange: async (lab) => ({
      check: lab.check(`${lab.secure ? 'https' : 'http'}://127.0.0.1:${await closedPort()}`),
    }),
  },
  proxyThatWantsCredentials('https', 'asked for a tunnel'),
  proxyThatWantsCredentials('http', 'asked for the URL itself'),
  {
    // No TCP connection leads to a group of hosts: the kernel answers, no packet leaves the machine.
    name: 'an address without a way to it',
    expected: {
      reason: 'connect_timeout',
      phase: 'connect',
      blame: 'client_network',
      ...nobody,
      evidence: { code: 'ENETUNREACH' },
    },
    sentBytes: 0,
    arrange: async (lab) => ({ check: lab.check('http://224.0.0.1:9') }),
  },
  {
    name: 'a local address that this host does not have',
    expected: {
      reason: 'prober_exhausted',
      phase: 'connect',
      blame: 'prober',
      ...nobody,
      evidence: { code: 'EADDRNOTAVAIL' },
    },
    sentBytes: 0,
    arrange: async (lab) => {
      const { url } = await lab.scripted({});
      return { check: lab.check(url, { path: { localAddress: '192.0.2.1' } }) };
    },
  },
];

const certificates = createCertificates();

function badCertificate(
  name: string,
  kind: 'expired' | 'notYetValid' | 'wrongName' | 'untrusted' | 'selfSigned',
): FailureCase {
  const codes = {
    expired: 'CERT_HAS_EXPIRED',
    notYetValid: 'CERT_NOT_YET_VALID',
    wrongName: 'ERR_TLS_CERT_ALTNAME_INVALID',
    untrusted: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    selfSigned: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  };
  return {
    name,
    over: ['tls'],
    expected: { reason: 'tls_failure', phase: 'tls', blame: 'ingress', ...nobody, evidence: { code: codes[kind] } },
    sentBytes: 0,
    arrange: async (lab) => {
      // The lab's CA is another one: this set's is given to the path but for the one that nobody trusts.
      const { url } = lab.own(await startScriptedRegistry({}, certificates[kind]));
      return {
        check: lab.check(url, {
          path: { tls: { caFile: lab.fileOf(certificates.ca.cert), insecure: false, minVersion: 'TLSv1.2' } },
        }),
      };
    },
  };
}

const tls: readonly FailureCase[] = [
  badCertificate('a certificate that has expired', 'expired'),
  badCertificate('a certificate of tomorrow', 'notYetValid'),
  badCertificate("another host's certificate", 'wrongName'),
  badCertificate('a certificate of an unknown CA', 'untrusted'),
  badCertificate('a certificate signed by itself', 'selfSigned'),
  {
    name: 'a server that speaks plain HTTP on the TLS port',
    over: ['tls'],
    expected: { reason: 'tls_failure', phase: 'tls', blame: 'ingress', ...nobody },
    sentBytes: 0,
    arrange: async (lab) => {
      const { port } = lab.own(await startScriptedRegistry());
      return { check: lab.check(`https://127.0.0.1:${port}`) };
    },
  },
  {
    name: 'a server that hangs up on the handshake',
    over: ['tls'],
    expected: { reason: 'tls_failure', phase: 'tls', blame: 'ingress', ...nobody, evidence: { code: 'ECONNRESET' } },
    sentBytes: 0,
    arrange: async (lab) => {
      const server = createServer((socket) => {
        socket.on('error', () => {}).once('data', () => socket.resetAndDestroy());
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      lab.own({ close: () => new Promise((resolve) => server.close(resolve)) });
      return { check: lab.check(`https://127.0.0.1:${(server.address() as { port: number }).port}`) };
    },
  },
  {
    name: 'plain HTTP towards a TLS port',
    expected: { reason: 'connection_reset', phase: 'auth', blame: 'unknown', ...nobody },
    sentBytes: 0,
    arrange: async (lab) => {
      const { port } = lab.own(await startScriptedRegistry({}, certificates.valid));
      return { check: lab.check(`http://127.0.0.1:${port}`) };
    },
  },
  ...[525, 526].map((status) =>
    scriptedCase(
      `Cloudflare's ${status}: TLS between it and the origin`,
      {
        POST: (scene) => scene.answer(status, pageOf('cloudflare', status).headers, pageOf('cloudflare', status).body),
      },
      { reason: 'tls_failure', phase: 'start', answeredBy: 'cloudflare', blame: 'edge_to_origin', status },
    ),
  ),
];

const stale: readonly FailureCase[] = [
  scriptedCase(
    'a kept connection that is reset at its next request',
    { POST: (scene) => scene.reset() },
    {
      reason: 'stale_connection',
      phase: 'start',
      blame: 'unknown',
      ...nobody,
      evidence: { socketReused: true, method: 'POST' },
    },
    { over: ['plain', 'tls'] },
  ),
  scriptedCase(
    'a kept connection that is closed at its next request',
    { POST: (scene) => scene.end() },
    { reason: 'stale_connection', phase: 'start', blame: 'unknown', ...nobody, evidence: { code: 'UND_ERR_SOCKET' } },
    { over: ['plain', 'tls'] },
  ),
];

export const connectCases: readonly FailureCase[] = [...dns, ...connecting, ...tls, ...stale];

import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../src/demo/certificates.ts';
import type { FailureReason } from '../../src/probe/failure.ts';
import { createPayloadSource } from '../../src/registry/payload.ts';
import { eventually } from '../demo/wire.ts';
import { runDeps, runOnce } from '../support/checks.ts';
import { drip, type Scene } from '../support/scripted-registry.ts';
import { CaseLab, megabyte } from './failure-cases/case.ts';

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const certificates = createCertificates();
const tls = { identity: certificates.valid, caFile: join(folder, 'ca.pem') };
writeFileSync(tls.caFile, certificates.ca.cert);
const payloads = createPayloadSource('hostile');

let lab: CaseLab;
afterEach(() => lab.close());

const deadlineMs = 700;

/** Writes this as often as the peer takes it, with a head before it. */
function flood(head: string, part: string | Uint8Array): (scene: Scene) => Promise<void> {
  return async (scene) => {
    await scene.read();
    await scene.raw(head);
    await drip(scene, part, 0);
  };
}

function answered(text: string | Uint8Array): (scene: Scene) => Promise<void> {
  return async (scene) => {
    await scene.read();
    await scene.raw(text);
  };
}

const head = (status: string, ...headers: string[]): string =>
  `HTTP/1.1 ${status}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
const location = 'Location: /v2/probe/blobs/blobs/uploads/1';

/** `reason`: of a PATCH that is answered so. */
const answers: readonly (readonly [name: string, reason: FailureReason | RegExp, script: (scene: Scene) => unknown])[] =
  [
    ['headers without end', 'unexpected_response', flood('HTTP/1.1 202 Accepted\r\n', `X-A: ${'a'.repeat(8000)}\r\n`)],
    ['one header without end', 'unexpected_response', flood('HTTP/1.1 202 Accepted\r\nX-A: ', 'a'.repeat(16_000))],
    [
      'headers that drip',
      'deadline',
      async (scene) => drip((await scene.raw('HTTP/1.1 202 OK\r\nX: '), scene), 'x', 20),
    ],
    ['a status line that drips', 'deadline', async (scene) => drip((await scene.raw('HTTP/1.1 202 '), scene), 'O', 20)],
    [
      'a huge number of headers',
      'unexpected_response',
      answered(`HTTP/1.1 202 OK\r\n${'a: b\r\n'.repeat(40_000)}\r\n`),
    ],
    [
      'a body without end',
      'registry_error',
      flood(head('500 Oops', 'Transfer-Encoding: chunked'), `10000\r\n${'x'.repeat(65_536)}\r\n`),
    ],
    [
      'a body that drips',
      'registry_error',
      async (scene) => drip((await scene.raw(head('500 Oops', 'Content-Length: 99999')), scene), 'x', 20),
    ],
    [
      'a gzip bomb for an error page',
      'registry_error',
      answered(
        Buffer.concat([
          Buffer.from(head('500 Oops', 'Content-Encoding: gzip', `Content-Length: ${bomb().length}`)),
          bomb(),
        ]),
      ),
    ],
    [
      'a chunk size that is none',
      'registry_error',
      answered(`${head('500 Oops', 'Transfer-Encoding: chunked')}zz\r\nabc\r\n`),
    ],
    [
      'a chunk size beyond all numbers',
      'registry_error',
      answered(`${head('500 Oops', 'Transfer-Encoding: chunked')}${'f'.repeat(40)}\r\nabc`),
    ],
    [
      'two lengths',
      'unexpected_response',
      answered(head('202 OK', location, 'Content-Length: 1', 'Content-Length: 2')),
    ],
    [
      'a length and chunks',
      'unexpected_response',
      answered(head('202 OK', location, 'Content-Length: 1', 'Transfer-Encoding: chunked')),
    ],
    ['a negative length', 'unexpected_response', answered(head('202 OK', location, 'Content-Length: -1'))],
    ['a NUL in a header', 'unexpected_response', answered(head('202 OK', 'Server: a\u0000b', location))],
    ['a bare CR in a header', 'unexpected_response', answered(head('202 OK', 'Server: a\rb: c', location))],
    [
      'a header folded into two lines',
      /body_dropped|unexpected_response/,
      answered(head('202 OK', location, 'X: a', ' b: c', 'Content-Length: 0')),
    ],
    [
      'an upgrade that nobody asked for',
      'connection_reset',
      answered(head('101 Switching Protocols', 'Upgrade: x', 'Connection: upgrade')),
    ],
    [
      'early hints without end',
      /deadline|unexpected_response/,
      flood('', head('103 Early Hints', 'Link: </x>; rel=preload').repeat(50)),
    ],
    [
      'a continue that nobody asked for',
      'connection_reset',
      answered(`${head('100 Continue')}${head('202 OK', location)}`),
    ],
    ['a status of four digits', 'unexpected_response', answered(head('2020 OK', location))],
  ];

function bomb(): Buffer {
  // 64 MiB in 64 KiB.
  return gzipSync(Buffer.alloc(64 * 1024 * 1024));
}

describe.each(['plain', 'tls'] as const)('a hostile answer over %s', (transport) => {
  test.each(answers)('%s', async (name, reason, script) => {
    // What ends by itself gets more time, so that a busy machine does not make it end by the deadline.
    const timeoutMs = /deadline/.test(String(reason)) || name.includes('drips') ? deadlineMs : 4 * deadlineMs;
    lab = new CaseLab(folder, transport === 'tls' ? tls : undefined);
    const server = await lab.scripted({ PATCH: script });
    const check = lab.check(server.url, { sizeBytes: megabyte / 10, check: { timeoutMs } });
    const startedMs = performance.now();
    const heapBytes = process.memoryUsage().heapUsed;
    const run = await runOnce(check, runDeps({ payloads }));
    expect(run.durationMs).toBeLessThan(timeoutMs + 400);
    expect(performance.now() - startedMs).toBeLessThan(timeoutMs + 1_500);
    expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(64 * 1024 * 1024);
    expect(run.failure?.reason).toMatch(reason);
    expect(Buffer.byteLength(JSON.stringify(run.failure?.evidence))).toBeLessThan(4096);
    await eventually('its connections are closed', () => lab.openConnections === 0);
  });
});

describe('hostile beyond one answer', () => {
  test('an answer before any request is not taken for the answer to one', async () => {
    lab = new CaseLab(folder);
    const server = await lab.scripted({
      // The answers to the next requests are pushed after this one's.
      'GET /v2/': async (scene) =>
        scene.raw(`${head('200 OK', 'Content-Length: 0')}${head('202 OK', location, 'Content-Length: 0')}`),
    });
    const run = await runOnce(lab.check(server.url), runDeps({ payloads }));
    // The connection is dropped, as Go does with an unsolicited response; the POST goes over another one.
    expect(run.ok).toBe(true);
    expect(run.attempts[0]?.requests.map((request) => request.socketReused)).toEqual([false, false, true, true, true]);
    expect(server.requests).toContain('POST /v2/probe/blobs/blobs/uploads/');
  });

  test('redirects in a circle while a blob is read back end', async () => {
    lab = new CaseLab(folder);
    const server = await lab.scripted({
      'GET /v2/probe/blobs/blobs/sha256': (scene) => scene.answer(307, { Location: scene.request.url ?? '' }),
      'GET /v2/probe/blobs/manifests': (scene) => scene.answer(307, { Location: scene.request.url ?? '' }),
    });
    const workload = { name: 'image', kind: 'image', layerBytes: [1000], pull: true } as const;
    const run = await runOnce(lab.check(server.url, { check: { workload } }), runDeps({ payloads }));
    expect(run.ok).toBe(false);
    expect(server.requests.filter((line) => line.startsWith('GET /v2/probe')).length).toBeLessThan(20);
  });

  test('a Location of megabytes is refused with the headers', async () => {
    lab = new CaseLab(folder);
    const server = await lab.scripted({ POST: answered(head('202 OK', `Location: /${'x'.repeat(1_000_000)}`)) });
    const run = await runOnce(lab.check(server.url, { check: { timeoutMs: deadlineMs } }), runDeps({ payloads }));
    expect(run.failure).toMatchObject({ reason: 'unexpected_response', phase: 'start' });
  });
});

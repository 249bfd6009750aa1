import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import type { FailureReason } from '../../../src/probe/failure.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { eventually } from '../../support/wire.ts';
import { runDeps, runOnce } from '../../support/checks.ts';
import { answered, head, wireMoves } from '../../support/hostile-moves.ts';
import { CaseLab, megabyte } from './cases/case.ts';

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const certificates = createCertificates();
const tls = { identity: certificates.valid, caFile: join(folder, 'ca.pem') };
writeFileSync(tls.caFile, certificates.ca.cert);
const payloads = createPayloadSource('hostile');

let lab: CaseLab;
afterEach(() => lab.close());

const deadlineMs = 700;

const location = 'Location: /v2/probe/blobs/blobs/uploads/1';

/** Of a PATCH that is answered so. */
const reasons: Readonly<Record<keyof typeof wireMoves, FailureReason | RegExp>> = {
  'headers without end': 'unexpected_response',
  'one header without end': 'unexpected_response',
  'headers that drip': 'deadline',
  'a status line that drips': 'deadline',
  'a huge number of headers': 'unexpected_response',
  'a body without end': 'registry_error',
  'a body that drips': 'registry_error',
  'a gzip bomb for an error page': 'registry_error',
  'a chunk size that is none': 'registry_error',
  'a chunk size beyond all numbers': 'registry_error',
  'a chunk extension without end': 'registry_error',
  'trailers without end': 'registry_error',
  'two lengths': 'unexpected_response',
  'a length and chunks': 'body_dropped',
  'a negative length': 'unexpected_response',
  'a NUL in a header': 'unexpected_response',
  'a bare CR in a header': 'unexpected_response',
  'a header folded into two lines': /body_dropped|unexpected_response/,
  'an upgrade that nobody asked for': 'connection_reset',
  'early hints without end': /deadline|unexpected_response/,
  'a continue that nobody asked for': 'body_dropped',
  'a status of four digits': 'unexpected_response',
  'ten thousand lengths': 'unexpected_response',
  'a length beyond all numbers': 'unexpected_response',
  'a length with a sign': 'unexpected_response',
  'a list of lengths': 'unexpected_response',
  'a coding that is not known': 'registry_error',
  'chunks that are coded again': 'registry_error',
  'a blank before the colon': 'unexpected_response',
  'chunks of one byte without end': 'registry_error',
  'empty lines without end': 'unexpected_response',
  'a status of zeros': 'unexpected_response',
  'no head at all': 'unexpected_response',
  'a version that is not there': 'unexpected_response',
  'a reason of 200 KB': 'registry_error',
  'a header of 250 KB': 'unexpected_response',
  'a header of 250 KB of escapes': 'unexpected_response',
  'ten thousand cookies': 'unexpected_response',
  'headers that JavaScript has names for': 'registry_error',
  'two answers to one request': 'registry_error',
  'an answer without a body that has one': 'body_dropped',
  'an alert of TLS': 'unexpected_response',
  'a gzip bomb in a gzip bomb': 'registry_error',
  'gzip that is none': 'registry_error',
  'a Range beyond all numbers': 'body_dropped',
  'errors that are no errors': 'unexpected_response',
  'errors below three thousand brackets': 'unexpected_response',
  'half a character': 'unexpected_response',
};
const moves = Object.keys(reasons) as (keyof typeof reasons)[];

describe.each(['plain', 'tls'] as const)('a hostile answer over %s', (transport) => {
  test.each(moves)('%s', async (name) => {
    const reason = reasons[name];
    // What ends by itself gets more time, so that a busy machine does not make it end by the deadline.
    // A body that drips does so until the deadline, and its head has to come before.
    const timeoutMs = /deadline/.test(String(reason)) ? deadlineMs : name.includes('drips') ? 3_000 : 5_000;
    lab = new CaseLab(folder, transport === 'tls' ? tls : undefined);
    const server = await lab.scripted({ PATCH: wireMoves[name] });
    const check = lab.check(server.url, { sizeBytes: megabyte / 10, check: { timeoutMs } });
    const startedMs = performance.now();
    const heapBytes = process.memoryUsage().heapUsed;
    const run = await runOnce(check, runDeps({ payloads }));
    // What did not end would not have ended for minutes.
    expect(performance.now() - startedMs).toBeLessThan(timeoutMs + 10_000);
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
    const run = await runOnce(lab.check(server.url, { check: { timeoutMs: 10_000 } }), runDeps({ payloads }));
    expect(run.failure).toMatchObject({ reason: 'unexpected_response', phase: 'start' });
  });
});

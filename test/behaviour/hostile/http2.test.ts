import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { eventually } from '../../support/wire.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';
import { http2Moves } from '../../support/hostile-http2-moves.ts';
import { atUpload, type Http2Move } from '../../support/http2-scripts.ts';
import { type FrameServer, startFrameServer } from '../../support/http2-frames.ts';

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-http2-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { ca, valid } = createCertificates();
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, ca.cert);
const payloads = createPayloadSource('hostile http2');
let server: FrameServer;
afterEach(() => server.close());

const deadlineMs = 600;
/** Each as it is, and what answers also in the place of an upload. */
const cases = Object.entries<Http2Move>(http2Moves).flatMap(([name, move]): [string, Http2Move][] =>
  move.script.onFrame === undefined
    ? [[name, move]]
    : [
        [name, move],
        [`${name}, in the place of an upload`, { ...move, reason: /^(?!internal)/, script: atUpload(move.script) }],
      ],
);

describe('a hostile HTTP/2 server', () => {
  test.each(cases)('%s', async (_name, { reason, script, timeoutMs: givenMs }) => {
    // What ends by itself gets more time, so that a busy machine does not make it end by the deadline.
    const timeoutMs = givenMs ?? (reason.test('deadline') ? deadlineMs : 5_000);
    const stallTimeoutMs = reason.test('upload_stalled') ? 300 : 5_000;
    server = await startFrameServer(valid, script);
    const tls = { insecure: false, minVersion: 'TLSv1.2', caFile } as const;
    const check = checkOf(server.url, {
      client: 'crane',
      sizeBytes: 200_000,
      path: { tls },
      check: { timeoutMs },
    });
    const startedMs = performance.now();
    const heapBytes = process.memoryUsage().heapUsed;
    const run = await runOnce(check, runDeps({ payloads, cleanupTimeoutMs: 300, stallTimeoutMs }));
    expect(performance.now() - startedMs).toBeLessThan(timeoutMs + 5_000);
    expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(64 * 1024 * 1024);
    expect(run.ok).toBe(false);
    expect(run.failure?.reason).toMatch(reason);
    await eventually('its connections are closed', () => server.openConnections === 0);
  });
});

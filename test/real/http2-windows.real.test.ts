import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Component, describeWithComponents } from '../support/component.ts';
import { createStage, pathsOf } from './cases/case.ts';
import type { HopName } from './hops/hop.ts';
import { type CertificateFiles, makeCertificates } from './support/certificates.ts';
import { askProgram } from './support/diagnosing.ts';
import { startRelay } from './support/relay.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

/** Each way, so that a round trip takes 40 ms and a little. */
const oneWayMs = 20;
const KiB = 1024;

/** How a hop is told of its window for HTTP/2, in bytes. */
const windows = {
  nginx: (bytes: number) => ({ http: `http2_body_preread_size ${bytes};` }),
  envoy: (bytes: number) => ({
    manager: JSON.stringify({
      http2_protocol_options: {
        initial_stream_window_size: bytes,
        initial_connection_window_size: bytes,
      },
    }),
  }),
} as const satisfies Partial<Record<HopName, (bytes: number) => Readonly<Record<string, string>>>>;

const components: Component[] = ['nginx', 'envoy', 'docker-registry', 'openssl'];
// They mostly wait for round trips.
vi.setConfig({ maxConcurrency: 4 });

describeWithComponents(components, 'the window of HTTP/2 over 40 ms', () => {
  let directory: TemporaryDirectory;
  let tls: CertificateFiles;
  beforeAll(() => {
    directory = temporaryDirectory('windows');
    tls = makeCertificates(directory.path, 'windows');
  });
  afterAll(() => directory.remove());

  async function diagnosedBehind(hop: keyof typeof windows, windowBytes: number) {
    const stage = createStage(tls, undefined);
    try {
      const registry = await stage.registry();
      const more = windows[hop](windowBytes);
      const front = await stage.hop(hop, { upstreamPort: registry.port, tls, http2: true, buffers: false, more });
      const relay = await stage.keep(startRelay(front.port, oneWayMs));
      const paths = pathsOf(stage, { origin: `https://127.0.0.1:${relay.port}` }, registry.port);
      return await askProgram({ size: '8MB', client: 'crane', paths });
    } finally {
      await stage.close();
    }
  }

  describe.each(['nginx', 'envoy'] as const)('%s', (hop) => {
    test.concurrent('of 64 KiB is what keeps a push slow, and is named with its size', {
      timeout: 120_000,
    }, async () => {
      const { diagnosis, text } = await diagnosedBehind(hop, 64 * KiB);
      const found = diagnosis.findings.map(({ cause, evidence }) => [cause, ...evidence].join(': '));
      expect([diagnosis.kind, found, text]).toEqual([
        'healthy',
        [expect.stringMatching(/^http2_window: .* each round trip of \d+ ms carries one window of 64 KiB/)],
        text,
      ]);
      // A busy machine adds to it; two windows would fit in twice as much.
      const roundTripMs = Number(/each round trip of (\d+) ms/.exec(found[0] ?? '')?.[1]);
      expect(roundTripMs).toBeGreaterThanOrEqual(2 * oneWayMs);
      expect(roundTripMs).toBeLessThan(4 * oneWayMs);
    });

    test.concurrent('of 8 MiB is nothing to speak of', { timeout: 120_000 }, async () => {
      const { diagnosis, text } = await diagnosedBehind(hop, 8 * KiB * KiB);
      expect([diagnosis.kind, diagnosis.findings, text]).toEqual(['healthy', [], text]);
    });
  });
});

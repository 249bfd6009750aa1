import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WireMeter } from '../../src/network/wire-meter.ts';
import { createEngine } from '../../src/daemon/engine.ts';
import { createCertificates } from '../support/certificates.ts';
import { type RegistryOptions, startRegistry } from '../support/lab/registry.ts';
import type { Check } from '../../src/probe/check.ts';
import { checkOf } from '../support/checks.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const { signal } = new AbortController();

interface Observer {
  readonly port: number;
  readonly bytes: () => number;
  /** Sockets that may still bring bytes. */
  readonly open: () => number;
}

/** An observer on the wire: passes TCP on and counts what goes through, below TLS. */
async function startObserver(port: number): Promise<Observer> {
  const sockets = new Set<Socket>();
  let bytes = 0;
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from) && to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, bytes: () => bytes, open: () => sockets.size };
}

async function observed(options: RegistryOptions, changes: Partial<Check> = {}, insecure = false) {
  const registry = await startRegistry(options);
  closing.push(() => registry.close());
  const observer = await startObserver(Number(new URL(registry.url).port));
  const origin = `${new URL(registry.url).protocol}//127.0.0.1:${observer.port}`;
  const base = checkOf(origin, { sizeBytes: 1_000_000, check: changes });
  const check = insecure
    ? { ...base, path: { ...base.path, tls: { insecure, minVersion: 'TLSv1.2' as const } } }
    : base;
  return { registry, observer, check };
}

test('what a run counts is what an observer on the wire sees: heads, chunk frames, token, pull, cleanup', async () => {
  const { observer, check } = await observed(
    {},
    {
      workload: { name: 'blob', kind: 'image', layerBytes: [700_000, 300_000], pull: true },
    },
  );
  const run = await createEngine().run(check, { signal });
  expect(run.failure).toBeUndefined();
  expect(run.wireBytes).toBeGreaterThan(run.sentBytes + run.pulledBytes);
  await expect.poll(observer.open).toBe(0);
  expect(run.wireBytes).toBe(observer.bytes());
});

test('the same below TLS', async () => {
  const { observer, check } = await observed({ tls: createCertificates().valid }, {}, true);
  const run = await createEngine().run(check, { signal });
  expect(run.failure).toBeUndefined();
  await expect.poll(observer.open).toBe(0);
  // Records and handshakes; a last alert may come when nobody counts any more.
  expect(run.wireBytes - run.sentBytes).toBeGreaterThan(1_500);
  expect(observer.bytes() - run.wireBytes).toBeGreaterThanOrEqual(0);
  expect(observer.bytes() - run.wireBytes).toBeLessThan(200);
});

test('attempts that are cut count with all that they sent', async () => {
  const { observer, registry, check } = await observed({}, { retries: 3, retryWaitScale: 0 });
  registry.intercept = ({ method }) => (method === 'PATCH' ? { kind: 'reset', readBytes: 200_000 } : undefined);
  const run = await createEngine().run(check, { signal });
  expect(run.attempts).toHaveLength(3);
  expect(run.failure).toBeDefined();
  await expect.poll(observer.open).toBe(0);
  expect(run.wireBytes).toBeGreaterThanOrEqual(600_000);
  // What our kernel took and never got rid of counts here, and is not seen there.
  expect(run.wireBytes).toBeGreaterThanOrEqual(observer.bytes());
});

test('all connections count in both directions, with what they carry by now', () => {
  const meter = new WireMeter();
  expect(meter.bytes).toBe(0);
  const first = { bytesRead: 1, bytesWritten: 20 };
  meter.add(first);
  meter.add({ bytesRead: 300, bytesWritten: 4_000 });
  expect(meter.bytes).toBe(4_321);
  first.bytesWritten += 50_000;
  expect(meter.bytes).toBe(54_321);
});

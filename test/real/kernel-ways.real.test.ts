import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTcpInfoReader } from '../../src/network/kernel/read-tcp-info.ts';
import { sendingWords } from '../../src/publish/sending-words.ts';
import { limitedShares } from '../../src/probe/run/sending-facts.ts';
import { type Component, describeWhere, describeWithComponents } from '../support/component.ts';
import { startHop } from './hops/hop.ts';
import { startDistribution } from './support/backends.ts';
import { type CertificateFiles, makeCertificates } from './support/certificates.ts';
import type { Question } from './support/diagnosing.ts';
import { openPrivateNetwork, type PrivateNetwork } from './support/place.ts';
import { freePort, waitFor } from './support/process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';
import { type WatchedPush, watchedPush } from './support/watched-push.ts';

const bodyBytes = 1_000_000;
const programs: Component[] = ['unshare', 'ip', 'iptables', 'tcpdump', 'docker-registry', 'squid', 'openssl'];
vi.setConfig({ maxConcurrency: 3 });

interface Way {
  readonly secure: boolean;
  readonly client: 'docker' | 'crane';
  readonly throughProxy: boolean;
}

describeWhere(createTcpInfoReader() !== undefined, 'koffi', 'what the kernel tells', () => {
  describeWithComponents(programs, 'is what tcpdump sees', () => {
    let directory: TemporaryDirectory;
    let tls: CertificateFiles;
    beforeAll(() => {
      directory = temporaryDirectory('kernel-ways');
      tls = makeCertificates(directory.path, 'ways');
    });
    afterAll(() => directory.remove());

    /** A push over a line with segments of Ethernet's size that loses some of those to the next host. */
    async function pushedOver({ secure, client, throughProxy }: Way): Promise<WatchedPush> {
      return inNetwork(async (network, keep) => {
        const http = secure ? { tls: { certificate: tls.certFile, key: tls.keyFile } } : {};
        const registry = await keep(startDistribution({ http }, network));
        const proxy = throughProxy
          ? await keep(startHop('squid', { upstreamPort: 9, more: { forward: 'acl CONNECT method CONNECT' } }, network))
          : undefined;
        const { port } = proxy ?? registry;
        // Every seventh packet, so that some of the body are always among them: the kernel sends up to 64 KiB as one.
        const loss = `-A INPUT -i lo -p tcp --dport ${port} -m statistic --mode nth --every 7 --packet 6 -j DROP`;
        await network.run(['iptables', ...loss.split(' ')]);
        return watchedPush(network, port, {
          size: `${bodyBytes}B`,
          client,
          paths: {
            public: {
              url: `${secure ? 'https' : 'http'}://127.0.0.1:${registry.port}`,
              kind: 'direct',
              ...(secure && { tls: { caFile: tls.caFile } }),
              ...(proxy && { proxy: { url: proxy.origin } }),
            },
          },
        });
      });
    }

    function expectTruth({ run, wire, text }: WatchedPush): void {
      expect([run.ok, run.ok ? '' : text]).toEqual([true, '']);
      const { retransmittedBytes = Number.NaN, minRttMs = 0 } = run.sending ?? {};
      // Of the other requests on this connection something may have been repeated, too.
      const repeated = Math.abs(retransmittedBytes - wire.repeatedBytes);
      expect(repeated).toBeLessThanOrEqual(0.1 * wire.repeatedBytes + 3 * 1_448);
      expect(wire.repeatedBytes).toBeGreaterThan(0);
      expect(minRttMs).toBeGreaterThan(0);
      expect(minRttMs).toBeLessThanOrEqual(wire.shortestAckMs + 1);
    }

    test.concurrent('over TLS, with its records', { timeout: 60_000 }, async () => {
      const push = await pushedOver({ secure: true, client: 'docker', throughProxy: false });
      expectTruth(push);
      expect(push.run.pathFacts).toMatchObject({ httpVersion: '1.1', tlsVersion: 'TLSv1.3' });
      expect(push.run.sending?.ackedBytes).toBe(push.wire.requestBytes);
    });

    test.concurrent('over HTTP/2, with its frames', { timeout: 60_000 }, async () => {
      const push = await pushedOver({ secure: true, client: 'crane', throughProxy: false });
      expectTruth(push);
      expect(push.run.pathFacts).toMatchObject({ httpVersion: '2' });
      // Opening and the heads of the other requests are not the body's.
      const { ackedBytes = 0 } = push.run.sending ?? {};
      expect(ackedBytes).toBeGreaterThan(bodyBytes);
      expect(ackedBytes).toBeLessThan(push.wire.ackedBytes);
      expect(ackedBytes).toBeGreaterThan(push.wire.ackedBytes - 8_192);
    });

    test.concurrent.each([
      ['a tunnel', true],
      ['whole URLs', false],
    ] as const)(
      'through a forward proxy, by %s: of the way to the proxy, and it says so',
      {
        timeout: 60_000,
      },
      async (_name, secure) => {
        const push = await pushedOver({ secure, client: 'docker', throughProxy: true });
        expectTruth(push);
        expect(push.run.sending).toMatchObject({ viaProxy: true, ackedBytes: push.wire.requestBytes });
        const words = sendingWords(push.run.sending);
        expect(words.length).toBeGreaterThan(3);
        for (const [, value] of words) expect(value).toMatch(/ \(to the proxy\)$/);
      },
    );

    test.concurrent.each([
      ['reads slowly: its window is shut for most of the time', bodyBytes, 600_000, 'receiver', 0.2],
      // The kernel counts a window that is small, too; the wire shows when it is shut. A window takes some round trips to grow.
      ['reads at once, over a thin line', 3 * bodyBytes, undefined, 'network', 0.4],
    ] as const)('of a next host that %s', { timeout: 60_000 }, async (_name, size, bytesPerSecond, limiter, apart) => {
      const { run, wire } = await inNetwork(async (network, keep) => {
        const registry = await keep(startDistribution({}, network));
        const port = await keep(startReader(network, registry.port, bytesPerSecond));
        const line = 'qdisc add dev lo root tbf rate 6mbit burst 32k latency 200ms';
        if (bytesPerSecond === undefined) await network.run(['tc', ...line.split(' ')]);
        return watchedPush(network, port.port, plain(port.port, size));
      });
      const shares = limitedShares(run.sending ?? {});
      expect(shares?.[limiter]).toBeGreaterThan(0.6);
      expect(Math.abs((shares?.receiver ?? Number.NaN) - wire.shutShare)).toBeLessThan(apart);
    });
  });
});

function plain(port: number, sizeBytes: number = bodyBytes): Question {
  return { size: `${sizeBytes}B`, paths: { public: { url: `http://127.0.0.1:${port}`, kind: 'direct' } } };
}

type Keep = <T extends { close: () => Promise<unknown> | void }>(started: Promise<T>) => Promise<T>;

/** A network with segments of Ethernet's size; what is kept ends with it. */
async function inNetwork<T>(work: (network: PrivateNetwork, keep: Keep) => Promise<T>): Promise<T> {
  const network = await openPrivateNetwork([]);
  const kept: { close: () => Promise<unknown> | void }[] = [];
  const keep: Keep = async (started) => {
    const one = await started;
    kept.push(one);
    return one;
  };
  try {
    await network.run(['ip', 'link', 'set', 'lo', 'mtu', '1500']);
    return await work(network, keep);
  } finally {
    for (const one of kept.toReversed()) await one.close();
    await network.close();
  }
}

/** Runs in the network itself: a hop with little room, that reads at this rate, or at once. */
async function startReader(network: PrivateNetwork, upstreamPort: number, bytesPerSecond: number | undefined) {
  const port = await freePort();
  // What a kernel has room for by itself grows to megabytes.
  if (bytesPerSecond !== undefined)
    await network.run(['sh', '-c', 'echo 4096 65536 65536 > /proc/sys/net/ipv4/tcp_rmem']);
  const script = `
    const net = require('node:net');
    const rate = ${bytesPerSecond ?? 'Infinity'};
    net.createServer({ allowHalfOpen: true, highWaterMark: 16384 }, (near) => {
      const far = net.connect(${upstreamPort}, '127.0.0.1');
      for (const one of [near, far]) one.on('error', () => {}).on('close', () => [near, far].forEach((other) => other.destroy()));
      far.pipe(near);
      near.on('data', (chunk) => {
        far.write(chunk);
        near.pause();
        setTimeout(() => near.resume(), (1000 * chunk.length) / rate);
      });
    }).listen(${port}, '127.0.0.1');`;
  const reader = await network.start(process.execPath, ['-e', script]);
  await waitFor('the reader', () => network.listensOn(port), { timeoutMs: 30_000, details: reader.output });
  return { port, close: () => reader.stop('SIGKILL') };
}

import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createTcpInfoReader } from '../../src/network/kernel/read-tcp-info.ts';
import { limitedShares } from '../../src/probe/run/sending-facts.ts';
import { explain } from '../../src/probe/diagnose/diagnose.ts';
import { aloneOn } from '../../src/probe/diagnose/contrast.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { checkOf, runDeps, runOnce } from '../support/checks.ts';
import { type Component, describeWhere, describeWithComponents } from '../support/component.ts';
import { type Backend, startDistribution } from './support/backends.ts';
import { type Answer, askProgram } from './support/diagnosing.ts';
import { openPrivateNetwork, type PrivateNetwork } from './support/place.ts';
import { endTogether, startJoint } from './support/relay.ts';
import { watchedPush } from './support/watched-push.ts';

const read = createTcpInfoReader();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** What is done to packets to the registry's port, in a network of its own. */
interface Line {
  readonly rate?: string;
  /** At random. */
  readonly lostPercent?: number;
  /** In turn: among the few packets of a small body some are always lost. */
  readonly lostEvery?: number;
}

async function makeLine(network: PrivateNetwork, port: number, { rate, lostPercent, lostEvery }: Line): Promise<void> {
  // Few segments go as one packet, so that a body is many packets, and chance evens out.
  await network.run(['ip', 'link', 'set', 'lo', 'mtu', '1500', 'gso_max_segs', '8']);
  if (rate !== undefined) {
    const line = `qdisc add dev lo root tbf rate ${rate} burst 32k latency 200ms`;
    await network.run(['tc', ...line.split(' ')]);
  }
  if (lostPercent !== undefined) await network.run(drops(port, `random --probability ${lostPercent / 100}`));
  if (lostEvery !== undefined) await network.run(drops(port, `nth --every ${lostEvery} --packet ${lostEvery - 1}`));
}

function drops(port: number, mode: string): [string, ...string[]] {
  return ['iptables', ...`-A INPUT -i lo -p tcp --dport ${port} -m statistic --mode ${mode} -j DROP`.split(' ')];
}

async function inNetwork<T>(line: Line, work: (network: PrivateNetwork, port: number) => Promise<T>): Promise<T> {
  const network = await openPrivateNetwork([]);
  try {
    const { port, close } = await startDistribution(undefined, network);
    try {
      await makeLine(network, port, line);
      return await work(network, port);
    } finally {
      await close();
    }
  } finally {
    await network.close();
  }
}

function diagnosedOver(line: Line): Promise<Answer> {
  return inNetwork(line, (network, port) =>
    askProgram({ size: '2MB', paths: { public: { url: `http://127.0.0.1:${port}`, kind: 'direct' } } }, network),
  );
}

const programs: Component[] = ['unshare', 'ip', 'iptables', 'tcpdump', 'docker-registry'];

describeWhere(read !== undefined, 'koffi', 'what the kernel tells', () => {
  describeWithComponents(programs, 'of lines in networks of their own', () => {
    test.concurrent.each<[string, Line, readonly string[]]>([
      ['a thin line', { rate: '6mbit' }, ['line_thin']],
      ['a line that loses a quarter', { lostPercent: 25 }, ['line_lossy']],
      ['a line that is not thin', { rate: '400mbit' }, []],
      ['a line that loses one of a thousand, and is fast', { lostPercent: 0.1 }, []],
    ])('%s', { timeout: 180_000 }, async (_name, line, expected) => {
      const { diagnosis, text } = await diagnosedOver(line);
      const { kind, findings } = diagnosis;
      const found = findings.map(({ cause }) => cause);
      // The whole answer, so that a wrong one shows its facts.
      const isRight = found.join(' ') === expected.join(' ');
      expect([kind, found, isRight ? '' : text]).toEqual(['healthy', expected, '']);
    });

    test('is what went over the wire: bytes acknowledged and sent again, and the round trip', {
      timeout: 60_000,
    }, async () => {
      const { run, wire } = await inNetwork({ lostEvery: 5 }, (network, port) =>
        watchedPush(network, port, {
          size: '1MB',
          paths: { public: { url: `http://127.0.0.1:${port}`, kind: 'direct' } },
        }),
      );
      const { ackedBytes = Number.NaN, retransmittedBytes = Number.NaN, minRttMs = 0 } = run.sending ?? {};
      expect(ackedBytes).toBe(wire.requestBytes);
      // Of the other requests on this connection something may have been repeated, too.
      expect(Math.abs(retransmittedBytes - wire.repeatedBytes)).toBeLessThanOrEqual(
        0.1 * wire.repeatedBytes + 3 * 1_448,
      );
      expect(wire.repeatedBytes).toBeGreaterThan(0);
      expect(minRttMs).toBeGreaterThan(0);
      expect(minRttMs).toBeLessThanOrEqual(wire.shortestAckMs + 1);
    });
  });

  describeWithComponents(['docker-registry'], 'of a next host that', () => {
    test('reads slowly: it has no room for most of the time', { timeout: 60_000 }, async () => {
      const relay = await slowReader(await registryPort(), { bytesPerSecond: 200_000 });
      const { sending } = await pushed(relay, 1_200_000);
      expect(limitedShares(sending ?? {})?.receiver).toBeGreaterThan(0.6);
    });

    test('stops reading: its window is shut, and what it has is known', { timeout: 60_000 }, async () => {
      const relay = await slowReader(await registryPort(), { stopsAfterBytes: 300_000 });
      const run = await pushed(relay, 20_000_000, 5_000);
      expect(run.failure).toMatchObject({ reason: 'upload_stalled', phase: 'send' });
      const { ackedBytes = 0 } = run.failure?.evidence.kernel ?? {};
      expect(ackedBytes).toBeGreaterThanOrEqual(300_000);
      expect(ackedBytes).toBeLessThan(run.sentBytes);
      const finding = explain(run.failure!, aloneOn(run.check.path, run.failure!), 'docker');
      expect(finding).toMatchObject({ cause: 'hop_does_not_read', confidence: 'likely' });
      expect(finding?.evidence[0]).toMatch(/acknowledged [\d.]+ \wi?B and has no room for more/);
    });

    test('reads: the same push is held up by nobody for long', { timeout: 60_000 }, async () => {
      const { ok, sending } = await pushed(await slowReader(await registryPort(), {}), 1_200_000);
      const { receiver, network, prober } = sending?.limited ?? { receiver: -1, network: -1, prober: -1 };
      expect(ok).toBe(true);
      expect(receiver + network + prober).toBeGreaterThanOrEqual(0);
      // Of the slow reader it takes six seconds.
      expect(receiver + network + prober).toBeLessThan(5_000);
    });
  });
});

async function registryPort(): Promise<number> {
  const registry: Backend = await startDistribution();
  closers.push(registry.close);
  return registry.port;
}

function pushed(port: number, sizeBytes: number, stallTimeoutMs = 20_000): Promise<Run> {
  const check = checkOf(`http://127.0.0.1:${port}`, { client: 'docker', sizeBytes, check: { retries: 'none' } });
  return runOnce(check, runDeps({ readTcpInfo: read, stallTimeoutMs }));
}

/** A hop with little room, that reads at a rate, or not any more once a connection has brought so much. */
async function slowReader(
  upstreamPort: number,
  { bytesPerSecond, stopsAfterBytes }: { readonly bytesPerSecond?: number; readonly stopsAfterBytes?: number },
): Promise<number> {
  const join = (near: Socket, far: Socket): void => {
    endTogether(near, far);
    far.pipe(near);
    let bytes = 0;
    near.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      far.write(chunk);
      if (stopsAfterBytes !== undefined && bytes >= stopsAfterBytes) near.pause();
      if (bytesPerSecond === undefined) return;
      near.pause();
      setTimeout(() => near.resume(), (1_000 * chunk.byteLength) / bytesPerSecond);
    });
  };
  const { port, close } = await startJoint(upstreamPort, join, { allowHalfOpen: true, highWaterMark: 16_384 });
  closers.push(close);
  return port;
}

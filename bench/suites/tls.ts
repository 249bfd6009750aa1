import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHop } from '../../test/real/hops/hop.ts';
import { type CertificateFiles, makeCertificates } from '../../test/real/support/certificates.ts';
import { findComponent } from '../../test/support/component.ts';
import { chunkedByCurl, uploadByCurl, writeZeros } from '../curl.ts';
import { oneCheck, startDaemon, valueOf } from '../daemon.ts';
import { interleave, ratioTo, rowOf } from '../figures.ts';
import { cpuSeconds, startSink } from '../programs.ts';
import type { BenchContext, Row, Suite } from '../suite.ts';

const sizeMiB = 1024;
const MiB = 1024 * 1024;

interface Measurement {
  readonly bytesPerSecond: number;
  readonly cpuSecondsPerGiB: number;
}

/** What is set beside each other: the same framing, over the same version of HTTP. */
interface Pair {
  readonly framing: string;
  readonly client: string;
  readonly curl: readonly string[];
}

const pairs: readonly Pair[] = [
  {
    framing: 'HTTP/1.1, chunked',
    client: 'docker',
    curl: ['--http1.1', ...chunkedByCurl],
  },
  { framing: 'HTTP/1.1, length', client: 'docker-containerd', curl: ['--http1.1'] },
  { framing: 'HTTP/2', client: 'crane', curl: ['--http2', '-X', 'PATCH'] },
];

/** What real paths speak: nginx ends TLS before the sink, and is the same limit for all. */
export const tlsSuite: Suite = {
  name: 'tls',
  what: 'one blob of 1 GiB over TLS 1.3 through nginx to the sink: throughput and processor time beside curl',
  async run(context) {
    const missing = (['nginx', 'openssl', 'curl'] as const).filter((name) => findComponent(name) === undefined);
    if (missing.length > 0) {
      const note = `${missing.join(', ')}: not installed`;
      return [rowOf({ subject: 'docker', figure: 'throughput', unit: 'MiB/s', note }, [])];
    }
    const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
    try {
      return await measureAll(context, directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function measureAll(context: BenchContext, directory: string): Promise<Row[]> {
  const tls = makeCertificates(directory, 'tls');
  const file = await writeZeros(directory, sizeMiB);
  const names = ({ framing, client }: Pair) => ({ own: `${client} (${framing})`, peer: `curl (${framing})` });
  const measured = await interleave<Measurement>(
    context,
    pairs.flatMap((pair) => [
      { name: names(pair).own, measure: () => throughProxy(tls, (origin) => measureDaemon(origin, tls, pair.client)) },
      {
        name: names(pair).peer,
        measure: () => throughProxy(tls, (origin) => measureCurl(origin, tls, pair.curl, file)),
      },
    ]),
  );
  return pairs.flatMap((pair) => {
    const { own, peer } = names(pair);
    return rowsOf([own, measured.get(own) ?? []], [peer, measured.get(peer) ?? []]);
  });
}

type Named = readonly [name: string, measurements: readonly Measurement[]];

function rowsOf(own: Named, peer: Named): Row[] {
  const speeds = (list: readonly Measurement[]): number[] => list.map((one) => one.bytesPerSecond / MiB);
  const costs = (list: readonly Measurement[]): number[] => list.map((one) => one.cpuSecondsPerGiB);
  const [name, measurements] = own;
  const [peerName, others] = peer;
  const throughput = { figure: 'throughput', unit: 'MiB/s' };
  const cost = { figure: 'processor time', unit: 's/GiB' };
  return [
    rowOf({ subject: name, ...throughput }, speeds(measurements), {
      ratio: ratioTo(peerName, speeds(measurements), speeds(others)),
      goal: { of: 'ratio', atLeast: 1.2 },
    }),
    rowOf({ subject: name, ...cost }, costs(measurements), {
      ratio: ratioTo(peerName, costs(measurements), costs(others)),
      goal: { of: 'ratio', atMost: 1 },
    }),
    rowOf({ subject: peerName, ...throughput }, speeds(others)),
    rowOf({ subject: peerName, ...cost }, costs(others)),
  ];
}

async function throughProxy<T>(tls: CertificateFiles, measure: (origin: string) => Promise<T>): Promise<T> {
  const sink = await startSink();
  // One connection has room for all that is sent, so that no window of HTTP/2 is the limit.
  const more = { http: 'http2_body_preread_size 16m;' };
  const upstreamPort = Number(new URL(sink.origin).port);
  const proxy = await startHop('nginx', { upstreamPort, tls, http2: true, buffers: false, more });
  try {
    return await measure(proxy.origin);
  } finally {
    await proxy.close();
    await sink.stop();
  }
}

/** The second push of a size: the first also computes the digest of the long prefix, once in the life of the process. */
async function measureDaemon(origin: string, tls: CertificateFiles, client: string): Promise<Measurement> {
  const path = { tls: { caFile: tls.caFile } };
  const daemon = await startDaemon(oneCheck(origin, client, `${sizeMiB}MiB`, path));
  try {
    await daemon.untilRuns(1);
    const cpu = cpuSeconds(daemon.pid);
    const { metrics } = await daemon.probe({ registry: 'sink', path: 'direct', client, workload: 'blob' });
    return {
      bytesPerSecond: valueOf(metrics, 'blobprobe_last_throughput_bytes_per_second') ?? Number.NaN,
      cpuSecondsPerGiB: ((cpuSeconds(daemon.pid) - cpu) / sizeMiB) * 1024,
    };
  } finally {
    await daemon.stop();
  }
}

/** The same number of bytes; its own start and handshake are in its processor time, as the digest is in none. */
async function measureCurl(
  origin: string,
  tls: CertificateFiles,
  how: readonly string[],
  file: string,
): Promise<Measurement | undefined> {
  const cost = await uploadByCurl(origin, file, ['--cacert', tls.caFile, ...how]);
  return cost && { bytesPerSecond: cost.bytesPerSecond, cpuSecondsPerGiB: (cost.cpuSeconds / sizeMiB) * 1024 };
}

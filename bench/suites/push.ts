import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunkedByCurl, uploadByCurl, writeZeros } from '../curl.ts';
import { oneCheck, startDaemon, valueOf } from '../daemon.ts';
import { interleave, ratioTo, rowOf } from '../figures.ts';
import { cpuSeconds, startSink } from '../programs.ts';
import type { Row, Suite } from '../suite.ts';

interface Measurement {
  readonly bytesPerSecond: number;
  readonly cpuSecondsPerGiB: number;
  /** Share of the time for which the sink had a core to itself and used it. */
  readonly sinkShare: number;
}

/** How fast a large blob goes to a sink that is no limit, and what it costs; curl side by side, framed in the same way. */
export const pushSuite: Suite = {
  name: 'push',
  what: 'one large blob to a sink that throws it away: throughput and processor time beside curl',
  async run(context) {
    const { sizeMiB } = context;
    const measured = await interleave<Measurement>(context, [
      { name: 'docker (chunked)', measure: () => measureDaemon('docker', sizeMiB) },
      { name: 'curl (chunked)', measure: () => measureCurl('chunked', sizeMiB) },
      { name: 'docker-containerd (length)', measure: () => measureDaemon('docker-containerd', sizeMiB) },
      { name: 'curl (length)', measure: () => measureCurl('length', sizeMiB) },
      { name: 'bare socket writes', measure: () => measureSocket(sizeMiB) },
    ]);
    const rows = [...measured].flatMap(([subject, measurements]) => rowsOf(subject, measurements, measured));
    const sink = [...measured.values()].flat().map((one) => one.sinkShare * 100);
    const note = 'share of one core that the sink used meanwhile, all subjects: below 90 % it waits for the sender';
    return [
      ...rows,
      rowOf({ subject: 'sink', figure: 'busy', unit: '%', note }, sink, { goal: { of: 'max', atMost: 90 } }),
    ];
  },
};

/** The curl that each client of ours is set beside. */
const peers: Readonly<Record<string, string>> = {
  'docker (chunked)': 'curl (chunked)',
  'docker-containerd (length)': 'curl (length)',
};

const MiB = 1024 * 1024;

function rowsOf(
  subject: string,
  measurements: readonly Measurement[],
  all: ReadonlyMap<string, readonly Measurement[]>,
): Row[] {
  const others = all.get(peers[subject] ?? '') ?? [];
  const speeds = (list: readonly Measurement[]): number[] => list.map((one) => one.bytesPerSecond / MiB);
  const costs = (list: readonly Measurement[]): number[] => list.map((one) => one.cpuSecondsPerGiB);
  const throughput = { subject, figure: 'throughput', unit: 'MiB/s' };
  const cost = { subject, figure: 'processor time', unit: 's/GiB' };
  const peer = peers[subject];
  if (peer === undefined) return [rowOf(throughput, speeds(measurements)), rowOf(cost, costs(measurements))];
  return [
    rowOf(throughput, speeds(measurements), {
      ratio: ratioTo(peer, speeds(measurements), speeds(others)),
      goal: { of: 'ratio', atLeast: 1.5 },
    }),
    rowOf(cost, costs(measurements), {
      ratio: ratioTo(peer, costs(measurements), costs(others)),
      goal: { of: 'ratio', atMost: 1 },
    }),
  ];
}

/**
 * The second push of a size, as all but the first are: the first also computes the digest of the long prefix, once in the life of
 * the process. The processor time is that of the whole process while the push was asked for, made and cleaned up after.
 */
async function measureDaemon(client: string, sizeMiB: number): Promise<Measurement> {
  const sink = await startSink();
  const daemon = await startDaemon(oneCheck(sink.origin, client, `${sizeMiB}MiB`));
  try {
    await daemon.untilRuns(1);
    const [cpu, sinkCpu] = [cpuSeconds(daemon.pid), cpuSeconds(sink.pid)];
    const { metrics } = await daemon.probe({ registry: 'sink', path: 'direct', client, workload: 'blob' });
    const bytesPerSecond = valueOf(metrics, 'blobprobe_last_throughput_bytes_per_second') ?? Number.NaN;
    return {
      bytesPerSecond,
      cpuSecondsPerGiB: ((cpuSeconds(daemon.pid) - cpu) / sizeMiB) * 1024,
      sinkShare: ((cpuSeconds(sink.pid) - sinkCpu) * bytesPerSecond) / (sizeMiB * MiB),
    };
  } finally {
    await daemon.stop();
    await sink.stop();
  }
}

/** The same number of bytes with curl, from a sparse file; undefined when curl is not installed. */
async function measureCurl(shape: 'chunked' | 'length', sizeMiB: number): Promise<Measurement | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const file = await writeZeros(directory, sizeMiB);
  const sink = await startSink();
  try {
    const sinkCpu = cpuSeconds(sink.pid);
    const cost = await uploadByCurl(sink.origin, file, shape === 'chunked' ? chunkedByCurl : []);
    return (
      cost && {
        bytesPerSecond: cost.bytesPerSecond,
        cpuSecondsPerGiB: (cost.cpuSeconds / sizeMiB) * 1024,
        sinkShare: ((cpuSeconds(sink.pid) - sinkCpu) * cost.bytesPerSecond) / (sizeMiB * MiB),
      }
    );
  } finally {
    await sink.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The least that a sender in this language can do, from this process: shows that the sink takes more than anybody sends. */
async function measureSocket(sizeMiB: number): Promise<Measurement> {
  const sink = await startSink();
  const socket = connect(Number(new URL(sink.origin).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    const block = Buffer.alloc(MiB, 1);
    const [startMs, cpu, sinkCpu] = [performance.now(), process.cpuUsage(), cpuSeconds(sink.pid)];
    socket.write(`PUT /v2/x/blobs/uploads/s?digest=sha256:0 HTTP/1.1\r\ncontent-length: ${sizeMiB * MiB}\r\n\r\n`);
    for (let sent = 0; sent < sizeMiB; sent += 1) if (!socket.write(block)) await once(socket, 'drain');
    await once(socket, 'data');
    const seconds = (performance.now() - startMs) / 1000;
    const used = process.cpuUsage(cpu);
    return {
      bytesPerSecond: (sizeMiB * MiB) / seconds,
      cpuSecondsPerGiB: ((used.user + used.system) / 1e6 / sizeMiB) * 1024,
      sinkShare: (cpuSeconds(sink.pid) - sinkCpu) / seconds,
    };
  } finally {
    socket.destroy();
    await sink.stop();
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findComponent } from '../../test/support/component.ts';
import { freePort, startProcess } from '../../test/real/support/process.ts';
import { oneCheck, startDaemon, valueOf } from '../daemon.ts';
import { interleave, rowOf } from '../figures.ts';
import { cpuSeconds, peakResidentBytes, startSink } from '../programs.ts';
import type { BenchContext, Row, Suite } from '../suite.ts';
import { noDelays } from '../truth/protocol.ts';
import { startTruthServer, type TruthServer } from '../truth/lab.ts';

const program = 'prometheus-blackbox-exporter';
const name = 'blackbox_exporter';
const probesPerRun = 200;
/** So many probes later a daemon is as it stays: V8 has compiled what runs often. */
const warmAfter = 1_000;
const comparisonsPerRun = 34;
const MiB = 1024 * 1024;

/** The prober that everybody knows, for scale: its timings against the same server, and what a small probe costs. */
export const blackboxSuite: Suite = {
  name: 'blackbox',
  what: "blackbox_exporter's timings against the server of the truth suite, and what one small probe costs it and us",
  async run(context) {
    if (findComponent('prometheus-blackbox-exporter') === undefined) {
      const note = `${name} is not installed`;
      return [rowOf({ subject: name, figure: 'error of tls', unit: 'ms', note }, []), ...(await costRows(context))];
    }
    return [...(await truthRows(context)), ...(await costRows(context))];
  },
};

async function truthRows({ runs, progress }: BenchContext): Promise<Row[]> {
  const server = await startTruthServer();
  const exporter = await startExporter();
  const errors: { tls: number; processing: number }[] = [];
  try {
    for (let at = 0; at < runs * comparisonsPerRun; at += 1) {
      if (at % comparisonsPerRun === 0) progress(`${name}: comparison ${at + 1} of ${runs * comparisonsPerRun}`);
      errors.push(await compare(server, exporter, 5 + ((at * 13) % 36)));
    }
  } finally {
    await exporter.stop();
    await server.stop();
  }
  const row = (phase: 'tls' | 'processing', figure: string): Row =>
    rowOf(
      { subject: name, figure, unit: 'ms', note: 'idle; GET /v2/ over TLS' },
      errors.map((one) => one[phase]),
    );
  return [row('tls', 'error of tls'), row('processing', 'error of processing (our auth)')];
}

async function compare(
  server: TruthServer,
  exporter: Exporter,
  delayMs: number,
): Promise<{ tls: number; processing: number }> {
  await server.inject({ ...noDelays, tlsMs: delayMs, authMs: 45 - delayMs });
  const metrics = await exporter.probe(`https://127.0.0.1:${server.ports.secured}/v2/`);
  const truth = await server.tell();
  const phase = (wanted: string): number =>
    (valueOf(metrics.replaceAll(`{phase="${wanted}"}`, '_wanted'), 'probe_http_duration_seconds_wanted') ??
      Number.NaN) * 1000;
  return {
    tls: Math.abs(phase('tls') - (truth.tlsMs ?? Number.NaN)),
    processing: Math.abs(phase('processing') - (truth.requests[0]?.totalMs ?? Number.NaN)),
  };
}

interface Exporter {
  readonly pid: number;
  /** Throws when the probe failed. */
  readonly probe: (target: string) => Promise<string>;
  readonly stop: () => Promise<unknown>;
}

async function startExporter(): Promise<Exporter> {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const file = join(directory, 'blackbox.yml');
  const http = { preferred_ip_protocol: 'ip4', enable_http2: false, tls_config: { insecure_skip_verify: true } };
  writeFileSync(file, JSON.stringify({ modules: { http_2xx: { prober: 'http', timeout: '10s', http } } }));
  const address = `127.0.0.1:${await freePort()}`;
  const child = await startProcess(program, [`--config.file=${file}`, `--web.listen-address=${address}`]);
  const ask = async (path: string): Promise<string> => (await fetch(`http://${address}${path}`)).text();
  while (
    !(await ask('/-/healthy').then(
      () => true,
      () => false,
    ))
  )
    await sleep(10);
  return {
    pid: child.pid,
    async probe(target) {
      const metrics = await ask(`/probe?module=http_2xx&target=${encodeURIComponent(target)}`);
      if (valueOf(metrics, 'probe_success') !== 1) throw new Error(`the probe of ${name} failed: ${metrics}`);
      return metrics;
    },
    async stop() {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Cost {
  readonly firstCpuMs: number;
  readonly warmCpuMs: number;
  readonly residentMiB: number;
}

/** Many probes one after the other; their processor time is that of the whole process, /probe and its answer included. */
async function costRows(context: BenchContext): Promise<Row[]> {
  const [own, other] = ['blobprobe, push of 1 KiB', `${name}, GET /v2/`];
  const measured = await interleave<Cost>(context, [
    { name: own, measure: measureOwn },
    { name: other, measure: measureExporter },
  ]);
  const note: Readonly<Record<string, string>> = {
    [own]: 'seven requests, the deletion and the look after it among them',
    [other]: 'one request',
  };
  return [...measured].flatMap(([subject, costs]) => [
    rowOf(
      {
        subject,
        figure: `processor time of a probe, the first ${probesPerRun}`,
        unit: 'ms',
        note: note[subject] ?? '',
      },
      costs.map((one) => one.firstCpuMs),
    ),
    rowOf(
      { subject, figure: `processor time of a probe, after ${warmAfter.toLocaleString('en')}`, unit: 'ms' },
      costs.map((one) => one.warmCpuMs),
      subject === own ? { goal: { of: 'median', atMost: 5 } } : {},
    ),
    rowOf(
      { subject, figure: 'peak resident memory', unit: 'MiB' },
      costs.map((one) => one.residentMiB),
    ),
  ]);
}

async function measureOwn(): Promise<Cost> {
  const sink = await startSink();
  const daemon = await startDaemon(oneCheck(sink.origin, 'docker', '1KiB'));
  try {
    await daemon.untilRuns(1);
    const probe = { registry: 'sink', path: 'direct', client: 'docker', workload: 'blob' };
    return await costOf(daemon.pid, () => daemon.probe(probe));
  } finally {
    await daemon.stop();
    await sink.stop();
  }
}

async function measureExporter(): Promise<Cost | undefined> {
  if (findComponent('prometheus-blackbox-exporter') === undefined) return undefined;
  const sink = await startSink();
  const exporter = await startExporter();
  try {
    return await costOf(exporter.pid, () => exporter.probe(`${sink.origin}/v2/`));
  } finally {
    await exporter.stop();
    await sink.stop();
  }
}

async function costOf(pid: number, probe: () => Promise<unknown>): Promise<Cost> {
  const cpuMsOfEach = async (): Promise<number> => {
    const before = cpuSeconds(pid);
    for (let at = 0; at < probesPerRun; at += 1) await probe();
    return ((cpuSeconds(pid) - before) / probesPerRun) * 1000;
  };
  const firstCpuMs = await cpuMsOfEach();
  for (let at = probesPerRun; at < warmAfter; at += 1) await probe();
  return { firstCpuMs, warmCpuMs: await cpuMsOfEach(), residentMiB: peakResidentBytes(pid) / MiB };
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Daemon, startDaemon } from '../daemon.ts';
import { startSink, stop } from '../programs.ts';
import { type HeldListener, startHeldListener } from './late-connection.ts';
import { type PacketWatch, watchPackets } from './packets.ts';
import type { Injected, ServerPorts, Truth, TruthOrder } from './protocol.ts';
import { untilTrue } from './until-true.ts';
import { seenOnTheWire } from './wire-times.ts';

export const securedKiB = 64;
export const plainMiB = 24;
const defaultSaturatingMiB = 1024;

/** A daemon and the server that it is compared with. */
export interface TruthLab {
  readonly daemon: Daemon;
  readonly server: TruthServer;
  readonly held: HeldListener;
  /** What passed on the wire; undefined where tcpdump cannot be had. Then the times are the server's own. */
  readonly watch: PacketWatch | undefined;
  /** Pushes as fast as it can, over and over, in the same daemon until the returned function is called. */
  readonly saturate: () => () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface TruthServer {
  readonly ports: ServerPorts;
  readonly inject: (injected: Injected) => Promise<void>;
  /** What has happened since. */
  readonly tell: () => Promise<Truth>;
  readonly stop: () => Promise<void>;
}

export async function startTruthServer(): Promise<TruthServer> {
  const child = fork(fileURLToPath(new URL('server.js', import.meta.url)), { stdio: 'inherit' });
  favour(child);
  const [ports] = (await once(child, 'message')) as [ServerPorts];
  return {
    ports,
    inject: async (injected) => void (await ask(child, { kind: 'inject', injected })),
    tell: async () => (await ask(child, { kind: 'tell' })) as Truth,
    stop: () => stop(child),
  };
}

/** The observer should not be the one who is late: it goes first where we may say so. */
function favour(child: ChildProcess): void {
  try {
    setPriority(child.pid ?? 0, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Not root: then it waits its turn.
  }
}

async function ask(child: ChildProcess, order: TruthOrder): Promise<unknown> {
  const answer = once(child, 'message');
  child.send(order);
  return ((await answer) as [unknown])[0];
}

/** Starts both, and a sink to saturate the daemon with; the first runs, which prepare the payload of the saturating push, are over when it resolves. */
export async function startTruthLab(saturatingMiB = defaultSaturatingMiB): Promise<TruthLab> {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const started: { stop: () => Promise<void> }[] = [];
  const stopAll = async (): Promise<void> => {
    for (const one of started.toReversed()) await one.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const keep = <S extends { stop: () => Promise<void> }>(one: S): S => {
    started.push(one);
    return one;
  };
  try {
    const server = keep(await startTruthServer());
    const held = keep(await startHeldListener());
    const { dns, proxy, plain } = server.ports;
    const watch = await watchPackets([dns, proxy, plain, held.port]);
    if (watch !== undefined) keep(watch);
    const sink = keep(await startSink());
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, server.ports.caCertificate);
    const urls = { sink: sink.origin, held: `http://127.0.0.1:${held.port}` };
    const daemon = keep(await startDaemon(configuration(server.ports, urls, caFile, saturatingMiB)));
    await daemon.untilRuns(4);
    const seen = watch === undefined ? server : observed(server, watch);
    return { daemon, server: seen, held, watch, saturate: () => saturate(daemon), stop: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Pushes over and over until the returned function is called. */
function saturate(daemon: Daemon): () => Promise<void> {
  const end = new AbortController();
  const pushes = (async () => {
    while (!end.signal.aborted)
      await daemon.probe({ registry: 'bench', path: 'sink', client: 'docker', workload: 'large' });
  })();
  return async () => {
    end.abort();
    await pushes;
  };
}

/** The same server, whose word on when things happened is replaced by that of the packets. */
function observed(server: TruthServer, watch: PacketWatch): TruthServer {
  return {
    ...server,
    async inject(injected) {
      await server.inject(injected);
      watch.forget();
    },
    async tell() {
      const truth = await server.tell();
      // The packets of what the server knows of have passed; tcpdump may still have to hand them over.
      let seen: Truth | undefined;
      await untilTrue(() => (seen = seenOnTheWire(watch.packets, server.ports, truth)) !== undefined);
      // Without its packets a run is not compared, and made again.
      return seen ?? { requests: [] };
    },
  };
}

/** One check over all paths, which also makes them known; what is compared is asked for. */
function configuration(
  { dns, proxy, tunnelled, plain }: ServerPorts,
  others: Readonly<Record<string, string>>,
  caFile: string,
  saturatingMiB: number,
): object {
  const secured = {
    url: `https://registry.bench.test:${tunnelled}`,
    dns: [`127.0.0.1:${dns}`],
    family: 'ipv4',
    proxy: { url: `http://proxy.bench.test:${proxy}` },
    tls: { caFile },
  };
  const urls = Object.fromEntries(Object.entries(others).map(([name, url]) => [name, { url }]));
  const paths = { secured, plain: { url: `http://127.0.0.1:${plain}` }, ...urls };
  const large = { size: `${saturatingMiB}MiB`, every: '24h', clients: ['docker'] };
  return {
    registries: { bench: { repository: 'bench/blob', paths } },
    checks: { large: { ...large, retries: 'none' } },
    budget: { transfers: 2 },
  };
}

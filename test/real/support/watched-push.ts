import type { Run } from '../../../src/probe/outcome.ts';
import { pushByProgram, type Question } from './diagnosing.ts';
import type { PrivateNetwork } from './place.ts';
import { waitFor } from './process.ts';

/** A push as the program tells of it, and what tcpdump saw of its connections to a port. */
export interface WatchedPush {
  readonly run: Run;
  /** All that the program wrote. */
  readonly text: string;
  readonly wire: WireTruth;
}

/** Of the connection that carried most. */
export interface WireTruth {
  /** Of the request that carries the body; over HTTP/2, where answers come in between, of the longest stretch without one. */
  readonly requestBytes: number;
  /** Since the handshake of TCP. */
  readonly ackedBytes: number;
  readonly repeatedBytes: number;
  readonly shortestAckMs: number;
  /** Part of the time with something under way in which no full segment fitted into the window. */
  readonly shutShare: number;
}

/** `push --json` while tcpdump listens on the port. */
export async function watchedPush(network: PrivateNetwork, port: number, question: Question): Promise<WatchedPush> {
  const how = '-i lo -n -S -tt -l --immediate-mode -s 96 -B 8192 tcp port';
  const dump = await network.start('tcpdump', [...how.split(' '), String(port)]);
  const until = (what: string, text: RegExp): Promise<unknown> =>
    waitFor(what, () => text.test(dump.output()), { timeoutMs: 30_000, details: dump.output });
  await until('tcpdump', /listening on/);
  const { text } = await pushByProgram({ ...question, flags: ['--json'] }, network);
  // Lines come one by one (`-l`), so the last one is there when the connection has ended.
  await until('the end of a connection', /Flags \[[FR]/);
  await dump.stop('SIGINT');
  const json = /^\{\n[\s\S]*^\}$/m.exec(text)?.[0];
  if (json === undefined) throw new Error(`no run in what push wrote:\n${text}`);
  return { run: JSON.parse(json) as Run, text, wire: wireTruth(segmentsOf(dump.output(), port)) };
}

interface Segment {
  readonly atMs: number;
  readonly fromClient: boolean;
  readonly client: number;
  /** First and next sequence number; equal: no payload. */
  readonly from: number;
  readonly to: number;
  readonly ack: number;
  readonly window: number;
  /** Only in a SYN. */
  readonly scale: number | undefined;
}

function segmentsOf(text: string, port: number): Segment[] {
  const line =
    /^(\d+\.\d+) IP 127\.0\.0\.1\.(\d+) > 127\.0\.0\.1\.(\d+): Flags \[[^\]]+\](?:, seq (\d+)(?::(\d+))?)?(?:, ack (\d+))?, win (\d+)(?:.*?wscale (\d+))?/gm;
  return [...text.matchAll(line)].map(
    ([, at, source, target, from = '0', to = from, ack = '0', window, scale]): Segment => ({
      atMs: Number(at) * 1_000,
      fromClient: Number(target) === port,
      client: Number(Number(target) === port ? source : target),
      from: Number(from),
      to: Number(to),
      ack: Number(ack),
      window: Number(window),
      scale: scale === undefined ? undefined : Number(scale),
    }),
  );
}

function wireTruth(packets: readonly Segment[]): WireTruth {
  const clients = [...new Set(packets.map(({ client }) => client))];
  const weight = (client: number): number => packets.filter((one) => one.fromClient && one.client === client).length;
  const [busiest] = clients.toSorted((a, b) => weight(b) - weight(a));
  // Each processor hands on packets of its own: the order is that of their times.
  const own = packets.filter(({ client }) => client === busiest).toSorted((a, b) => a.atMs - b.atMs);
  const sent = own.filter(({ fromClient, from, to }) => fromClient && to > from);
  // Each answer acknowledges all of its request: the body's is the one with the most bytes.
  const acked = own.filter(({ fromClient, from, to }) => !fromClient && to > from).map(({ ack }) => ack);
  // Signed: of two answers at the same time the later one may stand first. Numbers begin anew after 4 GiB.
  const answered = acked.map((ack) => (ack - acked[0]!) | 0).toSorted((a, b) => a - b);
  const sizes = answered.slice(1).map((ack, index) => ack - answered[index]!);
  // Each byte was sent: what goes beyond them is repeated.
  const first = Math.min(...sent.map(({ from }) => from));
  const highest = Math.max(...sent.map(({ to }) => to));
  const bytes = sent.reduce((sum, { from, to }) => sum + to - from, 0);
  const firstAt = new Map<number, number>();
  for (const { to, atMs } of sent) if (!firstAt.has(to)) firstAt.set(to, atMs);
  const acks = own.filter(({ fromClient, ack }) => !fromClient && ack > 0);
  const delays = acks.flatMap(({ ack, atMs }) => (firstAt.has(ack) ? [atMs - firstAt.get(ack)!] : []));
  return {
    requestBytes: Math.max(...sizes),
    ackedBytes: Math.max(...acks.map(({ ack }) => ack)) - first,
    repeatedBytes: bytes - (highest - first),
    shortestAckMs: Math.min(...delays),
    shutShare: shutShare(own),
  };
}

const fullSegmentBytes = 1_448;

/** From segment to segment: what the peer has room for beyond what is under way. */
function shutShare(own: readonly Segment[]): number {
  const scale = own.find((one) => !one.fromClient && one.scale !== undefined)?.scale ?? 0;
  let [next, acked, edge, lastMs] = [0, 0, 0, own[0]?.atMs ?? 0];
  let [busyMs, shutMs] = [0, 0];
  for (const segment of own) {
    const tookMs = segment.atMs - lastMs;
    lastMs = segment.atMs;
    if (next > acked) busyMs += tookMs;
    if (edge > 0 && edge - next < fullSegmentBytes) {
      shutMs += tookMs;
      if (next <= acked) busyMs += tookMs;
    }
    if (segment.fromClient) {
      next = Math.max(next, segment.to);
    } else if (segment.scale === undefined) {
      acked = Math.max(acked, segment.ack);
      edge = Math.max(edge, segment.ack + segment.window * 2 ** scale);
    }
  }
  return busyMs === 0 ? 0 : shutMs / busyMs;
}
